//! What people do to an execution of a pipeline, and what has to come of it.

use super::account::Account;
use super::expected::Expected;
use super::person::{Person, Sight};
use crate::client::Answer;

/// What happens to an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// It is approved and succeeds.
    Approved,
    /// It is rejected, the stage is retried in this mode, and it is approved.
    Rejected(&'static str),
    /// Its execution of the state machine ends in a Fail state, and so does that of the retry.
    FailsTwice,
    /// Its execution fails for want of a queue, which is made before the stage is retried in this mode.
    Mended(&'static str),
    /// It is abandoned while its execution runs, retried, and abandoned again.
    Abandoned,
    /// It is stopped while it waits for an approval, which is then given.
    Stopped,
    /// It is stopped in the moment in which it is approved.
    Overtaken,
    /// Several people approve, reject, stop and abandon it at once, and then retry and stop it at once.
    Contested,
}

const FAILED: &str = "FAILED_ACTIONS";
const ALL: &str = "ALL_ACTIONS";

impl Way {
    fn of(number: usize) -> Self {
        match number % 10 {
            0 => Self::Approved,
            1 => Self::Rejected(FAILED),
            2 => Self::Rejected(ALL),
            3 => Self::FailsTwice,
            4 => Self::Mended(FAILED),
            5 => Self::Mended(ALL),
            6 => Self::Abandoned,
            7 => Self::Stopped,
            8 => Self::Overtaken,
            _ => Self::Contested,
        }
    }

    /// How its executions of the state machine are to end.
    fn end(self) -> &'static str {
        match self {
            Self::FailsTwice => "FAILED",
            Self::Abandoned => "ABORTED",
            _ => "SUCCEEDED",
        }
    }
}

/// What came of an execution.
pub(super) struct Life {
    pub(super) id: String,
    /// The status that it ended with.
    pub(super) status: String,
    /// How many messages it sent to the queue that all share.
    pub(super) messages: usize,
}

/// One execution's life, by a person that believes no answer which does not fit the others. Each of a person's turns goes
/// another way.
pub(super) async fn live(account: &Account, person: &mut Person, number: usize, turn: usize) -> Life {
    let way = Way::of(number + turn);
    let queue = match way {
        Way::Mended(_) => account.done.replace("done", &format!("mended-{number}")),
        _ => account.done.clone(),
    };
    let hangs_up = number.is_multiple_of(7).then(|| number.is_multiple_of(2));
    let id = person.start(&format!("t-{number}"), way.end(), &queue, hangs_up).await;
    let mut expected = Expected::default();
    let status = match way {
        Way::Approved => approved(person, &id, &mut expected).await,
        Way::Rejected(mode) => rejected(person, &id, mode, &mut expected).await,
        Way::FailsTwice => fails_twice(person, &id, &mut expected).await,
        Way::Mended(mode) => mended(person, &id, mode, number, &mut expected).await,
        Way::Abandoned => abandoned(person, &id, &mut expected).await,
        Way::Stopped => stopped(person, &id, &mut expected).await,
        Way::Overtaken => overtaken(person, &id).await,
        Way::Contested => contested(person, &id).await,
    };
    let machines = person.machines(&id).await;
    expected.check(person, &id, &machines).await;
    let is_over = person.stop(&id, false).await;
    refused(&is_over, "PipelineExecutionNotStoppableException");
    let sent = machines
        .iter()
        .filter(|machine| machine["status"] == "SUCCEEDED")
        .count();
    Life {
        id,
        status,
        messages: if matches!(way, Way::Mended(_)) { 0 } else { sent },
    }
}

fn refused(answer: &Answer, code: &str) {
    assert_eq!(answer.as_ref().err().map(String::as_str), Some(code), "{answer:?}");
}

