//! One schedule: everything that happens in it, in the order that its tape has, until all is at rest.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use lambda_runtime::LambdaEvent;
use shared::time::Timestamp;

use crate::account::{Account, Ended, Invocation, Shared};
use crate::act::Act;
use crate::choices::Tape;
use crate::figures::Figures;
use crate::happening::{About, Delivery, Function, Happening};
use crate::kept::words::START;
use crate::lambda::{Answered, Handler, Running};
use crate::violation::Violation;

/// How long people act and faults happen; then everything comes to rest.
const LENGTH: Duration = Duration::from_secs(36 * 3600);
/// The most steps of a schedule: beyond, something goes round in circles.
const MOST_STEPS: usize = 60_000;
const HOUR: Duration = Duration::from_secs(3600);

/// What a schedule came to.
#[derive(Debug)]
pub struct Played {
    /// The first rule that was broken, if one was.
    pub violation: Option<Violation>,
    /// What happened.
    pub figures: Figures,
    /// The choices that were made.
    pub tape: Vec<u32>,
    /// How many steps it took: turns of invocations, and what happened beside them.
    pub steps: usize,
    /// What happened, line by line, if it was to be told.
    pub story: Vec<String>,
}

/// Plays a schedule; `told` is whether its story is written down.
#[must_use]
pub fn play(tape: Tape, told: bool) -> Played {
    let account = Shared::new(Account::new(tape, told));
    let mut schedule = Schedule {
        account: account.clone(),
        tasks: Vec::new(),
        idle: Vec::new(),
        version: 0,
        steps: 0,
        looks_left: 2,
        pause: HOUR,
    };
    schedule.account.lock().set_up();
    schedule.go_on(Some(START + LENGTH));
    schedule.account.lock().come_to_rest();
    schedule.go_on(None);
    let memory = schedule.idle.iter().map(|(_, process)| process.memory()).max();
    let steps = schedule.steps;
    drop(schedule);
    let mut account = account.lock();
    account.at_rest(memory.unwrap_or_default());
    account.figures.count("schedules");
    Played {
        violation: account.violation.take(),
        figures: std::mem::take(&mut account.figures),
        tape: account.tape.made().to_vec(),
        steps,
        story: account.story.take().unwrap_or_default(),
    }
}

/// An invocation under way.
struct Task {
    invocation: usize,
    delivery: Delivery,
    process: Handler,
    version: u32,
    future: Running,
    flag: Arc<Flag>,
    waker: Waker,
    /// After how many more turns it is killed.
    dies_after: Option<u32>,
}

/// Whether a task is ready.
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct Schedule {
    account: Shared,
    tasks: Vec<Task>,
    /// Processes without an invocation, with the version that they run.
    idle: Vec<(u32, Handler)>,
    version: u32,
    steps: usize,
    /// How many looks are left once nothing else is.
    looks_left: u32,
    /// How long it is to the next look.
    pause: Duration,
}

impl Schedule {
    /// Plays on until then, or until nothing is left to happen.
    fn go_on(&mut self, until: Option<Timestamp>) {
        loop {
            self.steps += 1;
            if self.steps > MOST_STEPS {
                let broken = "a schedule comes to its end";
                self.account
                    .lock()
                    .broke(broken, || format!("{MOST_STEPS} steps were not enough"));
            }
            if self.account.lock().is_decided() {
                return;
            }
            let due = self.account.lock().due();
            if let Some(happening) = due {
                self.happen(happening);
            } else if let Some(task) = self.next_ready() {
                self.step(task);
            } else {
                let mut account = self.account.lock();
                let looks = until.is_none() && account.looks_are_due();
                let is_over = self.tasks.is_empty() && !looks && !account.anything_left(until.is_some());
                let next = account.agenda.first_key_value().map(|((at, _), _)| *at);
                match next {
                    Some(next) if !is_over && until.is_none_or(|until| next <= until) => {
                        account.now = next.max(account.now)
                    }
                    _ => return,
                }
            }
        }
    }

    /// One of the tasks that are ready: the first, or another.
    fn next_ready(&self) -> Option<usize> {
        let ready: Vec<usize> = (0..self.tasks.len())
            .filter(|at| self.tasks[*at].flag.0.load(Ordering::Relaxed))
            .collect();
        let limit = u32::try_from(ready.len()).unwrap_or(u32::MAX);
        let which = self.account.lock().tape.choose(limit);
        ready.get(which as usize).copied()
    }

