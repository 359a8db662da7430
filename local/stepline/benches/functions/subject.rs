//! What is measured: each function, the least function there can be, and the same in Python.

use crate::endpoint::STATE_MACHINE;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;

/// A function under measurement.
pub(crate) struct Subject {
    /// The name in the table.
    pub(crate) name: &'static str,
    /// The program and its arguments.
    pub(crate) program: Vec<PathBuf>,
    /// What its own environment needs beside Lambda's.
    pub(crate) environment: Vec<(&'static str, String)>,
    /// The event of the first invocation.
    pub(crate) first: Value,
    /// The events after it; where it has a `continuationToken`, the token of the last answer goes there.
    pub(crate) warm: Value,
    /// At most so many AWS calls in the first invocation and in each one after it.
    pub(crate) calls_at_most: Option<(usize, usize)>,
}

impl Subject {
    /// The command that starts it, with an empty environment but for what Lambda sets.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program[0]);
        command
            .args(&self.program[1..])
            .env_clear()
            .envs(self.environment.iter().cloned());
        for (name, value) in [
            ("PATH", std::env::var("PATH").unwrap_or_default()),
            // Python finds its packages under it.
            ("HOME", std::env::var("HOME").unwrap_or_default()),
            ("AWS_REGION", "us-east-1".into()),
            ("AWS_DEFAULT_REGION", "us-east-1".into()),
            ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE".into()),
            (
                "AWS_SECRET_ACCESS_KEY",
                "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into(),
            ),
            ("AWS_LAMBDA_FUNCTION_NAME", self.name.into()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".into()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128".into()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", self.name)),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "bench".into()),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".into()),
        ] {
            command.env(name, value);
        }
        command
    }
}

/// The functions, given where a binary of a name lies and, where it is there, a Python with boto3.
pub(crate) fn subjects(binary: impl Fn(&str) -> PathBuf, python: Option<PathBuf>) -> Vec<Subject> {
    let mut subjects = vec![
        Subject {
            name: "bare-function",
            program: vec![binary("bare-function")],
            environment: vec![],
            first: json!({}),
            warm: json!({}),
            calls_at_most: None,
        },
        Subject {
            name: "pipeline-action",
            program: vec![binary("pipeline-action")],
            environment: vec![],
            first: job(None),
            warm: job(Some("")),
            // The kind of the state machine, its start, the answer; then a look and the answer.
            calls_at_most: Some((3, 2)),
        },
        Subject {
            name: "image-push",
            program: vec![binary("image-push")],
            environment: vec![("RULES", rules())],
            first: push(),
            warm: push(),
            // The image and the start; once in a process' life, the kind of the state machine.
            calls_at_most: Some((3, 2)),
        },
        Subject {
            name: "resolve-parameters",
            program: vec![binary("resolve-parameters")],
            // Without a cache, so that a warm invocation is one that asks.
            environment: vec![("CACHE_TTL_SECONDS", "0".into())],
            first: references(),
            warm: references(),
            calls_at_most: Some((1, 1)),
        },
    ];
    if let Some(python) = python {
        subjects.push(Subject {
            name: "python-boto3",
            program: vec![
                python,
                concat!(env!("CARGO_MANIFEST_DIR"), "/benches/functions/poll.py").into(),
            ],
            environment: vec![],
            first: job(None),
            warm: job(Some("")),
            calls_at_most: None,
        });
    }
    subjects
}

fn job(token: Option<&str>) -> Value {
    let mut job = json!({"CodePipeline.job": {
        "id": "11111111-abcd-1111-abcd-111111abcdef",
        "accountId": "123456789012",
        "data": {
            "actionConfiguration": {"configuration": {
                "FunctionName": "pipeline-action",
                "UserParameters": json!({"stateMachine": STATE_MACHINE}).to_string(),
            }},
            "inputArtifacts": [],
            "outputArtifacts": [],
            "artifactCredentials": {
                "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
                "secretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                "sessionToken": "token",
                "expirationTime": 1_767_226_500_000_u64,
            },
        },
    }});
    if let Some(token) = token {
        job["CodePipeline.job"]["data"]["continuationToken"] = token.into();
    }
    job
}

fn rules() -> String {
    json!([{"repository": "ml-pipeline-release-dev", "tag": "release-*", "stateMachine": STATE_MACHINE}]).to_string()
}

fn push() -> Value {
    json!({
        "version": "0",
        "id": "13cde686-328b-6117-af20-0e5566167482",
        "detail-type": "ECR Image Action",
        "source": "aws.ecr",
        "account": "123456789012",
        "time": "2026-01-01T00:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail": {
            "result": "SUCCESS",
            "repository-name": "ml-pipeline-release-dev",
            "image-digest": format!("sha256:{}", "0".repeat(64)),
            "action-type": "PUSH",
            "image-tag": "release-1",
        },
    })
}

fn references() -> Value {
    json!({"parameters": {"instanceType": "/ml/dev/instance-type", "size": "/ml/dev/volume-size"}})
}
