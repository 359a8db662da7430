//! What the command shows: the journal as it grows, and one line at the end.
//!
//! On a terminal a spinner says what is under way; elsewhere there are plain lines; with `--json` there is the journal
//! itself.

mod logs;
mod reports;
mod routine;
mod text;
mod tone;
mod under_way;
mod unshown;
mod words;

pub(crate) use reports::failed_tests;
pub(crate) use words::seconds;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use logs::{Logs, Shows};
use platform::journal::{Entry, Follower, Happening, Journal, Unheard};
use routine::Routine;
use services::lambda::Progress;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tone::Tone;
use under_way::UnderWay;
use unshown::Unshown;

/// How often the spinner turns.
const TICK: Duration = Duration::from_millis(100);

/// How long an approval is waited for to be shown.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often it is looked whether something has gone on for long, where there is no terminal.
const LOOK: Duration = Duration::from_secs(1);

/// The step in which cargo builds.
const BUILDING: &str = "Building the functions";

/// Where and how things are shown.
#[derive(Clone)]
pub(crate) struct Display {
    is_json: bool,
    is_verbose: bool,
    /// Whether what happens again and again is left out.
    is_quiet: bool,
    to_stderr: bool,
    has_colours: bool,
    /// Where the whole logs are written.
    logs: Option<PathBuf>,
    spinner: Option<ProgressBar>,
    /// What is to be shown when a question has its answer, while there is one.
    held: Arc<Mutex<Option<Vec<String>>>>,
    /// The token of the approval that was shown last.
    approval: Arc<watch::Sender<String>>,
    under_way: Arc<Mutex<UnderWay>>,
}

impl Display {
    /// JSON or words, with the functions' own lines or without them.
    pub(crate) fn new(is_json: bool, is_verbose: bool) -> Self {
        let is_terminal = std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
        let under_way = Arc::<Mutex<UnderWay>>::default();
        let spinner = (is_terminal && !is_json).then(|| {
            let spinner = ProgressBar::new_spinner();
            spinner.set_style(style(Arc::clone(&under_way)));
            spinner.enable_steady_tick(TICK);
            spinner
        });
        Self {
            is_json,
            is_verbose,
            is_quiet: false,
            to_stderr: false,
            has_colours: tone::has_colours(std::io::stdout().is_terminal()) && !is_json,
            logs: None,
            spinner,
            held: Arc::default(),
            approval: Arc::default(),
            under_way,
        }
    }

    /// Waits until the approval with this token is shown, and then shows nothing more until [`Self::go_on`]: a question
    /// is to stay on the screen until it is answered.
    pub(crate) async fn hold(&self, token: &str) {
        let mut approval = self.approval.subscribe();
        // What was too fast to show is never shown.
        let _ = tokio::time::timeout(PATIENCE, approval.wait_for(|shown| shown == token)).await;
        self.held().get_or_insert_default();
        if let Some(spinner) = &self.spinner {
            spinner.disable_steady_tick();
            spinner.set_draw_target(ProgressDrawTarget::hidden());
            // What it drew last is still there.
            let _ = write!(std::io::stderr(), "\r\x1b[2K");
        }
    }

    /// Shows what was held back, and goes on.
    pub(crate) fn go_on(&self) {
        let held = self.held().take();
        if let Some(spinner) = &self.spinner {
            spinner.set_draw_target(ProgressDrawTarget::stderr());
            spinner.enable_steady_tick(TICK);
        }
        for line in held.into_iter().flatten() {
            self.write(&line);
        }
    }

