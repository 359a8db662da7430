//! The function's own time: an answer comes before Lambda ends the invocation, however slow the service is.

use std::time::Duration;

use ask_service::{AskError, AskService, Get, NotReached, Reply};
use lambda_runtime::{Context, LambdaEvent};
use serde_json::json;
use shared::fakes::ManualClock;
use shared::time::{Clock as _, Timestamp};

/// A service that never answers, while the time goes on.
struct Hanging(ManualClock);

impl Get for Hanging {
    async fn get(&self, _: &str) -> Result<Reply, NotReached> {
        self.0.advance(Duration::from_secs(60));
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_service_that_hangs_is_not_waited_for_past_the_deadline() {
    let clock = ManualClock::at(Timestamp::from_millis(1_764_000_000_000));
    let mut context = Context::default();
    context.deadline = u64::try_from(clock.now().as_millis()).expect("after 1970") + 30_000;
    let event = json!({"url": "http://a", "expect": {"commit": "c"}});
    let answer = AskService::new(Hanging(clock.clone()))
        .handle(LambdaEvent::new(event, context), &clock)
        .await;
    let late = AskError::ServiceNotReached {
        url: "http://a/ping".to_owned(),
        reason: "no answer came in the time that the function has".to_owned(),
    };
    assert_eq!(answer, Err(late));
}
