//! What is under way, and since when: for the spinner of a terminal, and for the few lines that stand in its place where
//! there is no terminal.

use platform::journal::Happening;
use platform::text::printable;
use std::time::{Duration, Instant};

/// Nobody needs to be told that something goes on that has just begun.
const SOON: Duration = Duration::from_secs(2);

/// Without a terminal, what takes this long is told.
const LONG: Duration = Duration::from_secs(5);

/// Without a terminal, it is told again when nothing has been said for this long.
const SILENCE: Duration = Duration::from_secs(30);

/// As much of a line as is shown beside the spinner.
const WIDTH: usize = 72;

/// Everything that has begun and has not ended, the newest last.
#[derive(Debug, Default)]
pub(super) struct UnderWay {
    open: Vec<Open>,
    /// When something was said last.
    said: Option<Instant>,
    /// The begin of what was told last without a terminal.
    told: Option<Instant>,
}

#[derive(Debug)]
struct Open {
    what: What,
    text: String,
    /// What it says itself: the last line of a build.
    line: String,
    since: Instant,
}

/// What can be under way, from the outside to the inside.
#[derive(Debug, PartialEq, Eq)]
enum What {
    /// A step of the command itself.
    Step,
    Stage(String),
    Action(String, String),
    Approval(String, String),
    /// A build, by its stream.
    Build(String),
    State(String, String),
    Job(String),
}

impl UnderWay {
    /// Begins a step of the command, which ends when another one begins, or with [`Self::rest`].
    pub(super) fn step(&mut self, text: String, now: Instant) {
        self.rest();
        self.begin(What::Step, text, now);
    }

    /// Says how far the step is.
    pub(super) fn say(&mut self, text: String) {
        if let Some(step) = self.open.iter_mut().find(|open| open.what == What::Step) {
            step.text = text;
        }
    }

    /// The command has no step of its own any more.
    pub(super) fn rest(&mut self) {
        self.end(|what| *what == What::Step);
    }

    /// Takes into account what has happened.
    pub(super) fn see(&mut self, happening: &Happening, now: Instant) {
        match happening {
            Happening::StageStarted { stage } => self.begin(What::Stage(stage.clone()), stage.clone(), now),
            Happening::StageEnded { stage, .. } => self.end(|what| match what {
                What::Stage(of) | What::Action(of, _) | What::Approval(of, _) => of == stage,
                _ => false,
            }),
            // A pipeline that was stopped ends in the midst of a stage.
            Happening::PipelineEnded { .. } => {
                self.end(|what| matches!(what, What::Stage(_) | What::Action(..) | What::Approval(..)));
            }
            Happening::ActionStarted { stage, action, .. } => {
                self.begin(What::Action(stage.clone(), action.clone()), action.clone(), now);
            }
            Happening::ActionEnded { stage, action, .. } => self.end(|what| match what {
                What::Action(of, it) | What::Approval(of, it) => of == stage && it == action,
                _ => false,
            }),
            Happening::ApprovalAsked { stage, action, .. } => {
                let what = What::Approval(stage.clone(), action.clone());
                self.begin(what, "waits for an approval".to_owned(), now);
            }
            Happening::ApprovalAnswered { stage, action, .. } => {
                let answered = What::Approval(stage.clone(), action.clone());
                self.end(|what| *what == answered);
            }
            Happening::BuildPhase {
                build, phase, status, ..
            } => self.see_phase(build, phase, status.as_deref(), now),
            Happening::LogLine { stream, line, .. } => {
                let of_build = |open: &&mut Open| matches!(&open.what, What::Build(it) if it == stream);
                if let Some(build) = self.open.iter_mut().find(of_build) {
                    line.trim().clone_into(&mut build.line);
                }
            }
            Happening::StateEntered {
                execution_arn, state, ..
            } => self.begin(What::State(execution_arn.clone(), state.clone()), state.clone(), now),
            Happening::StateExited {
                execution_arn, state, ..
            } => {
                let exited = What::State(execution_arn.clone(), state.clone());
                self.end(|what| *what == exited);
            }
            Happening::ExecutionEnded { execution_arn, .. } => {
                self.end(|what| matches!(what, What::State(of, _) if of == execution_arn));
            }
            Happening::WorkerAwaited { .. } => self.see_worker_awaited(happening),
            Happening::Job { kind, job, status, .. } => {
                let what = What::Job(job.clone());
                match status.as_str() {
                    "InProgress" | "Stopping" => {
                        self.begin(what, format!("{kind}Job {} {status}", short(job)), now);
                    }
                    _ => self.end(|it| *it == what),
                }
            }
            _ => {}
        }
    }

