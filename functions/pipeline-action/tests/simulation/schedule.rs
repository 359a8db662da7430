//! One schedule: a pipeline's stage, its execution, EventBridge, Lambda and people, on a clock that stands still until
//! the next thing happens. All that is left to chance is thrown by the seed's dice.
//!
//! What is left out: nobody acts within the milliseconds of an invocation. Invocations themselves run side by side, call
//! by call, and are killed at any of them.

use std::collections::BTreeMap;
use std::time::Duration;

use pipeline_action::PipelineAction;
use serde_json::{Value, json};
use shared::fakes::{CodePipeline, Fault, Run, StepFunctions};
use shared::ports::code_pipeline::{ActionExecution, ActionStatus};
use shared::ports::step_functions::{ExecutionStatus, Failure};
use shared::time::{Clock as _, Timestamp};

use crate::dice::Dice;
use crate::events::{approval_event, ended_event, look};
use crate::histories::{Ending, history};
use crate::world::{FUNCTION, PIPELINE, RUN_ID, Stage};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// How long CodePipeline waits for an answer to a job: <https://docs.aws.amazon.com/codepipeline/latest/userguide/limits.html>
const ANSWER: Duration = Duration::from_secs(20 * 60);
/// About how long CodePipeline takes between two calls.
const POLL: Duration = Duration::from_secs(30);
/// How long a schedule lasts before everybody comes to rest.
const LENGTH: Duration = Duration::from_secs(40 * 24 * 3600);

/// What waits for an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Polling,
    Event,
}

/// What happens at some time.
#[derive(Debug, Clone)]
enum Happening {
    /// The function is called, for the how-many-eth time.
    Called {
        event: Value,
        attempt: u32,
    },
    /// CodePipeline calls the action's function again, with this token.
    Continues {
        run: usize,
        token: String,
    },
    /// CodePipeline waits for no answer to this job any longer.
    GivesUp {
        job: String,
    },
    /// An execution ends, if it has not been redriven since.
    Ends {
        arn: String,
        since: Timestamp,
    },
    /// Somebody does something.
    Retries {
        all: bool,
    },
    Abandons,
    Answers {
        approved: bool,
    },
    /// It is time for the hourly look.
    Look,
}

/// What one schedule came to.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Figures {
    pub(crate) invocations: usize,
    pub(crate) killed: usize,
    pub(crate) lost: usize,
    pub(crate) duplicated: usize,
    pub(crate) attempts: usize,
    pub(crate) answers: usize,
    pub(crate) stops: usize,
}

/// A run of the action, or a retry of the approval alone: either may start or redrive one execution.
struct Act {
    id: String,
    job: String,
    over: bool,
}

mod invoking;
mod people;

pub(crate) struct Schedule {
    function: PipelineAction<Stage>,
    dice: Dice,
    way: Way,
    parameters: String,
    queue: BTreeMap<(Timestamp, usize), Happening>,
    number: usize,
    acts: Vec<Act>,
    /// The run of the approval that is waited for, or was last.
    approval: Option<String>,
    /// When the attempt began that is waited for; and whether it goes on with what an earlier one started.
    attempt_began: Timestamp,
    redrives: bool,
    /// Whether the stage is over, and can be retried; and since when.
    failed: bool,
    failed_at: Timestamp,
    done: bool,
    retries_left: u32,
    known_runs: Vec<Run>,
    calm: bool,
    pub(crate) figures: Figures,
    pub(crate) story: Vec<String>,
}

impl Schedule {
    pub(crate) fn new(seed: u64, way: Way) -> Self {
        let dice = Dice::of(seed);
        let on_retry = if dice.chance(50) { "redrive" } else { "restart" };
        let mut parameters = json!({"stateMachine": "ml", "pipelineExecutionId": RUN_ID, "onRetry": on_retry});
        if way == Way::Event {
            parameters["approval"] = json!({"pipeline": PIPELINE, "stage": "Execute", "action": "Outcome"});
        }
        let function = Stage::function();
        for calls in [Dice::of(seed ^ 0xA5A5), Dice::of(seed ^ 0x5A5A)]
            .into_iter()
            .enumerate()
        {
            match calls {
                (0, dice) => function.world().states.script(move |_| dice.fault()),
                (_, dice) => function.world().pipelines.script(move |_| dice.fault()),
            }
        }
        Self {
            function,
            dice,
            way,
            parameters: parameters.to_string(),
            queue: BTreeMap::new(),
            number: 0,
            acts: Vec::new(),
            approval: None,
            attempt_began: Timestamp::default(),
            redrives: on_retry == "redrive",
            failed: false,
            failed_at: Timestamp::default(),
            done: false,
            retries_left: 3,
            known_runs: Vec::new(),
            calm: false,
            figures: Figures::default(),
            story: Vec::new(),
        }
    }

    fn pipelines(&self) -> &CodePipeline {
        self.function.world().pipelines.inner()
    }

    fn states(&self) -> &StepFunctions {
        self.function.world().states.inner()
    }