    fn held(&self) -> MutexGuard<'_, Option<Vec<String>>> {
        lock(&self.held)
    }

    /// Nothing of the spinner may be called while this is held: it reads this itself.
    fn under_way(&self) -> MutexGuard<'_, UnderWay> {
        lock(&self.under_way)
    }

    /// The same without polls and without calls of functions that went well, unless the display is verbose.
    pub(crate) fn quiet(mut self) -> Self {
        self.is_quiet = !self.is_verbose;
        self
    }

    /// The same, with standard output left to what a shell is to read.
    pub(crate) fn on_stderr(mut self) -> Self {
        self.to_stderr = true;
        self.has_colours = tone::has_colours(std::io::stderr().is_terminal()) && !self.is_json;
        self
    }

    /// The same, with the whole log of each job and build in a file below this folder.
    pub(crate) fn with_logs(mut self, folder: PathBuf) -> Self {
        self.logs = Some(folder);
        self
    }

    /// Says which step of the command is under way, until the next one or [`Self::rest`].
    pub(crate) fn busy(&self, what: &str) {
        let now = Instant::now();
        self.under_way().step(format!("{what} …"), now);
        if self.spinner.is_none() {
            self.under_way().has_said(now);
            complain!("{what} …");
        }
    }

    /// The steps of the command are over: what is under way now, the journal says.
    pub(crate) fn rest(&self) {
        self.under_way().rest();
    }

    /// The step in which cargo builds begins.
    pub(crate) fn begin_building(&self) {
        self.busy(BUILDING);
    }

    /// Says how far cargo is. What it prints comes and goes, unless the display is verbose.
    pub(crate) fn building(&self, progress: Progress<'_>) {
        match progress {
            Progress::Doing(line) | Progress::Line(line) if self.is_verbose => match &self.spinner {
                Some(spinner) => spinner.suspend(|| complain!("{line}")),
                None => complain!("{line}"),
            },
            progress => {
                if let Some(text) = words::building(BUILDING, progress) {
                    self.under_way().say(text);
                }
            }
        }
    }

    /// Shows the journal as it grows, until [`Shown::end`].
    pub(crate) fn follow(&self, journal: &Journal) -> Shown {
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(show(self.clone(), journal.follow(), stopped));
        Shown {
            display: self.clone(),
            stop,
            task,
        }
    }

    fn entry(&self, entry: &Entry, remembered: &mut Remembered) {
        self.under_way().see(&entry.happening, Instant::now());
        self.lines(entry, remembered);
        if let Happening::ApprovalAsked { token, .. } = &entry.happening {
            self.approval.send_replace(token.clone());
        }
    }

    fn lines(&self, entry: &Entry, remembered: &mut Remembered) {
        let Remembered { unshown, routine, logs } = remembered;
        if self.is_json {
            match serde_json::to_string(entry) {
                Ok(line) => self.put(tone::tame_json(&line)),
                Err(error) => complain!("stepline: cannot show an entry of the journal: {error}"),
            }
            return;
        }
        let shows = match (self.is_verbose, unshown.keep(&entry.happening)) {
            (true, _) => Shows::All,
            (false, true) => Shows::Nothing,
            (false, false) => Shows::Some,
        };
        let is_left_out = self.is_quiet && routine.is(&entry.happening);
        let (is_shown, said) = logs.take(&entry.happening, shows, Instant::now());
        let mut said: Vec<String> = said.into_iter().collect();
        if !matches!(entry.happening, Happening::LogLine { .. }) {
            said.extend(logs.rest());
        }
        for line in said {
            self.print(&line, Tone::Faint);
        }
        if is_shown && !is_left_out {
            let shortened = routine::without_known_variables(&entry.happening).filter(|_| self.is_quiet);
            let happening = shortened.as_ref().unwrap_or(&entry.happening);
            for line in words::lines(happening) {
                self.print(&line, tone::of(happening, &line));
            }
        }
        let unshown::Shown { lines, log } = unshown.after(&entry.happening);
        if !self.is_verbose {
            let log = log.and_then(|(group, stream)| logs.whole(&group, &stream));
            for line in lines.into_iter().chain(log) {
                self.print(&line, Tone::Faint);
            }
        }
    }

    /// Where there is no spinner: says what goes on if it has gone on for long.
    fn look(&self) {
        // A question stays the last thing on the screen.
        if self.spinner.is_none() && self.held().is_none() {
            let due = self.under_way().due(Instant::now());
            if let Some(text) = due {
                complain!("{}", tone::tame(&text));
            }
        }
    }

    fn print(&self, line: &str, tone: Tone) {
        let line = tone::tame(line);
        self.put(if self.has_colours { tone.paint(&line) } else { line });
    }

    fn put(&self, line: String) {
        self.under_way().has_said(Instant::now());
        match self.held().as_mut() {
            Some(held) => held.push(line),
            None => self.write(&line),
        }
    }

    fn write(&self, line: &str) {
        let write = || {
            // A reader that went away (`| head`) is no reason to stop what is under way.
            let _ = if self.to_stderr {
                writeln!(std::io::stderr().lock(), "{line}")
            } else {
                writeln!(std::io::stdout().lock(), "{line}")
            };
        };
        match &self.spinner {
            Some(spinner) => spinner.suspend(write),
            None => write(),
        }
    }
}

