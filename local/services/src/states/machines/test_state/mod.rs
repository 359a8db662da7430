//! TestState: one state is tried alone, with a mock of its work or with a real call.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/test-state-isolation.html>
//!
//! The interpreter tests the state. Here a Task without a mock is done, as the role that the test names, and a mocked result
//! is held against what the API that the state calls answers (`shapes`).

mod answer;
mod input;
mod integration;
mod shapes;

use super::role;
use crate::states::registry::StepFunctions;
use crate::states::rows::pass_role;
use crate::states::tasks::errors::Failed;
use crate::states::tasks::{self, fields};
use input::TestState;
use jiff::Timestamp;
use platform::{Call, Operation, Platform, Principal, Requirement, ServiceError};
use serde_json::Value;
use states_language::{Failure, StartOptions, StateTest, TestProgress, TestStateError, TestStateResult};
use std::sync::Arc;
use std::time::Duration;

/// As long as a test may take, in seconds.
const LONGEST: u64 = 300;

/// The row of the operation.
pub(super) fn operation() -> Operation<StepFunctions> {
    Operation::waiting("TestState", may_test_state, test_state)
}

/// IAM is asked for the action; whether the caller may give the role, which does something only where no mock does; and
/// whether secrets may be shown.
fn may_test_state(_: &StepFunctions, _: &Platform, input: &TestState) -> Result<Vec<Requirement>, ServiceError> {
    let role = input.role_arn.as_deref().filter(|_| input.mock.is_none());
    let secrets = (input.reveal_secrets == Some(true)).then(|| Requirement::new("states:RevealSecrets", "*"));
    Ok([Requirement::new("states:TestState", "*")]
        .into_iter()
        .chain(role.map(pass_role))
        .chain(secrets)
        .collect())
}

async fn test_state(_: Arc<StepFunctions>, call: Call, mut input: TestState) -> Result<Value, ServiceError> {
    input.check()?;
    let level = input.level();
    let platform = &call.platform;
    let mut options = input.options()?;
    options.now = Timestamp::now();
    options.start = start(platform);
    options.result_check = Some(shapes::check);
    if let Some(arn) = &options.role_arn {
        match &options.mock {
            Some(_) => role::check_arn(arn)?,
            None => role::check(platform, arn, &options.start.state_machine_arn(), "{}")?,
        }
    }
    let role_arn = options.role_arn.clone();
    let result = match StateTest::begin(&input.definition, options).map_err(refused)? {
        TestProgress::Ended(result) => *result,
        TestProgress::Calls(test) => carry_out(platform, role_arn.as_deref().unwrap_or_default(), test).await?,
    };
    Ok(answer::of(result, level))
}

fn refused(error: TestStateError) -> ServiceError {
    ServiceError::new(error.code(), error)
}

/// Where the state runs: in a state machine and an execution of names that nothing else has.
fn start(platform: &Platform) -> StartOptions {
    let account = &platform.account;
    let (seed, _) = uuid::Uuid::new_v4().as_u64_pair();
    StartOptions {
        name: uuid::Uuid::new_v4().to_string().into(),
        state_machine_name: uuid::Uuid::new_v4().to_string().into(),
        partition: account.partition.as_str().into(),
        region: account.region.as_str().into(),
        account: account.id.as_str().into(),
        random_seed: seed,
        refusal: Some(fields::refusal),
        ..StartOptions::default()
    }
}

/// Has the state's call made, as the role.
async fn carry_out(
    platform: &Arc<Platform>,
    role_arn: &str,
    test: Box<StateTest>,
) -> Result<TestStateResult, ServiceError> {
    let request = test.request().clone();
    let session = |arn: &str| Principal::role_session(arn.rsplit('/').next().unwrap_or_default(), "TestState");
    let own = session(role_arn);
    let role = request
        .credentials_role_arn
        .as_deref()
        .map_or_else(|| own.clone(), session);
    let seconds = request.timeout_seconds.unwrap_or(LONGEST).min(LONGEST);
    let done = tasks::perform(platform, (&own, &role), &request, |_, _| {});
    let Ok(outcome) = tokio::time::timeout(Duration::from_secs(seconds), done).await else {
        let failure = Failure {
            error: Some("States.Timeout".into()),
            cause: None,
        };
        return Ok(test.end(Err(failure)));
    };
    match outcome {
        Some(Ok(answer)) => Ok(test.end(Ok(&answer))),
        // What AWS would do and is not here is no result of the state's.
        Some(Err(Failed { ends: true, cause, .. })) => Err(ServiceError::new("NotInLocalRun", cause).with_status(501)),
        Some(Err(failed)) => Ok(test.end(Err(Failure::new(failed.error, failed.cause)))),
        None => Err(ServiceError::validation("such a task is tested with a mock")),
    }
}