    /// A state says that it waits for a worker.
    fn see_worker_awaited(&mut self, happening: &Happening) {
        let Happening::WorkerAwaited {
            execution_arn,
            state,
            activity_arn,
        } = happening
        else {
            return;
        };
        let of = What::State(execution_arn.clone(), state.clone());
        if let Some(open) = self.open.iter_mut().find(|open| open.what == of) {
            let activity = activity_arn.rsplit(':').next().unwrap_or(activity_arn);
            open.text = format!("{state} waits for a worker of {activity}");
        }
    }

    fn see_phase(&mut self, build: &str, phase: &str, status: Option<&str>, now: Instant) {
        let what = What::Build(stream(build).to_owned());
        match (phase, status) {
            ("COMPLETED", _) => self.end(|it| *it == what),
            (_, None) => self.begin(what, phase.to_owned(), now),
            (_, Some(_)) => {}
        }
    }

    /// Something begins, or goes on as something else.
    fn begin(&mut self, what: What, text: String, now: Instant) {
        self.end(|it| *it == what);
        self.open.push(Open {
            what,
            text,
            line: String::new(),
            since: now,
        });
    }

    fn end(&mut self, has_ended: impl Fn(&What) -> bool) {
        self.open.retain(|open| !has_ended(&open.what));
    }

    /// What is under way, from the outside to the inside. A state or a job says enough without its pipeline.
    fn parts(&self) -> Vec<&Open> {
        let newest = |is_it: &dyn Fn(&What) -> bool| self.open.iter().rev().find(|open| is_it(&open.what));
        let state = newest(&|what| matches!(what, What::State(..)));
        let job = newest(&|what| matches!(what, What::Job(_)));
        if state.is_some() || job.is_some() {
            return state.into_iter().chain(job).collect();
        }
        let stage = newest(&|what| matches!(what, What::Stage(_)));
        let is_here = |of: &str| matches!(stage.map(|open| &open.what), Some(What::Stage(stage)) if stage == of);
        let outside = [
            newest(&|what| *what == What::Step),
            stage,
            newest(&|what| matches!(what, What::Action(of, _) if is_here(of))),
            newest(&|what| matches!(what, What::Approval(of, _) if is_here(of))),
            newest(&|what| matches!(what, What::Build(_))),
        ];
        outside.into_iter().flatten().collect()
    }

    /// What is under way in words, and for how long where that is worth a word.
    pub(super) fn words(&self, now: Instant) -> String {
        let parts = self.parts();
        let Some(last) = parts.last() else {
            return String::new();
        };
        let mut texts: Vec<&str> = parts.iter().map(|open| open.text.as_str()).collect();
        // A stage and its only action have one name.
        texts.dedup();
        let line = printable(&last.line);
        texts.extend([line.as_str()].iter().filter(|line| !line.is_empty()));
        let text = cut(&texts.join(" · "));
        match now.saturating_duration_since(last.since) {
            took if took < SOON => text,
            took => format!("{text} {}", elapsed(took)),
        }
    }

    /// Something was said just now.
    pub(super) fn has_said(&mut self, now: Instant) {
        self.said = Some(now);
    }

    /// Without a terminal: what is to be said of what goes on, if it has gone on for long.
    pub(super) fn due(&mut self, now: Instant) -> Option<String> {
        let since = self.parts().last()?.since;
        let passed = |from: Instant| now.saturating_duration_since(from);
        let is_new = self.told != Some(since);
        let patience = if is_new { LONG } else { SILENCE };
        if passed(since) < LONG || self.said.is_some_and(|said| passed(said) < patience) {
            return None;
        }
        (self.told, self.said) = (Some(since), Some(now));
        Some(self.words(now))
    }
}

/// The part of a build's id that its log's stream is named after.
pub(super) fn stream(build: &str) -> &str {
    build.rsplit(':').next().unwrap_or(build)
}

/// The begin of a long name.
fn short(name: &str) -> String {
    match name.char_indices().nth(12) {
        Some(_) => format!("{}…", name.chars().take(8).collect::<String>()),
        None => name.to_owned(),
    }
}

