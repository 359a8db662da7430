//! What the command shows: the journal as it grows, and one line at the end.
//!
//! On a terminal a spinner says what is under way; elsewhere there are plain lines; with `--json` there is the journal
//! itself.

mod logs;
mod reports;
mod text;
mod tone;
mod unshown;
mod words;

pub(crate) use reports::failed_tests;
pub(crate) use words::seconds;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use logs::Logs;
use platform::journal::{Entry, Happening, Journal};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tone::Tone;
use unshown::Unshown;

/// How often the spinner turns.
const TICK: Duration = Duration::from_millis(100);

/// How long an approval is waited for to be shown.
const PATIENCE: Duration = Duration::from_secs(5);

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
}

impl Display {
    /// JSON or words, with the functions' own lines or without them.
    pub(crate) fn new(is_json: bool, is_verbose: bool) -> Self {
        let is_terminal = std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
        let spinner = (is_terminal && !is_json).then(|| {
            let spinner = ProgressBar::new_spinner();
            spinner.set_style(ProgressStyle::default_spinner());
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

    fn held(&self) -> std::sync::MutexGuard<'_, Option<Vec<String>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// Says what is under way.
    pub(crate) fn busy(&self, what: &str) {
        match &self.spinner {
            Some(spinner) => spinner.set_message(what.to_owned()),
            None => eprintln!("{what} …"),
        }
    }

    /// Passes on a line of cargo's. On a terminal it comes and goes.
    pub(crate) fn cargo(&self, line: &str) {
        match &self.spinner {
            Some(spinner) => spinner.set_message(line.trim().to_owned()),
            // Where nothing is to be compiled there is nothing to be told.
            None if line.trim_start().starts_with("Finished") => {}
            None => eprintln!("{line}"),
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
        self.lines(entry, remembered);
        if let Happening::ApprovalAsked { token, .. } = &entry.happening {
            self.approval.send_replace(token.clone());
        }
    }

    fn lines(&self, entry: &Entry, Remembered { unshown, logs }: &mut Remembered) {
        if self.is_json {
            match serde_json::to_string(entry) {
                Ok(line) => self.print(&line, Tone::Plain),
                Err(error) => eprintln!("stepline: cannot show an entry of the journal: {error}"),
            }
            return;
        }
        if let (Some(spinner), Some(doing)) = (&self.spinner, words::under_way(&entry.happening)) {
            spinner.set_message(doing);
        }
        let is_left_out = self.is_quiet && words::is_routine(&entry.happening);
        let (is_shown, said) = logs.take(&entry.happening, Instant::now());
        let mut said: Vec<String> = said.into_iter().collect();
        if !matches!(entry.happening, Happening::LogLine { .. }) {
            said.extend(logs.rest());
        }
        for line in said {
            self.print(&line, Tone::Faint);
        }
        for line in words::lines(&entry.happening, self.is_verbose)
            .iter()
            .filter(|_| !is_left_out && (is_shown || self.is_verbose))
        {
            self.print(line, tone::of(&entry.happening, line));
        }
        if !self.is_verbose {
            for line in unshown.after(&entry.happening) {
                self.print(&line, Tone::Faint);
            }
        }
    }

    fn print(&self, line: &str, tone: Tone) {
        let line = tone::tame(line);
        let line = if self.has_colours { tone.paint(&line) } else { line };
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

/// What showing one thing needs of those before.
struct Remembered {
    unshown: Unshown,
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
                true => eprintln!("{}", tone::tame(line)),
                false => self.display.print(line, Tone::Plain),
            }
        }
        let last = text::one_line(last);
        if self.display.is_json {
            eprintln!("{last}");
        } else {
            let status = last.split(':').next().unwrap_or_default();
            self.display.print(&last, tone::of_status(status));
        }
    }
}

async fn show(display: Display, mut journal: Receiver<Entry>, mut stopped: oneshot::Receiver<()>) {
    let mut remembered = Remembered {
        unshown: Unshown::default(),
        logs: Logs::new(display.logs.clone()),
    };
    loop {
        tokio::select! {
            biased;
            entry = journal.recv() => match entry {
                Ok(entry) => display.entry(&entry, &mut remembered),
                Err(RecvError::Lagged(missed)) => {
                    display.print(&format!("({missed} entries were too fast to show)"), Tone::Faint);
                },
                Err(RecvError::Closed) => return,
            },
            _ = &mut stopped => break,
        }
    }
    loop {
        match journal.try_recv() {
            Ok(entry) => display.entry(&entry, &mut remembered),
            Err(TryRecvError::Lagged(_)) => {}
            Err(TryRecvError::Empty | TryRecvError::Closed) => return,
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
