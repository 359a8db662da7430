//! Many people at once start pipelines, answer approvals, retry stages, and stop executions with and without abandoning
//! what they do, each against the function that runs a state machine.
//!
//! Each has a pipeline of their own, as one would have at AWS, where a region has a thousand at most. Now and then others
//! get in their way.

mod account;
mod bells;
mod expected;
mod person;
mod ways;

use crate::client::Client;
use crate::world::{memory, number};
use account::{Account, messages};
use person::Person;
use std::sync::Arc;
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_is_wrong_and_nothing_is_left_running() {
    let (clients, executions) = (number("STEPLINE_CLIENTS", 20), number("STEPLINE_EXECUTIONS", 40));
    let account = Arc::new(Account::made(clients).await);
    let before = memory();
    let began = std::time::Instant::now();
    let mut working = JoinSet::new();
    for number in 0..clients {
        let account = Arc::clone(&account);
        working.spawn(async move {
            let mut person = Person::at(&account, &format!("p-{number}")).await;
            let mut lives = Vec::new();
            for (turn, execution) in (number..executions).step_by(clients).enumerate() {
                lives.push(ways::live(&account, &mut person, execution, turn).await);
            }
            (person, lives)
        });
    }
    let mut people = Vec::new();
    while let Some(worked) = working.join_next().await {
        people.push(worked.expect("a person whose answers were all right"));
    }
    // Events of abandoned actions are tried again until they have come to their end.
    account.cloud.lambda.settled().await;
    let mut sent = 0;
    for (person, lives) in &mut people {
        // Each was started once, whoever hung up and asked again, and has ended for good.
        let expected: Vec<_> = lives
            .iter()
            .map(|life| (life.id.clone(), life.status.clone()))
            .collect();
        assert_eq!(person.listed().await, expected);
        assert_eq!(person.running().await, 0, "nobody waits for it");
        sent += lives.iter().map(|life| life.messages).sum::<usize>();
    }
    let mut client = Client::connect(&account.cloud).await;
    assert_eq!(messages(&mut client, &account.done).await, sent);
    assert_eq!(
        messages(&mut client, &account.failed).await,
        0,
        "every event was handled"
    );
    println!(
        "{clients} people, {executions} executions of pipelines: {:.0} s, {before:?} MB before, {:?} MB after",
        began.elapsed().as_secs_f64(),
        memory()
    );
}
