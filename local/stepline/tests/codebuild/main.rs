//! Builds, from StartBuild to their ends: the commands run in a shell, and `docker` and `aws` in them are the stand-ins
//! of the command that Cargo has built, over HTTP and signed with the build's credentials.

mod keys;
mod pipelines;
mod python;
mod reports;
mod world;

use bytes::Bytes;
use platform::journal::Happening;
use serde_json::{Value, json};
use std::io::Cursor;
use std::path::Path;
use world::{ADMIN, World, everything};

/// The phases that ended, and how.
fn phases(build: &Value) -> Vec<(String, String)> {
    let phases = build["phases"].as_array().unwrap().iter();
    let ended = phases.filter_map(|phase| {
        let text = |field: &str| phase[field].as_str().map(str::to_owned);
        Some((text("phaseType")?, text("phaseStatus")?))
    });
    let work = ended.filter(|(name, _)| ["INSTALL", "PRE_BUILD", "BUILD", "POST_BUILD"].contains(&name.as_str()));
    work.collect()
}

/// What the repository holds of what a build of the real buildspec needs.
fn repository() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let files = [
        ("config/buildspec.yml", "buildspec.yml"),
        ("container/Dockerfile", "container/Dockerfile"),
        ("container/.dockerignore", "container/.dockerignore"),
        ("container/app/src/hello.py", "container/app/src/hello.py"),
        ("container/app/src/logger.py", "container/app/src/logger.py"),
        ("container/app/src/run.py", "container/app/src/run.py"),
    ];
    let read = |(from, to): (&str, &str)| (to.to_owned(), std::fs::read_to_string(root.join(from)).unwrap());
    // No packages, and so no index to get them from.
    let requirements = ("container/app/requirements.txt".to_owned(), "# nothing\n".to_owned());
    files.into_iter().map(read).chain([requirements]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_repositorys_buildspec_pushes_an_image_and_hands_on_its_digest() {
    let world = World::new(&everything()).await;
    let files = repository();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, content)| (name.as_str(), content.as_str()))
        .collect();
    let build = world.build(&files, json!({})).await;
    assert_eq!(build["buildStatus"], "SUCCEEDED", "{:#?}", world.lines());
    let exported = |build: &Value| {
        let variables = build["exportedEnvironmentVariables"].as_array().unwrap().iter();
        let pairs = variables.map(|variable| (variable["name"].as_str().unwrap(), variable["value"].as_str().unwrap()));
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        pairs.collect::<std::collections::BTreeMap<_, _>>()
    };
    let first = exported(&build);
    assert_eq!(first["IMAGE_TAG"], "commit-0123456789ab");
    let digest = &first["IMAGE_DIGEST"];
    assert_eq!(
        first["IMAGE_URI"],
        format!("{}/ml-pipeline-dev@{digest}", world.cloud.account.registry())
    );
    let ids = json!({"repositoryName": "ml-pipeline-dev", "imageIds": [{"imageDigest": digest}]});
    let described = world.call("ecr", "DescribeImages", ids).await;
    let described = &described["imageDetails"][0];
    assert_eq!(described["imageTags"], json!(["commit-0123456789ab"]));
    assert_eq!(
        described["imageManifestMediaType"],
        "application/vnd.docker.distribution.manifest.v2+json"
    );

    // The tag is immutable: a second build of the same commit finds the image and pushes nothing.
    let again = world.build(&files, json!({})).await;
    assert_eq!(again["buildStatus"], "SUCCEEDED");
    assert_eq!(exported(&again), first);
    let pushes = world.cloud.journal.entries().into_iter();
    let pushes = pushes.filter(|entry| matches!(entry.happening, Happening::ImagePushed { .. }));
    assert_eq!(pushes.count(), 1);
}

