//! What is forgotten, what is new, and what lasts.

use super::written::KEPT;
use super::*;
use crate::iam::{NewRole, Requirement};
use crate::{Account, Platform, Principal};
use jiff::Timestamp;
use serde_json::json;
use std::path::Path;

fn note(number: usize) -> Happening {
    let text = number.to_string();
    Happening::Note { text }
}

#[test]
fn the_oldest_is_forgotten_when_there_is_too_much() {
    let journal = Journal::default();
    for number in 0..KEPT + 5 {
        journal.record(note(number));
    }
    let entries = journal.entries();
    assert_eq!((entries.len(), &entries[0].happening), (KEPT, &note(5)));
    let (next, all) = journal.since(0);
    assert_eq!((next, all.len(), all[0].sequence), (200_005, KEPT, 5));
}

#[test]
fn what_is_new_is_read_by_the_number() {
    let journal = Journal::default();
    assert_eq!(journal.since(0), (0, Vec::new()));
    journal.record(note(0));
    journal.record(note(1));
    let (next, new) = journal.since(1);
    assert_eq!((next, new.len(), &new[0].happening), (2, 1, &note(1)));
    assert_eq!(journal.since(2), (2, Vec::new()));
    assert_eq!(journal.since(9), (2, Vec::new()));
}

/// An account with a role that may read one bucket.
fn account(folder: &Path) -> Arc<Platform> {
    let store = Store::open(folder).unwrap();
    let platform = Platform::lasting(Account::local(), folder.to_owned(), Vec::new(), store).unwrap();
    let statement = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"});
    let policy = json!({"Version": "2012-10-17", "Statement": statement});
    let role = NewRole::for_service("r", "lambda.amazonaws.com").with_policy("reads", policy);
    platform.iam.create_role(&platform.account, role).unwrap();
    platform
}

/// A run in which something happens, with a session of this name.
fn run(platform: &Arc<Platform>, session: &str) {
    let caller = Principal::role_session("r", session);
    for (action, by) in [
        ("s3:GetObject", &caller),
        ("s3:GetObject", &caller),
        ("s3:PutObject", &caller),
        ("s3:PutObject", &Principal::Administrator),
    ] {
        let _ = platform.authorize(by, &[Requirement::new(action, "arn:aws:s3:::b/k")]);
    }
    platform.journal.record(note(1));
    platform.journal.record(Happening::StageStarted { stage: "S".into() });
    let rule = RuleConsidered {
        rule: "r".into(),
        matched: false,
        reason: Some("the rule is disabled".into()),
    };
    platform.journal.record(Happening::EventSent {
        event: Arc::new(json!({"source": "test", "detail": {"size": 0.1}})),
        rules: [rule].into(),
    });
}

#[test]
fn what_no_service_could_tell_lasts_and_a_decision_is_there_once() {
    let folder = tempfile::tempdir().unwrap();
    let first = account(folder.path());
    run(&first, "one");
    let said = |platform: &Platform| {
        let kept = platform.journal.kept().unwrap().into_iter();
        kept.map(|kept| (kept.entry.happening, kept.count)).collect::<Vec<_>>()
    };
    let before = said(&first);
    let counts: Vec<u64> = before.iter().map(|(_, count)| *count).collect();
    assert_eq!(counts, [2, 1, 1, 1]);
    drop(first);
    let second = account(folder.path());
    assert_eq!(said(&second), before);
    run(&second, "two");
    let after = said(&second);
    let counts: Vec<u64> = after.iter().map(|(_, count)| *count).collect();
    assert_eq!(counts, [4, 2, 1, 1, 1, 1]);
    drop(second);
    let third = account(folder.path());
    assert_eq!(said(&third), after);
    third.journal.record(note(2));
    let (_, new) = third.journal.since(0);
    assert!(new[0].sequence > after.len() as u64, "{new:?}");
}

#[test]
fn every_kind_that_lasts_is_read_as_it_was_written() {
    let took = std::time::Duration::from_micros(1_234_567);
    for happening in [
        Happening::Invocation {
            function: "f".into(),
            request_id: "r".into(),
            outcome: "Succeeded".into(),
            error: None,
            duration: took,
            billed: took,
            init: Some(took),
            memory_size_mb: 128,
            max_memory_used_mb: 1,
            attempt: 1,
            event: "{}".into(),
            answer: "null".into(),
            log_group: "g".into(),
            log_stream: "s".into(),
        },
        Happening::StateRetried {
            execution_arn: "e".into(),
            state: "s".into(),
            error: "E".into(),
            cause: None,
            attempt: 1,
            max_attempts: 2,
            next_try_in: took,
        },
    ] {
        let at = Timestamp::now();
        let entry = Entry {
            sequence: 7,
            at,
            happening,
        };
        let kept = Kept {
            entry,
            count: 1,
            last: at,
        };
        let text = serde_json::to_string(&kept).unwrap();
        assert_eq!(serde_json::from_str::<Kept>(&text).unwrap(), kept, "{text}");
    }
}

#[test]
fn of_too_many_the_latest_last() {
    let folder = tempfile::tempdir().unwrap();
    for run in 0..2 {
        let journal = Journal::open(&Store::open(folder.path()).unwrap()).unwrap();
        for number in 0..8_000 {
            journal.record(note(run * 8_000 + number));
        }
    }
    let journal = Journal::open(&Store::open(folder.path()).unwrap()).unwrap();
    let kept = journal.kept().unwrap();
    assert_eq!((kept.len(), &kept[0].entry.happening), (15_000, &note(1_000)));
    assert_eq!(kept[14_999].entry.happening, note(15_999));
}

#[tokio::test]
async fn who_follows_hears_each_entry_once_and_in_order() {
    let journal = Arc::new(Journal::default());
    journal.record(note(0));
    let mut follower = journal.follow();
    assert_eq!(follower.try_recv(), Ok(None), "what was before is not heard");
    let writer = Arc::clone(&journal);
    let writing = std::thread::spawn(move || (1..=1_000).for_each(|number| writer.record(note(number))));
    for number in 1..=1_000 {
        let entry = follower.recv().await.unwrap();
        assert_eq!(
            (entry.sequence, entry.happening),
            (number, note(usize::try_from(number).unwrap()))
        );
    }
    writing.join().unwrap();
    journal.record(note(1_001));
    drop(journal);
    assert_eq!(
        follower.recv().await.unwrap().happening,
        note(1_001),
        "the last one is heard after the end"
    );
    assert_eq!(follower.recv().await, Err(Unheard::Closed));
}

#[test]
fn who_follows_too_slowly_is_told_how_much_is_forgotten() {
    let journal = Journal::default();
    let mut follower = journal.follow();
    for number in 0..KEPT + 3 {
        journal.record(note(number));
    }
    assert_eq!(follower.try_recv(), Err(Unheard::Lagged(3)));
    let next = follower.try_recv().unwrap();
    assert_eq!(next.map(|entry| entry.happening), Some(note(3)));
}
