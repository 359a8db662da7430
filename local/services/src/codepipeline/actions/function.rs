//! A Lambda function that answers a job.
//!
//! Each call of the function is a job of its own. An answer with a continuation token makes CodePipeline call again
//! after a while, with a new job; any other answer ends the action. See
//! <https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-invoke-lambda-function.html>.

use crate::codepipeline::execution::Artifact;
use crate::codepipeline::jobs::{Answer, Jobs};
use crate::codepipeline::work::{Done, Failure, Work};
use platform::iam::Credentials;
use platform::journal::Happening;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The longest that an action with continuations may take.
///
/// See <https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html>.
const ACTION_LIMIT: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a job's credentials live.
const CREDENTIALS_MINUTES: i64 = 15;

pub(super) async fn perform(work: Work<'_>) -> Result<Done, Failure> {
    let began = Instant::now();
    let mut token = None;
    loop {
        match job(&work, token.as_deref()).await? {
            Answer::Continuation(next) => token = Some(next),
            Answer::Success(success) => {
                return Ok(Done {
                    variables: success.variables,
                    // Registered whether the function wrote them or not: whoever reads a missing one fails.
                    outputs: work.outputs,
                    external_id: success.external_id,
                    summary: success.summary,
                });
            }
            Answer::Failure(failure) => {
                return Err(Failure {
                    external_id: failure.external_execution_id,
                    ..Failure::new(failure.kind, failure.message)
                });
            }
        }
        let wait = work.platform.pace.poll_interval();
        if began.elapsed() + wait > ACTION_LIMIT {
            return Err(Failure::new(
                "JobTimedOut",
                "The action has run for 24 hours, the most that CodePipeline waits",
            ));
        }
        tokio::time::sleep(wait).await;
    }
}

/// Forgets a job when nobody waits for it any more: because it was answered, or because the action was abandoned.
struct Open<'j> {
    jobs: &'j Jobs,
    id: String,
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.jobs.close(&self.id);
    }
}

/// Calls the function with one job and waits for the answer.
async fn job(work: &Work<'_>, token: Option<&str>) -> Result<Answer, Failure> {
    let jobs = work.jobs;
    let function = work.configured("FunctionName");
    let open = Open {
        jobs,
        id: uuid::Uuid::new_v4().to_string(),
    };
    let answer = jobs.open(&open.id);
    let input = json!({
        "FunctionName": function,
        "InvocationType": "Event",
        "Payload": event(work, &open.id, token, &credentials(work)?),
    });
    let invoked = work.platform.call(&work.caller, "lambda", "Invoke", input).await?;
    let request_id = invoked["RequestId"].as_str().unwrap_or_default().to_owned();
    // CodePipeline would wait for all of its clock, whatever became of the function. Nothing can answer any more once
    // Lambda has given up, so there is nothing to wait for here.
    let given_up = async {
        if work.platform.ongoing.end(&request_id).await == Some(true) {
            std::future::pending().await
        }
    };
    let answer = tokio::select! {
        biased;
        answer = answer => answer.ok(),
        () = given_up => None,
        () = tokio::time::sleep(work.platform.pace.job_timeout()) => None,
    };
    let Some(answer) = answer else {
        return Err(Failure::new(
            "JobFailed",
            format!(
                "The AWS Lambda function {function} failed to return a result. Check the function to verify that it has permission to call the PutJobSuccessResult action and that it made a call to PutJobSuccessResult."
            ),
        ));
    };
    work.platform.journal.record(Happening::JobAnswered {
        action: work.action.name.clone(),
        job_id: open.id.clone(),
        answer: answer.word().to_owned(),
    });
    Ok(answer)
}

/// The job's credentials: the role's, narrowed to the job's artifacts.
fn credentials(work: &Work<'_>) -> Result<Credentials, Failure> {
    let arn = |artifact: &Artifact| work.platform.account.s3_arn(&artifact.bucket, Some(&artifact.key));
    let mut statements = Vec::new();
    let reads: Vec<String> = work.inputs.iter().map(arn).collect();
    if !reads.is_empty() {
        statements.push(json!({
            "Effect": "Allow",
            "Action": ["s3:GetObject", "s3:GetObjectVersion"],
            "Resource": reads,
        }));
    }
    let writes: Vec<String> = work.outputs.iter().map(arn).collect();
    if !writes.is_empty() {
        statements.push(json!({"Effect": "Allow", "Action": "s3:PutObject", "Resource": writes}));
    }
    if let Some(key) = work.encryption_key() {
        statements.push(json!({
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*", "kms:Encrypt", "kms:DescribeKey"],
            "Resource": key.id,
        }));
    }
    if statements.is_empty() {
        // A policy must have a statement; without artifacts there is nothing to allow.
        statements.push(json!({"Effect": "Deny", "Action": "*", "Resource": "*"}));
    }
    let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let expiration = jiff::Timestamp::now() + jiff::SignedDuration::from_mins(CREDENTIALS_MINUTES);
    work.platform
        .iam
        .assume_role_until(work.role, &work.execution.id, vec![policy], expiration)
        .map_err(Failure::from)
}

/// The event of one job, as CodePipeline sends it.
fn event(work: &Work<'_>, job_id: &str, token: Option<&str>, credentials: &Credentials) -> Value {
    let artifacts = |artifacts: &[Artifact]| artifacts.iter().map(Artifact::in_job).collect::<Vec<_>>();
    let mut data = json!({
        "actionConfiguration": {"configuration": work.configuration},
        "inputArtifacts": artifacts(&work.inputs),
        "outputArtifacts": artifacts(&work.outputs),
        "artifactCredentials": {
            "accessKeyId": credentials.access_key_id,
            "secretAccessKey": credentials.secret_access_key,
            "sessionToken": credentials.session_token,
            "expirationTime": credentials.expiration.as_millisecond(),
        },
    });
    if let Some(token) = token {
        data["continuationToken"] = token.into();
    }
    if let Some(key) = work.encryption_key() {
        data["encryptionKey"] = json!({"id": key.id, "type": key.kind});
    }
    json!({"CodePipeline.job": {"id": job_id, "accountId": work.platform.account.id, "data": data}})
}