/// As it was: Docker's image store writes what it likes, and nobody looks at it before SageMaker does.
#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_sagemaker_may_refuse_fails_the_build_and_every_later_one_of_its_commit() {
    const TYPES: &str = "oci-mediatypes=false,";
    const OPTION: &str = "--provenance=false ";
    const VARIABLE: &str = "BUILDX_NO_DEFAULT_ATTESTATIONS: \"1\"";
    for (untold, kind) in [
        (&[TYPES][..], "application/vnd.oci.image.manifest.v1+json"),
        (
            &[OPTION, VARIABLE],
            "application/vnd.docker.distribution.manifest.list.v2+json",
        ),
        (&[TYPES, OPTION, VARIABLE], "application/vnd.oci.image.index.v1+json"),
    ] {
        let world = World::new(&everything()).await;
        let files = repository();
        let mut as_it_was = files.clone();
        for part in untold {
            let buildspec = &mut as_it_was[0].1;
            assert!(buildspec.contains(part), "the buildspec says {part}");
            *buildspec = buildspec.replace(part, "");
        }
        for (files, how) in [(&as_it_was, "pushed"), (&files, "found")] {
            let files: Vec<(&str, &str)> = files
                .iter()
                .map(|(name, content)| (name.as_str(), content.as_str()))
                .collect();
            let build = world.build(&files, json!({})).await;
            assert_eq!(build["buildStatus"], "FAILED", "{kind} {how}");
            let lines = world.lines();
            let mut said = lines.iter().rev();
            let said = said.find(|line| line.starts_with("commit-0123456789ab, sha256:"));
            let said = said.unwrap_or_else(|| panic!("{how}: {lines:#?}"));
            for part in [
                &format!("is a {kind}, and SageMaker may refuse it"),
                "aws ecr batch-delete-image",
            ] {
                assert!(said.contains(part), "{how}: {said}");
            }
        }
    }
}

