//! Artifacts: a file of one is read, and the output is written as one.

use std::io::{Cursor, Read, Write};

use pipeline_action::artifact::{OUTPUT_FILE, write_output};
use serde_json::{Value, json};
use shared::ports::CallErrorKind::{Denied, NotFound, Throttled};
use shared::ports::code_pipeline::FailureType::{ConfigurationError, PermissionError};
use shared::ports::step_functions::ExecutionStatus;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::support::{Answer, Bench, Job, always, assert_continues, assert_fails, parameters, run};

/// A zip of these files. Stored ones keep their length, so that a zip can be made as long as one likes.
fn zip(files: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer
            .start_file(*name, SimpleFileOptions::default().compression_method(method))
            .unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A zip of one file.
pub(crate) fn zip_of(name: &str, bytes: &[u8]) -> Vec<u8> {
    zip(&[(name, bytes)], CompressionMethod::Deflated)
}

fn first(more: Value) -> Job {
    Job {
        inputs: vec!["Build", "Source"],
        ..Job::first(parameters(more))
    }
}

#[test]
fn input_comes_from_a_file_and_is_laid_over_it() {
    let file = br#"{"a": {"x": 1, "y": 2}, "b": [1]}"#;
    run(async {
        for method in [CompressionMethod::Deflated, CompressionMethod::Stored] {
            let bench = Bench::new();
            let bytes = zip(&[("other.txt", b"?"), ("config/input.json", file)], method);
            bench.world().artifacts.inner().put("artifacts", "dev/Source", bytes);
            let wanted = json!({"inputFile": "Source::config/input.json", "input": {"a": {"x": 9}}});
            assert_continues(bench.job(first(wanted)).await);
            let input: Value = serde_json::from_str(&bench.runs()[0].input).unwrap();
            assert_eq!((&input["a"], &input["b"]), (&json!({"x": 9, "y": 2}), &json!([1])));
            let artifact = json!({"name": "Source", "revision": null,
                "location": {"bucketName": "artifacts", "objectKey": "dev/Source"}});
            assert_eq!(input["pipeline"]["inputArtifacts"][1], artifact);
            assert_eq!(bench.world().artifacts.inner().reads(), 1);
        }
    });
}

#[test]
fn of_a_large_artifact_only_some_parts_are_read() {
    run(async {
        let bench = Bench::new();
        let large = vec![0; 20_000_000];
        let files: [(&str, &[u8]); 3] = [
            ("data.bin", &large),
            ("input.json", b"{\"a\": 1}"),
            ("more.bin", &large),
        ];
        let bytes = zip(&files, CompressionMethod::Stored);
        bench.world().artifacts.inner().put("artifacts", "dev/Source", bytes);
        assert_continues(bench.job(first(json!({"inputFile": "Source::input.json"}))).await);
        assert!(bench.runs()[0].input.starts_with(r#"{"a":1,"#));
        assert!(
            bench.world().artifacts.inner().reads() <= 5,
            "{}",
            bench.world().artifacts.inner().reads()
        );
    });
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let long = format!("\"{}\"", "x".repeat(262_143));
    let good = |name: &str, bytes: &[u8]| zip(&[(name, bytes)], CompressionMethod::Deflated);
    let cases = [
        (good("other.json", b"{}"), "the artifact has no file `a.json`"),
        (
            good("a.json", b"{\"a marked value\": }"),
            "`a.json` is no JSON: line 1, column 20",
        ),
        (
            good("a.json", long.as_bytes()),
            "`a.json` is longer than the 262144 bytes",
        ),
        (b"no zip".to_vec(), "the artifact is no zip that can be read"),
        (Vec::new(), "InvalidRange"),
        (
            good("a.json", b"{}")[..40].to_vec(),
            "the artifact is no zip that can be read",
        ),
    ];
    run(async {
        for (bytes, fragment) in cases {
            let bench = Bench::new();
            bench.world().artifacts.inner().put("artifacts", "dev/Source", bytes);
            let answer = bench.job(first(json!({"inputFile": "Source::a.json"}))).await;
            assert_fails(&answer, ConfigurationError, &["`inputFile` `Source::a.json`", fragment]);
            assert!(!format!("{answer:?}").contains("marked"), "{answer:?}");
        }
        let bench = Bench::new();
        let answer = bench.job(first(json!({"inputFile": "Sauce::a.json"}))).await;
        assert_fails(&answer, ConfigurationError, &["artifact `Sauce`", "`Build`, `Source`"]);
    });
}

#[test]
fn calls_for_a_file_that_fail_are_told_by_their_kind() {
    run(async {
        for (kind, code, failure) in [
            (Denied, "AccessDenied", Some(PermissionError)),
            (NotFound, "NoSuchKey", Some(ConfigurationError)),
            (Throttled, "SlowDown", None),
            (Denied, "ExpiredToken", None),
        ] {
            let bench = Bench::new();
            bench.world().artifacts.script(always("GetObject", kind, code));
            let answer = bench.job(first(json!({"inputFile": "Source::a.json"}))).await;
            match failure {
                Some(failure) => assert_fails(&answer, failure, &["`inputFile` `Source::a.json`", code]),
                None => assert_eq!(assert_continues(answer).misses, 1),
            }
            assert!(bench.runs().is_empty());
        }
    });
}

/// A job whose execution has succeeded with this output.
async fn succeeded(output: &str) -> (Bench, Job) {
    let bench = Bench::new();
    let job = Job {
        outputs: vec!["Output", "Copy"],
        ..bench.started(parameters(json!({}))).await
    };
    let arn = bench.runs()[0].execution_arn.clone();
    bench.world().states.inner().end(
        &arn,
        ExecutionStatus::Succeeded {
            output: output.to_owned(),
        },
    );
    (bench, job)
}

#[test]
fn the_output_is_written_where_the_action_declares_it() {
    run(async {
        for key in [None, Some("arn:aws:kms:us-east-1:123456789012:key/one")] {
            let (bench, job) = succeeded(r#"{"model":"m-1"}"#).await;
            let job = Job { kms_key: key, ..job };
            assert!(matches!(bench.job(job).await, Answer::Succeed(_)));
            for name in ["dev/Output", "dev/Copy"] {
                let (bytes, encrypted_with) = bench.world().artifacts.inner().object("artifacts", name).unwrap();
                assert_eq!(encrypted_with.as_deref(), key);
                let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
                let mut text = String::new();
                archive.by_name(OUTPUT_FILE).unwrap().read_to_string(&mut text).unwrap();
                assert_eq!((text.as_str(), archive.len()), (r#"{"model":"m-1"}"#, 1));
            }
        }
    });
}

#[test]
fn the_same_output_gives_the_same_bytes() {
    assert_eq!(write_output("{}").unwrap(), write_output("{}").unwrap());
}

#[test]
fn output_that_cannot_be_written_is_told_or_tried_again() {
    run(async {
        let (bench, job) = succeeded("{}").await;
        bench
            .world()
            .artifacts
            .script(always("PutObject", Denied, "AccessDenied"));
        assert_fails(
            &bench.job(job).await,
            PermissionError,
            &["The execution succeeded, but its output could not", "AccessDenied"],
        );

        let (bench, job) = succeeded("{}").await;
        bench
            .world()
            .artifacts
            .script(always("PutObject", Throttled, "SlowDown"));
        let token = assert_continues(bench.job(job.clone()).await);
        assert_eq!(token.misses, 1);
        bench.world().artifacts.script(|_| shared::fakes::Fault::None);
        let again = Job {
            id: "again".to_owned(),
            token: Some(token.encode()),
            ..job
        };
        assert!(matches!(bench.job(again).await, Answer::Succeed(_)));
        assert!(
            bench
                .world()
                .artifacts
                .inner()
                .object("artifacts", "dev/Output")
                .is_some()
        );
    });
}

#[test]
fn without_credentials_nothing_is_read_or_written() {
    run(async {
        let (bench, job) = succeeded("{}").await;
        bench.open(&job);
        let mut event = job.event();
        event["CodePipeline.job"]["data"]["artifactCredentials"] = Value::Null;
        bench.deliver(event).await.unwrap();
        assert_fails(&bench.answer(&job.id), ConfigurationError, &["brought no credentials"]);

        let bench = Bench::new();
        let job = first(json!({"inputFile": "Source::a.json"}));
        bench.open(&job);
        let mut event = job.event();
        event["CodePipeline.job"]["data"]["artifactCredentials"] = Value::Null;
        bench.deliver(event).await.unwrap();
        assert_fails(&bench.answer(&job.id), ConfigurationError, &["brought no credentials"]);
    });
}