    /// Lets a task go on to its next await.
    fn step(&mut self, at: usize) {
        let task = &mut self.tasks[at];
        match &mut task.dies_after {
            Some(0) => return self.kill(at, "is killed"),
            Some(left) => *left -= 1,
            None => {}
        }
        task.flag.0.store(false, Ordering::Relaxed);
        self.account.lock().current = Some(task.invocation);
        let polled = task.future.as_mut().poll(&mut Context::from_waker(&task.waker));
        let mut account = self.account.lock();
        account.current = None;
        if let Poll::Ready(answered) = polled {
            drop(account);
            let task = self.tasks.remove(at);
            self.ended(task, answered);
        } else if !account.calm && task.flag.0.load(Ordering::Relaxed) && account.mood.kills > 0 {
            let stalls = account.mood.kills / 20;
            if account.tape.rarely(stalls) {
                let pause = Duration::from_secs(account.tape.pick(&[1, 20, 70]));
                task.flag.0.store(false, Ordering::Relaxed);
                account.stalled(task.invocation, pause);
                account.after(pause, Happening::Wake(task.waker.clone()));
            }
        }
    }

    fn ended(&mut self, task: Task, answered: Answered) {
        let mut account = self.account.lock();
        account.invocation_ended(task.invocation, &answered);
        if answered.ended == Ended::Error {
            account.not_handled(task.delivery, answered.shown);
        }
        if task.version == self.version {
            self.idle.push((task.version, task.process));
        }
    }

    fn kill(&mut self, at: usize, how: &str) {
        let task = self.tasks.remove(at);
        let mut account = self.account.lock();
        account.current = Some(task.invocation);
        account.tell(|| how.to_owned());
        account.current = None;
        account.figures.count("kills");
        account.invocations[task.invocation].outcome = Some(Ended::Killed);
        account.not_handled(task.delivery, "Sandbox.Timedout".to_owned());
        drop(account);
        // What the task still holds is dropped with it, as a process that ends drops it.
        drop(task.future);
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Wake(waker) => waker.wake(),
            Happening::Called(delivery) => self.call(delivery),
            Happening::GivenUp(delivery) => self.account.lock().given_up(delivery),
            Happening::Deadline { invocation } => {
                if let Some(at) = self.tasks.iter().position(|task| task.invocation == invocation) {
                    self.account.lock().passed_its_deadline(invocation);
                    self.kill(at, "is ended by Lambda at its deadline");
                }
            }
            Happening::Continues { run, token } => self.account.lock().hand_out(run, Some(token)),
            Happening::JobExpires { job } => self.account.lock().job_expires(job),
            Happening::ActionTimesOut { run } => self.account.lock().action_times_out(run),
            Happening::Ends { execution, generation } => self.account.lock().execution_ends(execution, generation),
            Happening::Acts(act) => self.act(act),
            Happening::Look(function) => self.look(function),
            Happening::Asks => {
                let event = self.account.lock().request();
                self.call(Delivery {
                    function: Function::ResolveParameters,
                    event: Arc::new(event),
                    about: About::Request,
                    attempt: 1,
                    again: false,
                });
            }
        }
    }

    fn act(&mut self, act: Act) {
        self.account.lock().act(act);
        if act == Act::Deploy {
            self.account.lock().tell(|| "somebody deploys the functions".to_owned());
            self.version += 1;
            self.idle.clear();
        }
    }

    fn look(&mut self, function: Function) {
        let mut account = self.account.lock();
        if account.calm {
            // Seldom enough to be played fast, and twice more once nothing else is left.
            self.pause = (self.pause * 2).min(12 * HOUR);
            if account.anything_left(false) {
                self.looks_left = 2;
            } else {
                self.looks_left = self.looks_left.saturating_sub(1);
                self.pause = HOUR;
            }
        }
        if self.looks_left > 0 {
            account.after(self.pause, Happening::Look(function));
        }
        account.emit(function, Account::look_event(), About::Look);
    }

    /// Lambda calls a function: in a process that is there, or in a new one.
    fn call(&mut self, delivery: Delivery) {
        let function = delivery.function;
        let mut account = self.account.lock();
        let wants_new = !account.calm && account.tape.rarely(50);
        let known = self.idle.iter().position(|(_, process)| process.function() == function);
        let invocation = account.invocations.len();
        let context = account.context(function);
        let (began, deadline) = (account.now, account.now + account.timeout(function));
        account.invocations.push(Invocation {
            function,
            about: delivery.about,
            began,
            calls: Vec::new(),
            faults: 0,
            frozen: false,
            outcome: None,
            put_to_work: None,
        });
        account.figures.count("invocations");
        account.figures.count(&format!("invocations of {}", function.name()));
        account.at(deadline, Happening::Deadline { invocation });
        let kills = account.mood.kills;
        let dies = !account.calm && delivery.about != About::Request && account.tape.rarely(kills);
        let dies_after = dies.then(|| account.tape.choose(16));
        account.tell(|| {
            let again = if delivery.again { ", once more" } else { "" };
            let (name, about, attempt) = (function.name(), delivery.about, delivery.attempt);
            format!("#{invocation} Lambda calls {name}: {about:?}, try {attempt}{again}")
        });
        drop(account);
        let (version, process) = match known.filter(|_| !wants_new) {
            Some(at) => self.idle.swap_remove(at),
            None => (self.version, Handler::new(function, &self.account)),
        };
        let flag = Arc::new(Flag(AtomicBool::new(true)));
        let payload = (*delivery.event).clone();
        self.tasks.push(Task {
            invocation,
            delivery,
            future: process.invoke(LambdaEvent::new(payload, context)),
            process,
            version,
            waker: Waker::from(flag.clone()),
            flag,
            dies_after,
        });
    }
}

