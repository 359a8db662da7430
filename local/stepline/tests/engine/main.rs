//! Builds and processing jobs with a container engine: what it is asked to do, and that what was pushed is what runs.

mod fake;
mod world;

use fake::{Ran, engine, machine};
use platform::journal::Happening;
use serde_json::json;
use services::containers::{Address, Engine};
use std::time::Duration;
use world::World;

fn says_hello() -> Ran {
    Ran {
        prints: vec![
            (1, "Hello World!\nand ".into()),
            (2, "a warning\n".into()),
            (1, "more\n".into()),
        ],
        ..Ran::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_engine_builds_is_pushed_by_digest_and_runs() {
    let (fake, engine) = engine(&machine(), |_| Ok(says_hello())).await;
    let world = World::new(engine, &[]).await;
    let (build, image) = world.build(&[]).await;
    assert_eq!(build["buildStatus"], "SUCCEEDED", "{:#?}", world.lines());

    // The engine built the whole context with the buildspec's options, and gave the image no name.
    let [request] = fake.requests("POST /build").try_into().unwrap();
    for part in [
        "dockerfile=Dockerfile",
        "platform=linux/amd64",
        r#"buildargs={"PYTHON_ENV":"development"}"#,
    ] {
        assert!(request.contains(part), "{part} is not in {request}");
    }
    assert!(!request.contains("t=123456789012"), "{request}");
    let context = fake.context();
    assert!(context.contains(&"app/src/hello.py".to_owned()), "{context:?}");
    assert!(!context.iter().any(|path| path.starts_with("tests")), "{context:?}");

    // The repository's image is the engine's: the manifest names the configuration that is the engine's id for it.
    let manifest = world.manifest(&image).await;
    assert_eq!([manifest["config"]["digest"].as_str().unwrap()], *fake.images());
    assert_eq!(manifest["layers"].as_array().unwrap().len(), 2);

    let job = world.run(&image, json!({})).await;
    assert_eq!(job["ProcessingJobStatus"], "Completed", "{job:#}");
    let printed = world.printed();
    assert_eq!(printed, ["Hello World!", "a warning", "and more"]);
    assert!(
        world.noted("runs as a container of Docker Engine 27.0.3"),
        "{:?}",
        world.notes()
    );
    assert!(fake.requests("/images/load").is_empty(), "the engine has it already");
    assert_eq!(fake.containers(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_has_what_a_job_gives_it_and_what_it_leaves_is_kept() {
    for (name, network, endpoint, hosts) in [
        (machine(), "host", "http://127.0.0.1:", json!(null)),
        (
            "docker-desktop".to_owned(),
            "bridge",
            "http://host.docker.internal:",
            json!(["host.docker.internal:host-gateway"]),
        ),
    ] {
        // Elsewhere than on Linux no engine is on this machine's own kernel.
        if name.is_empty() {
            continue;
        }
        let (fake, engine) = engine(&name, |seen| {
            let input = seen.files["/opt/ml/processing/in/a.txt"].clone();
            assert!(seen.files.contains_key("/opt/ml/config/processingjobconfig.json"));
            let endpoint = seen.variable("AWS_ENDPOINT_URL").unwrap_or_default();
            assert!(seen.variable("AWS_SESSION_TOKEN").is_some());
            let host = &seen.spec["HostConfig"];
            Ok(Ran {
                prints: vec![(
                    1,
                    format!(
                        "{} {} {} {} {}\n",
                        host["NetworkMode"],
                        host["ExtraHosts"],
                        seen.spec["Entrypoint"],
                        endpoint,
                        seen.variable("MODE").unwrap_or_default()
                    ),
                )],
                leaves: vec![("/opt/ml/processing/out/deep/b.txt".into(), input)],
                ..Ran::default()
            })
        })
        .await;
        let world = World::new(engine, &[]).await;
        let (_, image) = world.build(&[]).await;
        world.put_object("data", "x/a.txt", "1").await;
        let job = world
            .run(
                &image,
                json!({
                    "Environment": {"MODE": "test"},
                    "ProcessingInputs": [{"InputName": "i", "S3Input": {
                        "S3Uri": "s3://data/x/", "LocalPath": "/opt/ml/processing/in", "S3DataType": "S3Prefix", "S3InputMode": "File",
                    }}],
                    "ProcessingOutputConfig": {"Outputs": [{"OutputName": "o", "S3Output": {
                        "S3Uri": "s3://data/y", "LocalPath": "/opt/ml/processing/out", "S3UploadMode": "EndOfJob",
                    }}]},
                }),
            )
            .await;
        assert_eq!(job["ProcessingJobStatus"], "Completed", "{job:#}");
        let [line] = world.printed().try_into().unwrap();
        let start = format!(r#""{network}" {hosts} ["python3","/opt/program/src/hello.py"] {endpoint}"#);
        assert!(line.starts_with(&start) && line.ends_with(" test"), "{line}");
        assert_eq!(world.object("data", "y/deep/b.txt").await, b"1");
        assert_eq!(fake.containers(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_fail_with_what_their_containers_say() {
    for (ran, reason, message) in [
        (
            Ok(Ran {
                leaves: vec![("/opt/ml/output/message".into(), b"RuntimeError: broken\n".to_vec())],
                code: 1,
                ..Ran::default()
            }),
            "AlgorithmError: See job logs for more information, exit code: 1",
            Some("RuntimeError: broken"),
        ),
        (
            Err("exec: \"python3\": executable file not found in $PATH".to_owned()),
            "ClientError: The container cannot be started: exec: \"python3\": executable file not found in $PATH",
            None,
        ),
    ] {
        let (fake, engine) = engine(&machine(), move |_| ran.clone()).await;
        let world = World::new(engine, &[]).await;
        let (_, image) = world.build(&[]).await;
        let job = world.run(&image, json!({})).await;
        assert_eq!(job["ProcessingJobStatus"], "Failed");
        assert_eq!(job["FailureReason"], reason);
        assert_eq!(job["ExitMessage"].as_str(), message);
        assert_eq!(fake.containers(), 0, "{reason}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_stopped_by_call_and_by_time_and_isolated_if_it_says_so() {
    let (fake, engine) = engine(&machine(), |seen| {
        assert_eq!(seen.spec["HostConfig"]["NetworkMode"], "none");
        Ok(Ran {
            goes_on: true,
            ..Ran::default()
        })
    })
    .await;
    let world = World::new(engine, &[]).await;
    let (_, image) = world.build(&[]).await;
    let mut journal = world.cloud.journal.follow();
    let isolated = json!({"NetworkConfig": {"EnableNetworkIsolation": true}});
    world.create(&image, "stopped", isolated.clone()).await;
    loop {
        if matches!(journal.recv().await.unwrap().happening, Happening::Note { text } if text.contains("container of"))
        {
            break;
        }
    }
    world
        .call(
            "sagemaker",
            "StopProcessingJob",
            json!({"ProcessingJobName": "stopped"}),
        )
        .await;
    assert_eq!(world.finished("stopped").await["ProcessingJobStatus"], "Stopped");

    let mut limited = isolated;
    limited["StoppingCondition"] = json!({"MaxRuntimeInSeconds": 1});
    world.create(&image, "limited", limited).await;
    assert_eq!(world.finished("limited").await["ProcessingJobStatus"], "Stopped");
    assert_eq!(fake.requests("/stop?t=120").len(), 2);
    assert_eq!(fake.containers(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_the_engine_has_not_is_loaded_from_the_repository() {
    let (fake, engine) = engine(&machine(), |_| Ok(says_hello())).await;
    let world = World::new(engine, &[]).await;
    let (_, image) = world.build(&[]).await;
    let built = fake.images();
    fake.forget();
    let job = world.run(&image, json!({})).await;
    assert_eq!(job["ProcessingJobStatus"], "Completed", "{job:#}");
    assert_eq!(fake.requests("/images/load").len(), 1);
    assert_eq!(fake.images(), built, "it is the same image as before");
}

#[tokio::test(flavor = "multi_thread")]
async fn builds_fail_with_what_the_engine_or_iam_says() {
    let local = "FROM 123456789012.dkr.ecr.us-east-1.amazonaws.com/ml-pipeline-dev:base";
    for (dockerfile, denied, part, is_asked) in [
        ("FROM base\nRUN false\n", vec![], "returned a non-zero code: 1", true),
        ("FROM base\n", vec!["ecr:PutImage"], "denied: ", true),
        // AWS is never asked for what is here.
        (local, vec![], "no image of the local ECR can be a base", false),
    ] {
        let (fake, engine) = engine(&machine(), |_| Ok(says_hello())).await;
        let world = World::new(engine, &denied).await;
        let (build, _) = world.build(&[("container/Dockerfile", dockerfile)]).await;
        assert_eq!(build["buildStatus"], "FAILED", "{dockerfile}");
        let lines = world.lines();
        assert!(
            lines.iter().any(|line| line.contains(part)),
            "{part} is not in {lines:#?}"
        );
        assert_eq!(!fake.requests("POST /build").is_empty(), is_asked);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_run_leaves_no_container_and_lets_none_be_made() {
    let (fake, engine) = engine(&machine(), |_| {
        Ok(Ran {
            goes_on: true,
            ..Ran::default()
        })
    })
    .await;
    let world = World::new(engine, &[]).await;
    let (_, image) = world.build(&[]).await;
    let mut journal = world.cloud.journal.follow();
    world.create(&image, "forgotten", json!({})).await;
    loop {
        if matches!(journal.recv().await.unwrap().happening, Happening::Note { text } if text.contains("container of"))
        {
            break;
        }
    }
    assert_eq!(fake.containers(), 1);
    world.cloud.containers.clean_up().await;
    assert_eq!(fake.containers(), 0);
    world.finished("forgotten").await;
    world.create(&image, "late", json!({})).await;
    let late = world.finished("late").await;
    assert!(
        late["FailureReason"].as_str().unwrap().contains("the run is ending"),
        "{late:#}"
    );
    assert_eq!(fake.containers(), 0);
}

#[tokio::test]
async fn an_engine_that_does_not_answer_is_said_to_be_so() {
    let folder = tempfile::tempdir().unwrap();
    let silent = folder.path().join("silent.sock");
    let listener = tokio::net::UnixListener::bind(&silent).unwrap();
    let held = tokio::spawn(async move {
        let connection = listener.accept().await;
        std::future::pending::<()>().await;
        drop(connection);
    });
    for (address, part) in [
        (Address::Unix(silent), "(not within 2 s)"),
        (
            Address::Unix(folder.path().join("none.sock")),
            "(No such file or directory",
        ),
        (Address::Tcp("127.0.0.1:1".into()), "(Connection refused"),
    ] {
        let named = address.to_string();
        let asked = tokio::time::timeout(Duration::from_secs(60), Engine::at(address)).await;
        let error = asked.expect("nothing hangs").unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("no container engine answers at {named}")),
            "{error}"
        );
        assert!(error.contains(part), "{error}");
    }
    held.abort();
}