async fn approved(person: &mut Person, id: &str, expected: &mut Expected) -> String {
    expected.runs = Some([&["Succeeded"], &["Succeeded"], &["Succeeded"]]);
    expected.machines = Some(&[("SUCCEEDED", 0)]);
    let token = person.asked(id, "First").await;
    for (code, token, action) in [
        (
            "InvalidApprovalTokenException",
            "00000000-0000-4000-8000-000000000000",
            "First",
        ),
        ("InvalidApprovalTokenException", token.as_str(), "Second"),
        ("ActionNotFoundException", token.as_str(), "Third"),
    ] {
        refused(&person.answer(action, token, "Approved").await, code);
    }
    refused(&person.retry(id, "Approve", ALL).await, "StageNotRetryableException");
    person.answer("First", &token, "Approved").await.expect("approved");
    for status in ["Approved", "Rejected"] {
        refused(
            &person.answer("First", &token, status).await,
            "ApprovalAlreadyCompletedException",
        );
    }
    person.approve(id, "Second").await;
    let status = person.ended(id).await;
    assert_eq!(status, "Succeeded", "{id}");
    for stage in ["Source", "Approve", "Execute"] {
        refused(&person.retry(id, stage, FAILED).await, "StageNotRetryableException");
    }
    refused(&person.retry(id, "Deploy", FAILED).await, "StageNotFoundException");
    status
}

async fn rejected(person: &mut Person, id: &str, mode: &str, expected: &mut Expected) -> String {
    expected.machines = Some(&[("SUCCEEDED", 0)]);
    person.approve(id, "First").await;
    let token = person.asked(id, "Second").await;
    person.answer("Second", &token, "Rejected").await.expect("rejected");
    assert_eq!(person.ended(id).await, "Failed", "{id}");
    refused(&person.retry(id, "Execute", mode).await, "StageNotRetryableException");
    person.retry(id, "Approve", mode).await.expect("retried");
    refused(&person.retry(id, "Approve", mode).await, "StageNotRetryableException");
    if mode == ALL {
        expected.runs = Some([&["Succeeded", "Succeeded"], &["Failed", "Succeeded"], &["Succeeded"]]);
        person.approve(id, "First").await;
    } else {
        expected.runs = Some([&["Succeeded"], &["Failed", "Succeeded"], &["Succeeded"]]);
    }
    person.approve(id, "Second").await;
    let status = person.ended(id).await;
    assert_eq!(status, "Succeeded", "{id}");
    status
}

/// Both approvals, so that the function is invoked.
async fn executes(person: &mut Person, id: &str) {
    person.approve(id, "First").await;
    person.approve(id, "Second").await;
}

async fn fails_twice(person: &mut Person, id: &str, expected: &mut Expected) -> String {
    expected.runs = Some([&["Succeeded"], &["Succeeded"], &["Failed", "Failed"]]);
    // A redrive would only enter the Fail state again.
    expected.machines = Some(&[("FAILED", 0), ("FAILED", 0)]);
    executes(person, id).await;
    assert_eq!(person.ended(id).await, "Failed", "{id}");
    person.retry(id, "Execute", FAILED).await.expect("retried");
    let status = person.ended(id).await;
    assert_eq!(status, "Failed", "{id}");
    status
}

async fn mended(person: &mut Person, id: &str, mode: &str, number: usize, expected: &mut Expected) -> String {
    expected.runs = Some([&["Succeeded"], &["Succeeded"], &["Failed", "Succeeded"]]);
    expected.machines = Some(&[("SUCCEEDED", 1)]);
    executes(person, id).await;
    assert_eq!(person.ended(id).await, "Failed", "{id}");
    let queue = person.queue(&format!("mended-{number}")).await;
    person.retry(id, "Execute", mode).await.expect("retried");
    let status = person.ended(id).await;
    assert_eq!(status, "Succeeded", "{id}");
    assert_eq!(person.messages(&queue).await, 1, "{id}");
    status
}

async fn abandoned(person: &mut Person, id: &str, expected: &mut Expected) -> String {
    expected.runs = Some([&["Succeeded"], &["Succeeded"], &["Abandoned", "Abandoned"]]);
    expected.machines = Some(&[("ABORTED", 1)]);
    executes(person, id).await;
    for redriven in [0, 1] {
        // The function cannot tell whose an execution is that begins after its action was abandoned.
        person.machine_is(id, "RUNNING", redriven).await;
        person.stop(id, true).await.expect("stopped");
        assert_eq!(person.ended(id).await, "Stopped", "{id}");
        person.machine_is(id, "ABORTED", redriven).await;
        if redriven == 0 {
            person.retry(id, "Execute", FAILED).await.expect("retried");
        }
    }
    "Stopped".to_owned()
}