    fn now(&self) -> Timestamp {
        self.function.world().clock.now()
    }

    fn at(&mut self, after: Duration, happening: Happening) {
        self.number += 1;
        self.queue.insert((self.now() + after, self.number), happening);
    }

    fn tell(&mut self, what: impl Into<String>) {
        let at = self.now().as_millis() / 1000 - 1_764_000_000;
        self.story.push(format!("{at:>9} s  {}", what.into()));
    }

    /// Plays the whole schedule, and then lets everything come to rest: without faults, with looks alone.
    pub(crate) fn play(&mut self) -> Result<(), String> {
        let end = self.now() + LENGTH;
        self.act();
        if self.way == Way::Event {
            self.at(HOUR, Happening::Look);
        }
        for _ in 0..2 {
            let most = if self.dice.chance(70) { 3 * HOUR } else { 12 * HOUR };
            let (when, approved) = (self.dice.between(MINUTE, most), self.dice.chance(30));
            match self.dice.below(4) {
                0 => self.at(when, Happening::Abandons),
                1 => self.at(when, Happening::Answers { approved }),
                _ => {}
            }
        }
        while let Some(((at, _), happening)) = self.queue.pop_first() {
            if at > end || self.is_at_rest(&happening) {
                break;
            }
            let now = self.now();
            self.function.world().clock.advance(at.since(now));
            self.happen(happening)?;
        }
        self.rest()
    }

    /// Whether nothing but looks is left to happen, and nothing for them to find.
    fn is_at_rest(&self, next: &Happening) -> bool {
        let is_look = |happening: &Happening| matches!(happening, Happening::Look);
        let is_over = self.done || self.failed;
        is_over && is_look(next) && self.queue.values().all(is_look)
    }

    fn rest(&mut self) -> Result<(), String> {
        self.tell("everything comes to rest");
        self.calm = true;
        self.function.world().states.script(|_| Fault::None);
        self.function.world().pipelines.script(|_| Fault::None);
        for run in self.states().runs() {
            if run.status == ExecutionStatus::Running && !self.is_unwatched(&run) {
                self.end(&run.execution_arn.clone());
            }
        }
        if self.way == Way::Polling {
            return Ok(());
        }
        for _ in 0..2 {
            self.function.world().clock.advance(HOUR);
            self.invoke(&[(look(), 1)])?;
        }
        if let Some(id) = &self.approval {
            let run = self.pipelines().action(id).ok_or("the approval is gone")?;
            if run.status == ActionStatus::InProgress && self.states().runs().iter().all(is_over) {
                return Err(format!("approval {id} has no answer although its execution has ended"));
            }
        }
        let runs = self.states().runs();
        let last = runs.last();
        if self.failed && last.is_some_and(|run| run.status == ExecutionStatus::Running && self.approval.is_some()) {
            return Err("an execution runs that nobody waits for".to_owned());
        }
        Ok(())
    }

    /// Whether nobody ever asks how an execution ended: its action failed or was abandoned before it could tell of it.
    fn is_unwatched(&self, run: &Run) -> bool {
        self.failed && self.states().runs().last() == Some(run)
    }

    fn happen(&mut self, happening: Happening) -> Result<(), String> {
        match happening {
            Happening::Called { event, attempt } => {
                let mut batch = vec![(event, attempt)];
                let now = self.now();
                // What is due at about the same time runs beside it, call by call.
                if self.dice.chance(30)
                    && let Some(entry) = self.queue.first_entry()
                    && entry.key().0.since(now) < MINUTE
                    && matches!(entry.get(), Happening::Called { .. })
                    && let Happening::Called { event, attempt } = entry.remove()
                {
                    batch.push((event, attempt));
                }
                self.invoke(&batch)?;
            }
            Happening::Continues { run, token } => self.job(run, Some(token)),
            Happening::GivesUp { job } => {
                if let Some(at) = self.acts.iter().position(|act| act.job == job && !act.over) {
                    self.tell("the action times out");
                    self.action_ended(at, ActionStatus::Failed, BTreeMap::new());
                }
            }
            Happening::Ends { arn, since } => {
                let run = self.states().runs().into_iter().find(|run| run.execution_arn == arn);
                let same = run.is_some_and(|run| {
                    run.status == ExecutionStatus::Running && run.redriven_at.unwrap_or(run.started_at) == since
                });
                if same {
                    self.end(&arn);
                }
            }
            Happening::Retries { all } => self.retry(all),
            Happening::Abandons => self.abandon(),
            Happening::Answers { approved } => self.answer(approved),
            Happening::Look => {
                self.at(HOUR, Happening::Look);
                if !self.dice.chance(10) {
                    self.invoke(&[(look(), 1)])?;
                }
                let runs = self.known_runs.last().is_some_and(|run| !is_over(run));
                if runs && self.failed && self.approval.is_some() && self.now().since(self.failed_at) > 8 * HOUR {
                    return Err("an execution runs on that nobody waits for".to_owned());
                }
            }
        }
        Ok(())
    }