/// A text that fits into a line.
fn cut(text: &str) -> String {
    match text.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{} …", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

/// `12 s`, `3 min 5 s`.
fn elapsed(took: Duration) -> String {
    match took.as_secs() {
        seconds @ 0..60 => format!("{seconds} s"),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(status: &str) -> Happening {
        Happening::Job {
            kind: "Training".into(),
            job: "7076b85f-0000-t0-0-0".into(),
            status: status.into(),
            message: None,
            metrics: Vec::new(),
        }
    }

    fn state(state: &str, is_entered: bool) -> Happening {
        let (execution_arn, state, state_type) = ("arn".to_owned(), state.to_owned(), "Task".to_owned());
        match is_entered {
            true => Happening::StateEntered {
                execution_arn,
                state,
                state_type,
            },
            false => Happening::StateExited {
                execution_arn,
                state,
                state_type,
                error: None,
                took: Duration::ZERO,
                mocked: false,
            },
        }
    }

    fn phase(phase: &str) -> Happening {
        Happening::BuildPhase {
            build: "build-dev:0001".into(),
            phase: phase.into(),
            status: None,
            took: None,
        }
    }

    fn line(line: &str) -> Happening {
        Happening::LogLine {
            group: "/team/builds".into(),
            stream: "0001".into(),
            line: line.into(),
        }
    }

    fn stage(stage: &str) -> Happening {
        Happening::StageStarted { stage: stage.into() }
    }

    fn action(stage: &str, action: &str) -> Happening {
        Happening::ActionStarted {
            stage: stage.into(),
            action: action.into(),
            provider: "CodeBuild".into(),
        }
    }

    fn approval(is_asked: bool) -> Happening {
        let (pipeline, stage, action) = ("p".to_owned(), "Approve".to_owned(), "Approve".to_owned());
        match is_asked {
            true => Happening::ApprovalAsked {
                pipeline,
                stage,
                action,
                token: String::new(),
                text: String::new(),
            },
            false => Happening::ApprovalAnswered {
                pipeline,
                stage,
                action,
                approved: true,
                summary: String::new(),
            },
        }
    }

    #[test]
    fn the_newest_of_what_has_not_ended_is_told_with_its_time() {
        let begin = Instant::now();
        let mut under_way = UnderWay::default();
        assert_eq!(under_way.words(begin), "");
        under_way.step("Building the functions …".into(), begin);
        under_way.say("Building the functions: 3 of 9, tokio …".into());
        let now = begin + Duration::from_secs(41);
        assert_eq!(under_way.words(now), "Building the functions: 3 of 9, tokio … 41 s");
        under_way.rest();
        let ended = Happening::StageEnded {
            stage: "Build".into(),
            status: "Succeeded".into(),
            took: Duration::ZERO,
        };
        let long = format!("Collecting {}", "x".repeat(100));
        let long_shown = format!("Build · INSTALL · Collecting {} …", "x".repeat(WIDTH - 29));
        for (happening, expected) in [
            (stage("Build"), "Build"),
            (action("Build", "Build"), "Build"),
            (phase("INSTALL"), "Build · INSTALL"),
            (line("\u{1b}[32m1/2\r2/2\u{1b}[0m"), "Build · INSTALL · 2/2"),
            (line(&long), &long_shown),
            (phase("BUILD"), "Build · BUILD"),
            (phase("COMPLETED"), "Build"),
            (ended, ""),
            (stage("Execute"), "Execute"),
            (action("Execute", "Train"), "Execute · Train"),
            (state("Train", true), "Train"),
            (job("InProgress"), "Train · TrainingJob 7076b85f… InProgress"),
            (job("Completed"), "Train"),
            (state("Train", false), "Execute · Train"),
            (stage("Approve"), "Approve"),
        ] {
            under_way.see(&happening, now);
            assert_eq!(under_way.words(now), expected, "{happening:?}");
        }
        let later = now + Duration::from_secs(65);
        assert_eq!(under_way.words(later), "Approve 1 min 5 s");
        under_way.see(&approval(true), later);
        assert_eq!(under_way.words(later), "Approve · waits for an approval");
        under_way.see(&approval(false), later);
        assert_eq!(under_way.words(later), "Approve 1 min 5 s");
        let stopped = Happening::PipelineEnded {
            pipeline: "p".into(),
            execution_id: "e".into(),
            status: "Stopped".into(),
            reason: None,
            took: Duration::ZERO,
        };
        under_way.see(&stopped, later);
        assert_eq!(under_way.words(later), "");
    }

    #[test]
    fn without_a_terminal_only_what_takes_long_is_told_and_not_often() {
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let mut under_way = UnderWay::default();
        assert_eq!(under_way.due(at(100)), None);
        under_way.see(&state("Train", true), at(0));
        let mut told: Vec<(u64, String)> = Vec::new();
        for second in 0..100 {
            // A job that prints keeps it silent.
            if second == 50 {
                under_way.has_said(at(50));
            }
            told.extend(under_way.due(at(second)).map(|text| (second, text)));
        }
        assert_eq!(
            told,
            [(5, "Train 5 s"), (35, "Train 35 s"), (80, "Train 1 min 20 s")].map(|(at, text)| (at, text.to_owned()))
        );
        // Another one is told once it is long, too.
        under_way.see(&state("Train", false), at(100));
        under_way.see(&state("Evaluate", true), at(100));
        assert_eq!(under_way.due(at(104)), None);
        assert_eq!(under_way.due(at(106)).as_deref(), Some("Evaluate 6 s"));
    }
}
