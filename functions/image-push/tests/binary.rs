//! The binary as Lambda runs it: the Runtime API on one side, the registry and Step Functions on the other.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use shared::fakes::images::{digest_of, manifests};
use test_support::Process;

const BINARY: &str = env!("CARGO_BIN_EXE_image-push");
const RULES: &str = r#"[{"repository": "ml", "tag": "release-*", "stateMachine": "ml-pipeline-dev"}]"#;

/// A registry with one image, and Step Functions with one state machine.
#[derive(Clone, Default)]
struct Aws {
    executions: Arc<Mutex<BTreeMap<String, Value>>>,
}

impl Aws {
    fn call(&self, target: &str, body: &Value) -> (u16, Value) {
        let manifest = manifests::oci_image("1");
        let digest = digest_of(&manifest.to_string());
        match target.split_once('.').expect("a service and an operation").1 {
            "DescribeImages" => (
                200,
                json!({"imageDetails": [{
                    "imageDigest": digest, "imageTags": ["release-1"], "imagePushedAt": 1_795_451_400,
                    "imageManifestMediaType": manifest["mediaType"], "artifactMediaType": manifest["config"]["mediaType"],
                }]}),
            ),
            "BatchGetImage" => (
                200,
                json!({"images": [
                    {"imageId": {"imageDigest": digest}, "imageManifest": manifest.to_string()},
                ]}),
            ),
            "DescribeStateMachine" => (
                200,
                json!({
                    "type": "STANDARD", "name": "ml-pipeline-dev", "stateMachineArn": body["stateMachineArn"],
                    "definition": "{}", "roleArn": "r", "creationDate": 0,
                }),
            ),
            "StartExecution" => {
                let arn = body["stateMachineArn"]
                    .as_str()
                    .expect("an ARN")
                    .replace(":stateMachine:", ":execution:");
                let arn = format!("{arn}:{}", body["name"].as_str().expect("a name"));
                let mut executions = self.executions.lock().expect("lock");
                if executions.contains_key(&arn) {
                    return (400, json!({"__type": "ExecutionAlreadyExists", "message": "there"}));
                }
                let input = serde_json::from_str(body["input"].as_str().expect("text")).expect("JSON");
                executions.insert(arn.clone(), input);
                (200, json!({"executionArn": arn, "startDate": 4_102_444_800_u64}))
            }
            other => (400, json!({"__type": "UnknownOperationException", "message": other})),
        }
    }
}

fn pushed() -> Value {
    json!({
        "source": "aws.ecr", "detail-type": "ECR Image Action", "account": "123456789012", "region": "us-east-1",
        "detail": {
            "result": "SUCCESS", "repository-name": "ml", "action-type": "PUSH", "image-tag": "release-1",
            "image-digest": digest_of(&manifests::oci_image("1").to_string()),
        },
    })
}

#[test]
fn a_push_starts_once_and_the_decision_is_the_answer() {
    let aws = Aws::default();
    let services = aws.clone();
    let process = Process::start(BINARY, &[("RULES", RULES)], move |target, body| {
        services.call(target, body)
    });
    for decision in ["started", "adopted"] {
        let report = process.invoke(&pushed()).expect("a report");
        assert_eq!(report["decisions"][0]["decision"], decision, "{report}");
    }
    let executions = aws.executions.lock().expect("lock");
    assert_eq!(executions.len(), 1);
    let (arn, input) = executions.iter().next().expect("one");
    assert!(
        arn.starts_with("arn:aws:states:us-east-1:123456789012:execution:ml-pipeline-dev:push-release-1-"),
        "{arn}"
    );
    assert_eq!(input["image"]["pushedAt"], "2026-11-23T16:30:00Z");
    drop(executions);
    let error = process.invoke(&json!({"source": "aws.ecr"})).expect_err("no event");
    assert_eq!(error["errorType"], "EventInvalid");
}

#[test]
fn ill_formed_rules_end_the_start_with_the_rule_and_the_field() {
    let (succeeded, written) = Process::run(BINARY, &[("RULES", r#"[{"repository": "ml", "tag": 1}]"#)]);
    assert!(
        !succeeded && written.contains("rule 1: `tag` must be a string"),
        "{written}"
    );
    let (succeeded, written) = Process::run(BINARY, &[]);
    assert!(!succeeded && written.contains("RULES"), "{written}");
}
