//! The files of a chain around a container and a definition that a repository has.
//!
//! They are those of a new repository, without what is about models and their service.

use super::cut;
use super::own::{Definition, Needs};
use super::yaml;
use crate::new;
use regex_lite::Regex;
use serde_json::{Value, json};
use std::path::Path;

/// What a chain is to be.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Around {
    pub(super) region: String,
    pub(super) repository: String,
    pub(super) connection: Option<String>,
    pub(super) environments: Environments,
    pub(super) container: Container,
    /// The repository's own definition; none for one that runs the container.
    pub(super) machine: Option<(Definition, Needs)>,
}

/// The environment that changes come to first, and the one in production.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Environments {
    pub(super) first: Environment,
    pub(super) production: Environment,
}

/// An environment, and the branch whose merges it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Environment {
    pub(super) name: String,
    pub(super) branch: String,
}

/// Where the container is, from the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Container {
    /// The folder that its build may copy from.
    pub(super) folder: String,
    /// Its Dockerfile, where that is not in this folder.
    pub(super) dockerfile: Option<String>,
    /// Whether it has to be written.
    pub(super) is_new: bool,
}

/// A file to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    /// Where, from the root.
    pub(super) path: String,
    /// What it is for.
    pub(super) what: &'static str,
    pub(super) text: String,
    pub(super) is_executable: bool,
}

/// The files of every chain, and what they are for.
const FILES: &[(&str, &str)] = &[
    (TEMPLATE, "the state machine, the functions, their roles"),
    (PIPELINE, "the pipeline: build, execute"),
    (CONFIGURATION, "what differs between the environments"),
    ("sam/deploy", "deploys an environment"),
    ("sam/region", "says the region"),
    (BUILDSPEC, "builds the container and pushes it"),
    (DEPLOY, "deploys what a pull request changes"),
    (VALIDATE, "checks what a pull request changes"),
    (".gitignore", "what git passes over"),
];
const TEMPLATE: &str = "sam/template.yaml";
const PIPELINE: &str = "sam/pipeline.yaml";
const CONFIGURATION: &str = "sam/samconfig.toml";
const BUILDSPEC: &str = "config/buildspec.yml";
const DEPLOY: &str = ".github/workflows/deploy.yml";
const VALIDATE: &str = ".github/workflows/validate.yml";
const DEFINITION: &str = "statemachine/ml-pipeline.asl.json";

/// What the pipeline shows of our definition's output.
const OUTPUT: &str = r#"'"JobName":"$.job.name","JobArn":"$.job.arn","Summary":"$.job.summary"'"#;

/// What of the template is about models alone.
const OF_MODELS: &[&str] = &[
    "Machine",
    "Data",
    "Training",
    "Hyperparameters",
    "Gate",
    "Prices",
    "MakeData",
    "StartsTraining",
    "MakesData",
    "TrainingPipelineStateMachine",
    "TrainingPipelineLogGroup",
    "DataBucket",
    "DataBucketPolicy",
    "ModelPackageGroup",
    "TrainingPipelineRole",
    "TrainingJobRole",
    "RecordApprovalStateMachine",
    "RecordApprovalLogGroup",
    "ApprovalDecidedRule",
    "ApprovalDecidedRole",
    "RecordApprovalRole",
    "DataParameter",
    "TrainingParameter",
    "HyperparametersParameter",
    "GateParameter",
    "PricesParameter",
    "TrainingExecutionsFailedAlarm",
    "TrainingExecutionsTimedOutAlarm",
    "RecordApprovalFailedAlarm",
    "RecordApprovalTimedOutAlarm",
    "DataBucketName",
];

/// What lines of the rest are about models alone: resources in statements.
const LINES_OF_MODELS: &[&str] = &[
    "ml-pipeline-approval-decided-",
    "deploy-service-",
    "What serving.yaml makes",
];