/// The images of CodeBuild keep what they build in Docker's own store.
#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_of_the_kind_that_the_builds_own_image_makes() {
    const BUILDSPEC: &str = concat!(
        "version: 0.2\nphases:\n  build:\n    commands:\n",
        "      - aws ecr get-login-password | docker login --username AWS --password-stdin ${REPOSITORY_URI%%/*}\n",
        "      - docker build -t $REPOSITORY_URI:plain .\n",
        "      - docker push $REPOSITORY_URI:plain\n",
        "      - docker build --provenance=true -t $REPOSITORY_URI:attested .\n",
    );
    for (image, kind, status) in [
        (
            "aws/codebuild/standard:7.0",
            "application/vnd.docker.distribution.manifest.v2+json",
            "FAILED",
        ),
        (
            "public.ecr.aws/team/builder:1",
            "application/vnd.oci.image.index.v1+json",
            "SUCCEEDED",
        ),
    ] {
        let world = World::new(&everything()).await;
        let environment = json!({
            "type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL", "image": image,
            "environmentVariables": [
                {"name": "REPOSITORY_URI", "value": format!("{}/ml-pipeline-dev", world.cloud.account.registry())},
            ],
        });
        let files = [
            ("buildspec.yml", BUILDSPEC),
            ("Dockerfile", "FROM scratch\nCMD [\"true\"]\n"),
        ];
        let build = world.build(&files, json!({"environment": environment})).await;
        assert_eq!(build["buildStatus"], status, "{image}: {:#?}", world.lines());
        let ids = json!({"repositoryName": "ml-pipeline-dev", "imageIds": [{"imageTag": "plain"}]});
        let described = world.call("ecr", "DescribeImages", ids).await;
        assert_eq!(described["imageDetails"][0]["imageManifestMediaType"], kind, "{image}");
        let refused = world
            .lines()
            .iter()
            .any(|line| line.contains("Attestation is not supported"));
        assert_eq!(refused, status == "FAILED", "{image}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_role_may_not_do_fails_the_build() {
    let world = World::new(&json!([
        {"Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Action": "ecr:PutImage", "Resource": "*"},
    ]))
    .await;
    let files = repository();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, content)| (name.as_str(), content.as_str()))
        .collect();
    let build = world.build(&files, json!({})).await;
    assert_eq!(build["buildStatus"], "FAILED");
    let denied = world
        .lines()
        .into_iter()
        .find(|line| line.starts_with("denied: "))
        .unwrap();
    assert!(
        denied.contains("is not authorized to perform: ecr:PutImage"),
        "{denied}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn phases_follow_one_another_as_on_aws() {
    let succeeded = |name: &str| (name.to_owned(), "SUCCEEDED".to_owned());
    let failed = |name: &str| (name.to_owned(), "FAILED".to_owned());
    for (phases_given, status, expected) in [
        (
            "{build: {commands: ['true']}}",
            "SUCCEEDED",
            vec![
                succeeded("INSTALL"),
                succeeded("PRE_BUILD"),
                succeeded("BUILD"),
                succeeded("POST_BUILD"),
            ],
        ),
        (
            "{pre_build: {commands: ['false', 'echo never']}, build: {commands: ['echo never']}}",
            "FAILED",
            vec![succeeded("INSTALL"), failed("PRE_BUILD")],
        ),
        (
            "{build: {commands: ['exit 3'], finally: ['echo finally']}, post_build: {commands: ['echo last $CODEBUILD_BUILD_SUCCEEDING']}}",
            "FAILED",
            vec![
                succeeded("INSTALL"),
                succeeded("PRE_BUILD"),
                failed("BUILD"),
                succeeded("POST_BUILD"),
            ],
        ),
        (
            "{install: {on-failure: CONTINUE, commands: ['false']}, build: {commands: ['true']}}",
            "SUCCEEDED",
            vec![
                failed("INSTALL"),
                succeeded("PRE_BUILD"),
                succeeded("BUILD"),
                succeeded("POST_BUILD"),
            ],
        ),
        (
            "{build: {on-failure: RETRY-2, commands: ['echo x >>tries', 'test $(wc -l <tries) = 3']}}",
            "SUCCEEDED",
            vec![
                succeeded("INSTALL"),
                succeeded("PRE_BUILD"),
                succeeded("BUILD"),
                succeeded("POST_BUILD"),
            ],
        ),
    ] {
        let world = World::new(&everything()).await;
        let spec = format!("version: 0.2\nphases: {phases_given}\n");
        let build = world.build(&[("buildspec.yml", &spec)], json!({})).await;
        assert_eq!(build["buildStatus"], status, "{phases_given}");
        assert_eq!(phases(&build), expected, "{phases_given}");
        let lines = world.lines();
        assert!(!lines.contains(&"never".to_owned()));
        if phases_given.contains("finally") {
            assert!(lines.contains(&"finally".to_owned()));
            assert!(lines.contains(&"last 0".to_owned()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_command_sets_the_next_one_has_and_artifacts_are_kept() {
    let world = World::new(&everything()).await;
    let spec = "
version: 0.2
env:
  shell: bash
  variables: {A: from-spec, ENVIRONMENT: ignored}
  parameter-store: {P: /stepline/dev/python-env, Q: /of-the/project}
  exported-variables: [RESULT]
phases:
  install:
    commands: [export B=2, mkdir -p out, cd out]
  build:
    commands: ['export RESULT=\"$A $B $P $Q $ENVIRONMENT\"', 'echo \"$RESULT\" >result.txt']
artifacts:
  base-directory: out
  files: ['**/*']
";
    let build = world.build(&[("buildspec.yml", spec)], json!({})).await;
    assert_eq!(build["buildStatus"], "SUCCEEDED", "{:#?}", world.lines());
    assert_eq!(
        build["exportedEnvironmentVariables"],
        json!([{"name": "RESULT", "value": "from-spec 2 development development dev"}])
    );
    let artifact = json!({"Bucket": "artifacts", "Key": "out.zip"});
    let got = world.cloud.send(&ADMIN, "s3", "GetObject", artifact, Bytes::new());
    let object = got.await.unwrap().body.unwrap();
    let mut archive = zip::ZipArchive::new(Cursor::new(object)).unwrap();
    let text = std::io::read_to_string(archive.by_name("result.txt").unwrap()).unwrap();
    assert_eq!(text, "from-spec 2 development development dev\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn builds_that_cannot_begin_say_why() {
    for (files, statements, code, part) in [
        (vec![("other", "")], everything(), "YAML_FILE_ERROR", "buildspec.yml"),
        (
            vec![("buildspec.yml", "version: 0.2\nbatch: {}")],
            everything(),
            "YAML_FILE_ERROR",
            "`batch`",
        ),
        (
            vec![("buildspec.yml", "version: 0.2\nenv: {parameter-store: {A: /none}}")],
            everything(),
            "Decrypted Variables Error",
            "/none",
        ),
        (
            vec![(
                "buildspec.yml",
                "version: 0.2\nenv: {parameter-store: {A: /stepline/$ENVIRONMENT/python-env}}",
            )],
            everything(),
            "Decrypted Variables Error",
            "a variable of the type PARAMETER_STORE",
        ),
        (
            vec![("buildspec.yml", "version: 0.2")],
            json!([{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]),
            "ACCESS_DENIED",
            "logs:CreateLogStream",
        ),
        (
            vec![("buildspec.yml", "version: 0.2")],
            json!([{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]),
            "CLIENT_ERROR",
            "source.zip",
        ),
    ] {
        let world = World::new(&statements).await;
        let build = world.build(&files, json!({})).await;
        assert_eq!(build["buildStatus"], "FAILED");
        let contexts: Vec<&Value> = build["phases"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|phase| phase.get("contexts"))
            .collect();
        assert_eq!(contexts[0][0]["statusCode"], code, "{contexts:?}");
        assert!(
            contexts[0][0]["message"].as_str().unwrap().contains(part),
            "{contexts:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_build_ends_with_everything_that_it_started() {
    let world = World::new(&everything()).await;
    let spec = "version: 0.2\nphases: {build: {commands: ['echo started; sleep 600 & wait']}}";
    let mut journal = world.cloud.journal.follow();
    let id = world.start(&[("buildspec.yml", spec)], json!({})).await;
    loop {
        if let Happening::LogLine { line, .. } = journal.recv().await.unwrap().happening
            && line == "started"
        {
            break;
        }
    }
    world.call("codebuild", "StopBuild", json!({"id": id})).await;
    let build = world.finished(&id).await;
    assert_eq!(build["buildStatus"], "STOPPED");
    let again = world
        .call("codebuild", "BatchGetBuilds", json!({"ids": [id, "p:none"]}))
        .await;
    assert_eq!(again["builds"][0]["buildStatus"], "STOPPED");
    assert_eq!(again["buildsNotFound"], json!(["p:none"]));
}

#[tokio::test]
async fn what_codebuild_does_not_know_is_refused_by_name() {
    let world = World::new(&everything()).await;
    for (operation, input, part) in [
        ("StartBuildBatch", json!({}), "codebuild:StartBuildBatch"),
        ("StartBuild", json!({"projectName": "none"}), "project/none"),
        (
            "StartBuild",
            json!({"projectName": "none", "colour": "red"}),
            "`colour`",
        ),
        (
            "CreateProject",
            json!({"name": "project", "serviceRole": "arn:aws:iam::123456789012:role/build", "vpcConfig": {}}),
            "`vpcConfig`",
        ),
        (
            "CreateProject",
            json!({
                "name": "project", "serviceRole": "arn:aws:iam::123456789012:role/build", "source": {"type": "NO_SOURCE"},
                "artifacts": {"type": "NO_ARTIFACTS"}, "timeoutInMinutes": u64::MAX,
                "environment": {"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL", "image": "standard:5.0"},
            }),
            "timeoutInMinutes",
        ),
    ] {
        let error = world
            .cloud
            .call(&ADMIN, "codebuild", operation, input)
            .await
            .unwrap_err();
        assert!(error.message.contains(part), "{operation}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_shows_what_builds_have_and_no_project_has_none() {
    let world = World::new(&json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}])).await;
    let buildspec = "version: 0.2\nphases: {build: {commands: ['true']}}\n";
    let build = world.build(&[("buildspec.yml", buildspec)], json!({})).await;
    // What kind they are is said by the project alone.
    let artifacts = json!({"location": "arn:aws:s3:::artifacts/out.zip"});
    assert_eq!(build["artifacts"], artifacts, "{build}");
    let input = json!({"projectName": "nobody"});
    let listed = world
        .cloud
        .call(&ADMIN, "codebuild", "ListBuildsForProject", input)
        .await;
    assert_eq!(listed.unwrap_err().code, "ResourceNotFoundException");
}
