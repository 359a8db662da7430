//! A few thousand schedules of every kind: no rule is broken, everything happens in them, and each replays byte for byte.

use std::fmt::Write as _;

use simulation::{Figures, Played, Tape, play, shrink};

/// How many schedules are played here. CI plays a hundred thousand: see docs/simulation.md.
const SCHEDULES: u64 = 2_000;

/// What has to happen in them at least once: outcomes, steps from one kind of token to another, stages of a wait, faults,
/// and people.
const REACHED: &[&str] = &[
    "outcome: pipeline-action: Continued",
    "outcome: pipeline-action: Succeeded",
    "outcome: pipeline-action: Failed",
    "outcome: pipeline-action: AnsweredBefore",
    "outcome: pipeline-action: UnknownJob",
    "outcome: pipeline-action: Stopped",
    "outcome: pipeline-action: Ignored",
    "outcome: pipeline-action: Looked",
    "outcome: approval: Waiting",
    "outcome: approval: Approved",
    "outcome: approval: Rejected",
    "outcome: approval: Redriven",
    "outcome: approval: Restarted",
    "outcome: approval: Stopped",
    "outcome: approval: AnsweredBefore",
    "outcome: error: Unanswered",
    "outcome: error: NotStopped",
    "outcome: error: NotSettled",
    "outcome: error: ImagePushIncomplete",
    "outcome: error: ParameterNotFound",
    "outcome: error: ParameterAccessDenied",
    "outcome: error: ParameterStoreUnavailable",
    "outcome: error: SecureParameterRefused",
    "outcome: image-push: started",
    "outcome: image-push: adopted",
    "outcome: image-push: ignored",
    "outcome: resolve-parameters: answered",
    "token: not begun -> follows",
    "token: not begun -> failed",
    "token: not begun -> succeeded",
    "token: not begun -> to redrive",
    "token: not begun -> to start anew",
    "token: to redrive -> follows what it redrove",
    "token: to start anew -> follows",
    "token: follows -> follows, missed",
    "token: follows, missed -> follows",
    "token: follows -> stopping",
    "token: follows -> succeeded",
    "token: follows -> failed",
    "wait: asked",
    "wait: asked again",
    "wait: Succeeded by the function",
    "wait: Failed by the function",
    "wait: Failed by somebody else",
    "wait: Abandoned by somebody else",
    "fault: throttled",
    "fault: 5xx before",
    "fault: answer lost",
    "fault: answer incomplete",
    "fault: slow before",
    "fault: slow after",
    "fault: hangs",
    "fault: denied",
    "fault: outage",
    "fault: expired credentials",
    "answers that lag",
    "answers to abandoned actions",
    "events late",
    "events lost",
    "events twice",
    "failed events",
    "jobs that nobody answered",
    "kills",
    "processes frozen",
    "people: RetryAll",
    "people: RetryFailed",
    "people: Abandon",
    "people: Approve",
    "people: Reject",
    "people: MoveParameter",
    "people: MendPolicy",
    "people: InsertRule",
    "people: Deploy",
    "people: PushImage",
    "people: PushIndex",
    "people: MoveTag",
    "people: RedriveByHand",
    "people: StopByHand",
    "people: Redeliver",
    "people: Release",
];

#[test]
fn no_rule_is_broken_and_everything_happens() {
    let mut figures = Figures::default();
    for seed in 0..SCHEDULES {
        let played = play(Tape::seeded(seed), false);
        if let Some(violation) = played.violation {
            panic!(
                "seed {seed}: {}\n{}\ncargo run -p simulation -- --story --seed {seed}",
                violation.rule, violation.what
            );
        }
        figures.merge(&played.figures);
    }
    let missing: Vec<&&str> = REACHED.iter().filter(|what| figures.of(what) == 0).collect();
    assert!(missing.is_empty(), "never happened: {missing:#?}\n{figures}");
}

#[test]
fn a_seed_tells_the_same_story_byte_for_byte_and_so_does_its_tape() {
    for seed in 0..60 {
        let first = play(Tape::seeded(seed), true);
        let second = play(Tape::seeded(seed), true);
        assert_eq!(first.story, second.story, "seed {seed}");
        let replayed = play(Tape::recorded(first.tape), true);
        assert_eq!(first.story, replayed.story, "seed {seed}");
    }
}

#[test]
fn the_plainest_schedule_is_one_on_which_nothing_goes_wrong() {
    let played = play(Tape::recorded(Vec::new()), true);
    assert_eq!(played.violation, None);
    assert_eq!(played.figures.of("token: follows -> succeeded"), 1);
    for unwanted in ["kills", "events late", "events twice", "attempts that fail"] {
        assert_eq!(played.figures.of(unwanted), 0, "{unwanted}");
    }
}

#[test]
fn a_schedule_is_shrunk_to_the_fewest_steps_that_do_the_same() {
    let redrives = |played: &Played| played.figures.of("executions redriven") > 0;
    let seed = (0..).find(|seed| redrives(&play(Tape::seeded(*seed), false))).unwrap();
    let long = play(Tape::seeded(seed), true);
    let short = play(Tape::recorded(shrink(long.tape, redrives)), true);
    let mut story = String::new();
    for line in &short.story {
        writeln!(story, "{line}").unwrap();
    }
    assert!(redrives(&short), "{story}");
    assert!(
        short.steps <= long.steps && short.story.len() <= long.story.len(),
        "{story}"
    );
}
