//! What a pipeline and its builds use.

use super::used::{Build, Role, Used};
use crate::project;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What the pipeline's role needs for an action of a provider.
///
/// See <https://docs.aws.amazon.com/codepipeline/latest/userguide/security-iam.html>.
const OF_PROVIDER: &[(&str, &[&str])] = &[
    (
        "CodeStarSourceConnection",
        &["codestar-connections:UseConnection", "codeconnections:UseConnection"],
    ),
    ("CodeBuild", &["codebuild:BatchGetBuilds", "codebuild:StartBuild"]),
    ("Lambda", &["lambda:InvokeFunction"]),
    (
        "StepFunctions",
        &[
            "states:DescribeExecution",
            "states:DescribeStateMachine",
            "states:StartExecution",
        ],
    ),
    (
        "ECS",
        &[
            "ecs:DescribeServices",
            "ecs:DescribeTaskDefinition",
            "ecs:DescribeTasks",
            "ecs:ListTasks",
            "ecs:RegisterTaskDefinition",
            "ecs:TagResource",
            "ecs:UpdateService",
            "iam:PassRole",
        ],
    ),
    ("Manual", &["sns:Publish"]),
];

/// The role of build projects that nobody describes.
pub(super) const BUILD_ROLE: &str = "codebuild-service-role";

/// Notes what a pipeline uses.
pub(super) fn of_pipeline(root: &Path, pipeline: &Value, used: &mut Used) {
    let stores = pipeline["artifactStores"]
        .as_object()
        .into_iter()
        .flat_map(|stores| stores.values());
    let stores = stores.chain([&pipeline["artifactStore"]]);
    let buckets: Vec<String> = stores
        .filter_map(|store| Some(store["location"].as_str()?.to_owned()))
        .collect();
    let mut needs = Role::default();
    for bucket in &buckets {
        objects(&mut needs, bucket);
    }
    used.buckets.extend(buckets.clone());
    let stages = pipeline["stages"].as_array().into_iter().flatten();
    for action in stages.flat_map(|stage| stage["actions"].as_array().into_iter().flatten()) {
        let provider = action["actionTypeId"]["provider"].as_str().unwrap_or_default();
        if let Some((_, actions)) = OF_PROVIDER.iter().find(|(of, _)| *of == provider) {
            needs.need(actions, "*");
        }
        if let ("CodeBuild", Some(name)) = (provider, action["configuration"]["ProjectName"].as_str()) {
            let build = of_build(root, name, &buckets, used);
            used.projects.insert(name.to_owned(), build);
        }
    }
    let arn = pipeline["roleArn"].as_str().unwrap_or_default();
    if let Some(role) = used.roles.get_mut(arn.rsplit('/').next().unwrap_or_default()) {
        role.trusts.insert("codepipeline.amazonaws.com".to_owned());
        for (resource, actions) in needs.needs {
            role.needs.entry(resource).or_default().extend(actions);
        }
    }
}

fn objects(role: &mut Role, bucket: &str) {
    role.need(
        &["s3:GetBucketVersioning", "s3:GetBucketAcl", "s3:GetBucketLocation"],
        &format!("arn:aws:s3:::{bucket}"),
    );
    role.need(
        &["s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:PutObjectAcl"],
        &format!("arn:aws:s3:::{bucket}/*"),
    );
}

/// Notes what a build uses, by the buildspec that fits its project's name best.
fn of_build(root: &Path, name: &str, buckets: &[String], used: &mut Used) -> Build {
    let Some(file) = buildspec(root, name) else {
        return Build::default();
    };
    let read = crate::template::read(&file).unwrap_or_default();
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    let env = &read["env"];
    let parameters = env["parameter-store"].as_object().into_iter().flatten();
    for (variable, parameter) in parameters {
        if let Some(parameter) = parameter.as_str() {
            used.parameters.insert(parameter.to_owned(), variable.clone());
            used.uses_keys |= variable == "AWS_SECRET_ACCESS_KEY";
        }
    }
    let variables = env["variables"].as_object().into_iter().flatten();
    let repositories = variables
        .filter(|(name, _)| name.contains("REPO"))
        .filter_map(|(_, value)| value.as_str());
    let plain = repositories.filter(|value| !value.is_empty() && value.bytes().all(is_of_name));
    used.repositories.extend(plain.map(str::to_owned));
    let pushes = text.contains("docker push") || text.contains("--push") || text.contains("push=true");
    let mut needs = Role::default();
    needs.need(
        &["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
        "*",
    );
    for bucket in buckets {
        objects(&mut needs, bucket);
    }
    for parameter in used.parameters.keys() {
        let name = parameter.trim_start_matches('/');
        needs.need(
            &["ssm:GetParameters"],
            &used.account.arn("ssm", format_args!("parameter/{name}")),
        );
    }
    let pushes = pushes && !used.uses_keys;
    if pushes {
        push(&mut needs, used);
    }
    let role = used.roles.entry(BUILD_ROLE.to_owned()).or_insert_with(|| Role {
        path: "/".to_owned(),
        ..Role::default()
    });
    role.trusts.insert("codebuild.amazonaws.com".to_owned());
    for (resource, actions) in needs.needs {
        role.needs.entry(resource).or_default().extend(actions);
    }
    Build {
        buildspec: Some(file.strip_prefix(root).unwrap_or(&file).display().to_string()),
        pushes,
    }
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-/".contains(&byte)
}

/// What pushing images takes.
///
/// See <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html>.
pub(super) fn push(role: &mut Role, used: &Used) {
    role.need(&["ecr:GetAuthorizationToken"], "*");
    for repository in &used.repositories {
        role.need(
            &[
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:CompleteLayerUpload",
                "ecr:DescribeImages",
                "ecr:GetDownloadUrlForLayer",
                "ecr:InitiateLayerUpload",
                "ecr:PutImage",
                "ecr:UploadLayerPart",
            ],
            &used.account.arn("ecr", format_args!("repository/{repository}")),
        );
    }
}

/// The buildspec that a project most likely has: one whose name has a word of the project's, or the first.
fn buildspec(root: &Path, project: &str) -> Option<PathBuf> {
    let stem = |file: &PathBuf| {
        file.file_stem()
            .map(|stem| stem.to_string_lossy().to_lowercase())
            .unwrap_or_default()
    };
    let all: Vec<PathBuf> = project::files(root)
        .into_iter()
        .filter(|file| stem(file).contains("buildspec"))
        .collect();
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|character: char| !character.is_alphanumeric());
        words
            .map(str::to_lowercase)
            .filter(|word| word.len() > 2 && word != "buildspec")
            .collect()
    };
    let of_project = words(project);
    let fits = |file: &&PathBuf| words(&stem(file)).iter().any(|word| of_project.contains(word));
    all.iter().find(fits).or(all.first()).cloned()
}