async fn stopped(person: &mut Person, id: &str, expected: &mut Expected) -> String {
    expected.runs = Some([&["Succeeded"], &[], &[]]);
    expected.machines = Some(&[]);
    let token = person.asked(id, "First").await;
    person.stop(id, false).await.expect("stopped");
    refused(&person.stop(id, false).await, "DuplicatedStopRequestException");
    // What has begun is waited for.
    person.answer("First", &token, "Approved").await.expect("approved");
    let status = person.ended(id).await;
    assert_eq!(status, "Stopped", "{id}");
    status
}

async fn overtaken(person: &mut Person, id: &str) -> String {
    person.approve(id, "First").await;
    let token = person.asked(id, "Second").await;
    let mut other = person.beside().await;
    let (answered, stopped) = tokio::join!(person.answer("Second", &token, "Approved"), other.stop(id, false));
    answered.expect("approved");
    let status = person.ended(id).await;
    match stopped {
        Ok(_) => assert_eq!(status, "Stopped", "{id}"),
        Err(code) => {
            assert_eq!(code, "PipelineExecutionNotStoppableException", "{id}");
            assert_eq!(status, "Succeeded", "{id}");
        }
    }
    for machine in person.machines(id).await {
        assert_eq!(machine["status"], "SUCCEEDED", "it was waited for: {machine}");
    }
    status
}

async fn contested(person: &mut Person, id: &str) -> String {
    let token = person.asked(id, "First").await;
    let (mut approves, mut rejects, mut stops) = (person.beside().await, person.beside().await, person.beside().await);
    let (approved, rejected, stopped, abandoned) = tokio::join!(
        approves.answer("First", &token, "Approved"),
        rejects.answer("First", &token, "Rejected"),
        stops.stop(id, false),
        person.stop(id, true),
    );
    let status = person.ended(id).await;
    assert!(approved.is_err() || rejected.is_err(), "{id}: it has one answer");
    for answer in [&approved, &rejected] {
        let is_right = |code: &String| code == "ApprovalAlreadyCompletedException";
        assert!(answer.as_ref().err().is_none_or(is_right), "{id}: {answer:?}");
    }
    for stop in [&stopped, &abandoned] {
        let is_right = |code: &String| {
            [
                "DuplicatedStopRequestException",
                "PipelineExecutionNotStoppableException",
            ]
            .contains(&code.as_str())
        };
        assert!(stop.as_ref().err().is_none_or(is_right), "{id}: {stop:?}");
    }
    match status.as_str() {
        "Failed" => assert!(rejected.is_ok(), "{id}: somebody rejected it"),
        "Stopped" => assert!(stopped.is_ok() || abandoned.is_ok(), "{id}: somebody stopped it"),
        other => panic!("{id} ended as {other}"),
    }
    let (one, other, stopped) = tokio::join!(
        approves.retry(id, "Approve", FAILED),
        rejects.retry(id, "Approve", ALL),
        stops.stop(id, false),
    );
    assert!(one.is_ok() || other.is_ok(), "{id}: it is retried");
    let is_right = |code: &String| code == "StageNotRetryableException";
    for retry in [&one, &other] {
        assert!(retry.as_ref().err().is_none_or(is_right), "{id}: {retry:?}");
    }
    match (one.is_ok() && other.is_ok(), stopped) {
        // Stopped after the only retry, so that at most one approval is waited for.
        (false, Ok(_)) => {
            if let Sight::Asks(action, token) = person.sight(id).await {
                person.answer(&action, &token, "Approved").await.expect("approved");
            }
        }
        // Stopped between two retries, or before the only one.
        (between, stopped) => {
            if between {
                stopped.expect("a retry that was stopped can be retried, and nothing else");
            } else {
                refused(&stopped, "PipelineExecutionNotStoppableException");
            }
            person.stop(id, true).await.expect("stopped");
        }
    }
    let status = person.ended(id).await;
    assert_eq!(status, "Stopped", "{id}");
    status
}