impl Account {
    /// What is due by now, if anything is.
    fn due(&mut self) -> Option<Happening> {
        let entry = self.agenda.first_entry()?;
        if entry.key().0 > self.now {
            return None;
        }
        let happening = entry.remove();
        if !matches!(happening, Happening::Wake(_)) {
            self.pending -= 1;
        }
        Some(happening)
    }

    /// Whether anything is left to happen but looks.
    fn anything_left(&self, people_act: bool) -> bool {
        self.agenda.values().any(|happening| match happening {
            Happening::Wake(_) | Happening::Look(_) | Happening::Deadline { .. } => false,
            Happening::JobExpires { job } => self.pipelines.jobs[*job].state == crate::kept::pipelines::JobState::Open,
            Happening::ActionTimesOut { run } => self.pipelines.runs[*run].is_live(),
            Happening::Acts(_) => people_act,
            Happening::Ends { execution, generation } => {
                let execution = &self.states.executions[*execution];
                execution.runs() && execution.generation == *generation
            }
            Happening::Called(_) | Happening::GivenUp(_) | Happening::Continues { .. } | Happening::Asks => true,
        })
    }

    /// Whether nothing that follows matters.
    pub(crate) const fn is_decided(&self) -> bool {
        self.violation.is_some()
    }

    fn looks_are_due(&self) -> bool {
        self.agenda
            .values()
            .any(|happening| matches!(happening, Happening::Look(_)))
    }

    /// Nothing goes wrong any more, and nobody acts. What nobody waits for goes on until it is stopped.
    fn come_to_rest(&mut self) {
        self.tell(|| "everything comes to rest: no faults, no people".to_owned());
        self.calm = true;
        self.denied.clear();
        self.outages.clear();
        self.in_between.clear();
        self.agenda
            .retain(|_, happening| !matches!(happening, Happening::Acts(_)));
        for id in 0..self.states.executions.len() {
            let execution = &self.states.executions[id];
            if execution.runs() && !self.scenario.is_express() && self.waited_for(&execution.arn).is_none() {
                self.states.executions[id].fate = crate::kept::states::Fate::RunsOn;
            }
        }
    }

    fn stalled(&mut self, invocation: usize, pause: Duration) {
        self.figures.count("processes frozen");
        self.invocations[invocation].faults += 1;
        self.invocations[invocation].frozen = true;
        self.current = Some(invocation);
        self.tell(|| format!("is frozen for {pause:?}"));
        self.current = None;
    }
}