    // ------------------------------------------------------------------------------------------------ CodePipeline

    /// The action runs.
    fn act(&mut self) {
        let number = self.acts.len();
        let id = format!("action-{number}");
        let run = ActionExecution {
            id: id.clone(),
            stage: "Execute".to_owned(),
            action: "Execute".to_owned(),
            configuration: BTreeMap::from([
                ("FunctionName".to_owned(), FUNCTION.to_owned()),
                ("UserParameters".to_owned(), self.parameters.clone()),
            ]),
            started_at: self.now(),
            ..ActionExecution::default()
        };
        self.pipelines().ran(PIPELINE, RUN_ID, run);
        self.acts.push(Act {
            id,
            job: String::new(),
            over: false,
        });
        self.failed = false;
        self.approval = None;
        self.figures.attempts += 1;
        self.attempt_began = self.now();
        self.tell("the action runs");
        self.job(number, None);
    }

    /// CodePipeline hands out a job of the action.
    fn job(&mut self, run: usize, token: Option<String>) {
        if self.acts[run].over {
            return;
        }
        self.number += 1;
        let job = format!("job-{run}-{}", self.number);
        self.pipelines().open(&job);
        self.acts[run].job.clone_from(&job);
        let mut data = json!({
            "actionConfiguration": {"configuration": {"FunctionName": FUNCTION, "UserParameters": self.parameters}},
            "inputArtifacts": [], "outputArtifacts": [],
        });
        if let Some(token) = token {
            data["continuationToken"] = token.into();
        }
        let event = json!({"CodePipeline.job": {"id": job, "accountId": "123456789012", "data": data}});
        // A job's event is not lost: CodePipeline calls Lambda itself. It may come twice.
        for _ in 0..=u64::from(self.dice.chance(20)) {
            let when = self.dice.between(Duration::ZERO, MINUTE);
            self.at(
                when,
                Happening::Called {
                    event: event.clone(),
                    attempt: 1,
                },
            );
        }
        self.at(ANSWER, Happening::GivesUp { job });
    }

    fn action_ended(&mut self, at: usize, status: ActionStatus, variables: BTreeMap<String, String>) {
        self.acts[at].over = true;
        let id = self.acts[at].id.clone();
        self.pipelines().change(&id, |run| {
            run.status = status;
            run.output_variables = variables;
        });
        match (status, self.way) {
            (ActionStatus::Succeeded, Way::Polling) => self.done = true,
            (ActionStatus::Succeeded, Way::Event) => self.ask(),
            _ => self.stage_failed(),
        }
    }

    /// The approval is asked for.
    fn ask(&mut self) {
        self.number += 1;
        let id = format!("approval-{}", self.number);
        let run = ActionExecution {
            id: id.clone(),
            stage: "Execute".to_owned(),
            action: "Outcome".to_owned(),
            started_at: self.now(),
            ..ActionExecution::default()
        };
        self.pipelines().ask(PIPELINE, RUN_ID, run);
        self.tell(format!("{id} is asked for"));
        self.approval = Some(id);
        self.failed = false;
        self.emit(approval_event("STARTED"));
    }

    fn stage_failed(&mut self) {
        self.failed = true;
        self.failed_at = self.now();
        if self.retries_left > 0 && !self.calm && self.dice.chance(70) {
            self.retries_left -= 1;
            let (when, all) = (self.dice.between(2 * MINUTE, 8 * HOUR), self.dice.chance(40));
            self.at(when, Happening::Retries { all });
        }
    }

    // -------------------------------------------------------------------------------------------------- executions

    fn end(&mut self, arn: &str) {
        let status = if self.dice.chance(50) {
            ExecutionStatus::Succeeded {
                output: "{}".to_owned(),
            }
        } else {
            ExecutionStatus::Failed(Failure {
                error: Some("Broken".to_owned()),
                cause: None,
            })
        };
        self.tell(format!("{arn} ends: {status:?}"));
        // Nothing catches it, or a Catch leads into a Fail state.
        let caught = self.dice.chance(40);
        self.states()
            .write_history(arn, history(if caught { Ending::Caught } else { Ending::Uncaught }));
        self.states().end(arn, status);
        self.known_runs = self.states().runs();
        self.emit(ended_event(arn, self.now()));
    }

    /// An event of EventBridge: lost, late or twice.
    fn emit(&mut self, event: Value) {
        if self.dice.chance(20) {
            self.figures.lost += 1;
            return;
        }
        let copies = if self.dice.chance(20) { 2 } else { 1 };
        self.figures.duplicated += copies - 1;
        for _ in 0..copies {
            let most = if self.dice.chance(15) { 6 * HOUR } else { 2 * MINUTE };
            let when = self.dice.between(Duration::ZERO, most);
            self.at(
                when,
                Happening::Called {
                    event: event.clone(),
                    attempt: 1,
                },
            );
        }
    }
}

fn is_over(run: &Run) -> bool {
    run.status != ExecutionStatus::Running
}