/// What of it only the definition that we write reads.
const OF_OUR_DEFINITION: &[&str] = &[
    "InstanceType",
    "VolumeSize",
    "ScanLevel",
    "EnhancedScanning",
    "ScansEnhanced",
    "InstanceTypeParameter",
    "VolumeSizeParameter",
    "ScanLevelParameter",
    "ScanAllowedParameter",
];

/// The role of jobs.
const JOB_ROLE: &str = "ProcessingJobRole";

/// The files of a chain.
pub(super) fn files(chain: &Around) -> Vec<File> {
    let asked = new::Asked {
        region: Some(chain.region.clone()),
        repository: Some(chain.repository.clone()),
    };
    let definition = match chain.machine {
        Some(_) => None,
        None => Some((DEFINITION, "the state machine's definition: runs the container")),
    };
    let shared = FILES.iter().copied().chain(definition);
    let shared = shared.filter_map(|(path, what)| {
        let (text, is_executable) = new::file(path, &asked)?;
        Some(File {
            path: path.to_owned(),
            what,
            text: chain.environments.named(&chain.text(path, text)),
            is_executable,
        })
    });
    shared.chain(chain.new_container(&asked)).collect()
}

impl Around {
    /// A file's text as this chain has it.
    fn text(&self, path: &str, text: String) -> String {
        match path {
            TEMPLATE => self.template(&text),
            PIPELINE => self.pipeline(&text),
            CONFIGURATION => self.configuration(&text),
            BUILDSPEC => text.replace(
                "push=true container\n",
                &format!("push=true {}\n", self.container.build()),
            ),
            DEFINITION => runs_container(&text),
            DEPLOY => self.deploys(&text),
            VALIDATE => validates(&text),
            _ => text,
        }
    }

    fn template(&self, text: &str) -> String {
        let text = cut::never(&cut::without(text, OF_MODELS), "StartsTraining");
        let text = text.replace(
            "[!Ref MlPipelineStateMachine, !Ref TrainingPipelineStateMachine]",
            "[!Ref MlPipelineStateMachine]",
        );
        let is_of_models = |line: &&str| LINES_OF_MODELS.iter().any(|part| line.contains(part));
        let lines = text.lines().filter(|line| !is_of_models(line));
        let text = lines.map(|line| format!("{line}\n")).collect::<String>();
        match &self.machine {
            Some((definition, needs)) => with_machine(&text, definition, needs),
            None => text,
        }
    }

    /// The pipeline, which may start any definition.
    fn pipeline(&self, text: &str) -> String {
        let text = text
            .replace("AllowedValues: [hello, training]", "AllowedValues: [own, training]")
            .replace("or the sample that says hello", "or any other (own)");
        match &self.machine {
            Some(_) => text.replace(OUTPUT, "''"),
            None => text,
        }
    }