/// The spinner, and beside it what is under way.
fn style(under_way: Arc<Mutex<UnderWay>>) -> ProgressStyle {
    let words = move |_: &ProgressState, to: &mut dyn std::fmt::Write| {
        // What cannot be drawn now is drawn at the next tick.
        let _ = to.write_str(&tone::tame(&lock(&under_way).words(Instant::now())));
    };
    let style = ProgressStyle::with_template("{spinner} {words}");
    style.map_or_else(
        |_| ProgressStyle::default_spinner(),
        |style| style.with_key("words", words),
    )
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What showing one thing needs of those before.
struct Remembered {
    unshown: Unshown,
    routine: Routine,
    logs: Logs,
}

/// A journal that is being shown.
pub(crate) struct Shown {
    display: Display,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Shown {
    /// Where it is shown.
    pub(crate) fn display(&self) -> &Display {
        &self.display
    }

    /// Shows what is left of the journal, then these lines, and then the last line.
    pub(crate) async fn end(self, lines: &[String], last: &str) {
        // Either fails only if the task is over, and then everything has been shown.
        let _ = self.stop.send(());
        let _ = self.task.await;
        if let Some(spinner) = &self.display.spinner {
            spinner.finish_and_clear();
        }
        for line in lines {
            match self.display.is_json {
                true => complain!("{}", tone::tame(line)),
                false => self.display.print(line, Tone::Plain),
            }
        }
        let last = text::one_line(last);
        if self.display.is_json {
            complain!("{last}");
        } else {
            let status = last.split(':').next().unwrap_or_default();
            self.display.print(&last, tone::of_status(status));
        }
    }
}

async fn show(display: Display, mut journal: Follower, mut stopped: oneshot::Receiver<()>) {
    let mut remembered = Remembered {
        unshown: Unshown::default(),
        routine: Routine::default(),
        logs: Logs::new(display.logs.clone()),
    };
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            biased;
            entry = journal.recv() => match entry {
                Ok(entry) => display.entry(&entry, &mut remembered),
                Err(Unheard::Lagged(missed)) => {
                    display.print(&format!("({missed} entries were too fast to show)"), Tone::Faint);
                },
                Err(Unheard::Closed) => return,
            },
            _ = look.tick() => display.look(),
            _ = &mut stopped => break,
        }
    }
    loop {
        match journal.try_recv() {
            Ok(Some(entry)) => display.entry(&entry, &mut remembered),
            Ok(None) | Err(Unheard::Closed) => return,
            Err(Unheard::Lagged(_)) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_is_shown_while_a_question_waits_for_its_answer() {
        let display = Display::new(false, false);
        display.approval.send_replace("token".to_owned());
        display.hold("token").await;
        display.clone().print("a line", Tone::Plain);
        assert_eq!(display.held().as_deref(), Some(&["a line".to_owned()][..]));
        display.go_on();
        assert!(display.held().is_none());
    }
}
