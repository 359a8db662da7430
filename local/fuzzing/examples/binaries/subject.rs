//! The functions: what each is given, and when its work is done.

use crate::aws::{Aws, DIGEST, MACHINE};
use crate::wire::Faults;
use serde_json::{Value, json};
use std::sync::Arc;
use test_support::Process;

/// How often an event is delivered at most, continuations included, until its work must be done.
const DELIVERIES: usize = 60;

/// A function.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    /// How many calls its first event makes.
    pub(crate) calls: usize,
    /// How much its process may grow between 1,000 and 10,000 invocations, in kB.
    pub(crate) growth: u64,
    variables: &'static [(&'static str, &'static str)],
}

pub(crate) const FUNCTIONS: &[Function] = &[
    Function {
        name: "pipeline-action",
        calls: 3,
        growth: 2_048,
        variables: &[],
    },
    Function {
        name: "image-push",
        calls: 3,
        growth: 2_048,
        variables: &[("RULES", r#"[{"repository": "*", "tag": "*", "stateMachine": "ml"}]"#)],
    },
    Function {
        name: "resolve-parameters",
        calls: 1,
        // Each event names a parameter of its own, and its cache keeps 8 MiB of them.
        growth: 10_240,
        variables: &[("CACHE_TTL_SECONDS", "0")],
    },
];

impl Function {
    pub(crate) fn start(&self, binary: &str, aws: &Arc<Aws>, faults: Faults) -> Process {
        let aws = Arc::clone(aws);
        Process::start(binary, self.variables, move |target, body| {
            aws.counted();
            faults.answer(|| aws.call(target, body))
        })
    }

    /// The event of that number; of a job, the one with this token.
    pub(crate) fn event(&self, number: usize, token: Option<&str>) -> Value {
        match self.name {
            "pipeline-action" => job(number, token),
            "image-push" => json!({
                "source": "aws.ecr", "detail-type": "ECR Image Action", "account": "123456789012", "region": "us-east-1",
                "detail": {"result": "SUCCESS", "repository-name": format!("ml-{number}"), "action-type": "PUSH",
                    "image-tag": "release-1", "image-digest": DIGEST},
            }),
            _ => json!({"parameters": {"a": {"name": format!("/ml/{number}"), "as": "integer"}}}),
        }
    }

    /// Delivers the event again and again, as Lambda and CodePipeline do, until the work is done.
    ///
    /// # Panics
    /// When it never is.
    pub(crate) fn finish(&self, process: &Process, aws: &Aws, number: usize) {
        for _ in 0..DELIVERIES {
            let token = aws.token_of(&format!("job-{number}"));
            match process.invoke(&self.event(number, token.as_deref())) {
                Ok(answer) if self.is_done(aws, number, &answer) => return,
                // An error is Lambda's reason to call again.
                Ok(_) | Err(_) => (),
            }
        }
        panic!("{}: number {number} never came to an end", self.name);
    }

    fn is_done(&self, aws: &Aws, number: usize, answer: &Value) -> bool {
        match self.name {
            "pipeline-action" => aws.is_answered(&format!("job-{number}")),
            "image-push" => true,
            _ => *answer == json!({"a": number}),
        }
    }
}

fn job(number: usize, token: Option<&str>) -> Value {
    let parameters = json!({"stateMachine": MACHINE, "input": {"number": number}}).to_string();
    let mut data = json!({
        "actionConfiguration": {"configuration": {"FunctionName": "f", "UserParameters": parameters}},
        "inputArtifacts": [], "outputArtifacts": [],
        "artifactCredentials": {"accessKeyId": "id", "secretAccessKey": "secret", "sessionToken": "token"},
    });
    if let Some(token) = token {
        data["continuationToken"] = token.into();
    }
    json!({"CodePipeline.job": {"id": format!("job-{number}"), "accountId": "123456789012", "data": data}})
}

/// What a process has in use.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    pub(crate) kilobytes: u64,
    pub(crate) descriptors: usize,
}

impl Usage {
    /// Of a process of Linux; nothing elsewhere.
    pub(crate) fn of(id: u32) -> Self {
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = resident.and_then(|text| text.trim().strip_suffix(" kB")?.parse().ok());
        let descriptors = std::fs::read_dir(format!("/proc/{id}/fd")).map_or(0, Iterator::count);
        Self {
            kilobytes: kilobytes.unwrap_or_default(),
            descriptors,
        }
    }
}