    /// `samconfig.toml` without the sections of what is not here, and with the values that say so.
    fn configuration(&self, text: &str) -> String {
        let is_elsewhere = |line: &str| line.starts_with("[serving-") || line.starts_with("[deployer.");
        let (mut kept, mut comments, mut is_dropped): (Vec<String>, Vec<&str>, bool) = (Vec::new(), Vec::new(), false);
        for line in text.lines() {
            if line.starts_with('#') {
                comments.push(line);
                continue;
            }
            if line.starts_with('[') {
                is_dropped = is_elsewhere(line);
            }
            let above = std::mem::take(&mut comments);
            if is_dropped {
                continue;
            }
            kept.extend(above.into_iter().map(str::to_owned));
            kept.push(match line.trim_start().starts_with("parameter_overrides = [\"") {
                true => line.replace(']', ", \"PermissionsBoundary=none\"]"),
                false => line.to_owned(),
            });
            if line.starts_with("    \"Environment=") {
                let own = ["Machine=own", "Test=off", "PermissionsBoundary=none"];
                kept.extend(own.map(|value| format!("    \"{value}\",")));
            }
        }
        let text = kept.join("\n").trim_end().to_owned() + "\n";
        match (&self.connection, Regex::new(r#"arn:[a-z-]+:codeconnections:[^"]*"#)) {
            (Some(connection), Ok(pattern)) => pattern.replace_all(&text, connection.as_str()).into_owned(),
            _ => text,
        }
    }

    fn deploys(&self, text: &str) -> String {
        let text = text.replace(
            concat!(
                "# Each of the environments `dev` and `prod` has the name of its role as the secret AWS_DEPLOY_ROLE_ARN: ",
                "`sam/deploy deployer`\n# makes both and prints them. It is no key: GitHub's own token is exchanged for the role.\n",
            ),
            concat!(
                "# Each of the environments `dev` and `prod` on GitHub has the ARN of a role of your account as the secret\n",
                "# AWS_DEPLOY_ROLE_ARN: one that may deploy, and trusts GitHub's tokens. It is no key: GitHub's own token is\n",
                "# exchanged for the role.\n",
            ),
        );
        let text = match self.container.folder.as_str() {
            "." => text.replace(
                "under container/ and config/ alone",
                "in the container and config/ alone",
            ),
            folder => text.replace("under container/ and", &format!("under {folder}/ and")),
        };
        match &self.machine {
            Some((definition, _)) => text.replace("statemachine/**", &definition.file),
            None => text,
        }
    }

    /// A container that says hello, where there is none.
    fn new_container(&self, asked: &new::Asked) -> Vec<File> {
        if !self.container.is_new {
            return Vec::new();
        }
        let ours = new::file("container/Dockerfile", asked).map(|(text, _)| text);
        let ours = ours.unwrap_or_default();
        let base = ours.lines().find(|line| line.starts_with("FROM ")).unwrap_or_default();
        let dockerfile = format!(
            "# The image of the jobs.\n{base}\n\nCOPY hello.py /opt/program/hello.py\n\nENTRYPOINT [\"python3\", \"/opt/program/hello.py\"]\n"
        );
        let file = |name: &str, what, text: String| File {
            path: format!("{}/{name}", self.container.folder),
            what,
            text,
            is_executable: false,
        };
        let hello = include_str!("assets/hello.py").to_owned();
        vec![
            file("Dockerfile", "the container", dockerfile),
            file("hello.py", "its program: put yours here", hello),
        ]
    }
}

impl Container {
    /// What `docker buildx build` is told.
    fn build(&self) -> String {
        match &self.dockerfile {
            Some(dockerfile) => format!("--file {dockerfile} {}", self.folder),
            None => self.folder.clone(),
        }
    }
}

impl Environments {
    /// A text of ours in which `dev` and `prod` and their branches have these names.
    fn named(&self, text: &str) -> String {
        let (first, production) = (&self.first, &self.production);
        // Branches first, as marks that are no words: `dev` is both.
        let marked = text
            .replace("[dev, main]", "[\u{1}, \u{2}]")
            .replace(r#"["dev", "main"]"#, "[\"\u{1}\", \"\u{2}\"]")
            .replace("'main'", "'\u{2}'")
            .replace("\"Branch=dev\"", "\"Branch=\u{1}\"")
            .replace("\"Branch=main\"", "\"Branch=\u{2}\"")
            .replace("into dev deploys", "into \u{1} deploys")
            .replace("one into main to", "one into \u{2} to");
        let mut named = marked;
        for (word, name) in [("dev", &first.name), ("prod", &production.name)] {
            if let Ok(pattern) = Regex::new(&format!(r"\b{word}\b")) {
                named = pattern.replace_all(&named, name.as_str()).into_owned();
            }
        }
        named
            .replace('\u{1}', &first.branch)
            .replace('\u{2}', &production.branch)
    }
}

/// The template with the repository's own definition in its state machine, and a role that may do what that calls.
fn with_machine(text: &str, definition: &Definition, needs: &Needs) -> String {
    let mut text = cut::without(text, OF_OUR_DEFINITION);
    if !needs.has_jobs {
        text = cut::without(&text, &[JOB_ROLE]);
    }
    let machine = cut::resource(&text, "MlPipelineStateMachine");
    let mut ours = String::new();
    let mut is_substitution = false;
    for line in machine.lines() {
        is_substitution &= line.starts_with("        ");
        if line.trim_start().starts_with("DefinitionUri:") {
            ours.push_str(&format!("      DefinitionUri: ../{}\n", definition.file));
        } else if line.trim_start() == "DefinitionSubstitutions:" {
            is_substitution = true;
            if !needs.substitutions.is_empty() {
                ours.push_str(&format!("{line}\n"));
                ours.push_str(&yaml::block(&Value::Object(needs.substitutions.clone()), 4));
            }
        } else if !is_substitution {
            ours.push_str(&format!("{line}\n"));
        }
    }
    let text = text.replacen(machine, &ours, 1);
    let role = cut::resource(&text, "MlPipelineRole");
    let calls = yaml::list(&needs.statements, 7);
    let ours = between(
        role,
        "              - Sid: ResolveParameters\n",
        "              - Sid: DeliverLogs\n",
        &calls,
    );
    let text = text.replacen(role, &ours, 1);
    with_jobs(&text, needs)
}

/// The role of jobs as any kind of job needs it, with the buckets that the definition names.
fn with_jobs(text: &str, needs: &Needs) -> String {
    let role = cut::resource(text, JOB_ROLE);
    if role.is_empty() {
        return text.to_owned();
    }
    let mut ours = role
        .replace("/aws/sagemaker/ProcessingJobs:*", "/aws/sagemaker/*:*")
        .replace(
            "cloudwatch:namespace: /aws/sagemaker/ProcessingJobs",
            "cloudwatch:namespace: [/aws/sagemaker/ProcessingJobs, /aws/sagemaker/TrainingJobs, /aws/sagemaker/TransformJobs]",
        );
    if !needs.buckets.is_empty() {
        let arns = |end: &str| -> Vec<Value> {
            let arn = |bucket: &String| json!({"Fn::Sub": format!("arn:${{AWS::Partition}}:s3:::{bucket}{end}")});
            needs.buckets.iter().map(arn).collect()
        };
        let statements = [
            json!({"Sid": "FindData", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": arns("")}),
            json!({
                "Sid": "ReadAndWriteData", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": arns("/*"),
            }),
        ];
        let before = "              - Sid: SendJobMetrics\n";
        ours = ours.replacen(before, &format!("{}{before}", yaml::list(&statements, 7)), 1);
    }
    text.replacen(role, &ours, 1)
}

/// A text with another one in the place of what begins with `from` and ends before `to`.
fn between(text: &str, from: &str, to: &str, with: &str) -> String {
    match (text.find(from), text.find(to)) {
        (Some(begin), Some(end)) if begin < end => format!("{}{with}{}", &text[..begin], &text[end..]),
        _ => text.to_owned(),
    }
}

/// Our definition, with the image's own program.
fn runs_container(text: &str) -> String {
    let lines = text.lines().filter(|line| {
        let field = line.trim_start();
        !field.starts_with("\"ContainerEntrypoint\"") && !field.starts_with("\"ContainerArguments\"")
    });
    let text: String = lines.map(|line| format!("{line}\n")).collect();
    text.replace(
        "\"ImageUri.$\": \"$.image.uri\",\n",
        "\"ImageUri.$\": \"$.image.uri\"\n",
    )
    .replace("SageMaker-Hello-World", "RunContainer")
}

/// The workflow that checks, without what is not here.
fn validates(text: &str) -> String {
    let text = text.replace("template pipeline serving deployer", "template pipeline");
    let end = text
        .find("      - name: Test the container's programs")
        .unwrap_or(text.len());
    text[..end].to_owned()
}

/// Whether a path can stand in a command, a template and a workflow as it is.
pub(super) fn is_plain(path: &Path) -> bool {
    let text = path.to_string_lossy();
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "._-/".contains(character);
    !text.starts_with('-') && text.chars().all(is_plain)
}
