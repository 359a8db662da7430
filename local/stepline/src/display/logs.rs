//! What jobs and builds print: all of it into a file each, and not more on the screen than one can read.

use platform::journal::Happening;
use platform::text::printable;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How many lines of one stream are shown in a window at most.
const SHOWN: usize = 40;

/// How long a window is.
const WINDOW: Duration = Duration::from_secs(1);

/// How much of a stream is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shows {
    Nothing,
    /// What one can read.
    Some,
    All,
}

/// The streams whose lines have come until now.
#[derive(Debug, Default)]
pub(super) struct Logs {
    /// Where the files are. None where there are none.
    folder: Option<PathBuf>,
    streams: BTreeMap<String, Stream>,
}

#[derive(Debug)]
struct Stream {
    file: Option<File>,
    path: Option<PathBuf>,
    window: Instant,
    shown: usize,
    left_out: usize,
    last: String,
}

impl Logs {
    pub(super) fn new(folder: Option<PathBuf>) -> Self {
        Self {
            folder,
            streams: BTreeMap::new(),
        }
    }

    /// Takes a line into its file. Says whether it is to be shown, and what is to be said before it.
    pub(super) fn take(&mut self, happening: &Happening, shows: Shows, now: Instant) -> (bool, Option<String>) {
        let Happening::LogLine { group, stream, line } = happening else {
            return (true, None);
        };
        let folder = self.folder.as_deref();
        let stream = self
            .streams
            .entry(key(group, stream))
            .or_insert_with_key(|key| Stream::open(folder, key, now));
        if let Some(file) = &mut stream.file {
            // The line is in CloudWatch Logs too.
            let _ = writeln!(file, "{line}");
        }
        match shows {
            Shows::Nothing => (false, None),
            Shows::All => (true, None),
            Shows::Some => stream.some(&printable(line), now),
        }
    }

    /// What is to be said of lines that were left out, now that something else has happened.
    pub(super) fn rest(&mut self) -> Vec<String> {
        self.streams.values_mut().filter_map(Stream::said).collect()
    }

    /// The line that says where the whole log of a stream is.
    pub(super) fn whole(&self, group: &str, stream: &str) -> Option<String> {
        let path = self.streams.get(&key(group, stream))?.path.as_deref()?;
        Some(format!("      the whole log: {}", from_here(path)))
    }
}

fn key(group: &str, stream: &str) -> String {
    format!("{group}/{stream}")
}

/// A path as one can copy it.
fn from_here(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}

impl Stream {
    fn open(folder: Option<&Path>, key: &str, now: Instant) -> Self {
        let path = folder.map(|folder| folder.join(format!("{}.log", key.trim_start_matches('/').replace("..", "_"))));
        let file = path.as_ref().and_then(|path| {
            fs::create_dir_all(path.parent()?).ok()?;
            File::create(path).ok()
        });
        Self {
            path: path.filter(|_| file.is_some()),
            file,
            window: now,
            shown: 0,
            left_out: 0,
            last: String::new(),
        }
    }

    /// Whether a line is one of those that one can read. An empty one, or the same one again, tells nobody anything.
    fn some(&mut self, line: &str, now: Instant) -> (bool, Option<String>) {
        if line.trim().is_empty() {
            return (false, None);
        }
        let mut said = None;
        if now.duration_since(self.window) >= WINDOW {
            said = self.said();
            (self.window, self.shown) = (now, 0);
        }
        let is_shown = self.shown < SHOWN && self.last != line;
        if is_shown {
            self.shown += 1;
        } else {
            self.left_out += 1;
        }
        line.clone_into(&mut self.last);
        (is_shown, said)
    }

    fn said(&mut self) -> Option<String> {
        let left_out = std::mem::take(&mut self.left_out);
        let place = self.path.as_deref().map(|path| format!(": {}", from_here(path)));
        let lines = if left_out == 1 { "line" } else { "lines" };
        (left_out > 0).then(|| format!("      … {left_out} more {lines}{}", place.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(line: &str) -> Happening {
        Happening::LogLine {
            group: "/aws/sagemaker/TrainingJobs".into(),
            stream: "job/algo-1".into(),
            line: line.into(),
        }
    }

    #[test]
    fn more_than_one_can_read_is_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut logs = Logs::new(Some(folder.path().to_owned()));
        let now = Instant::now();
        let is_shown = |number: &usize| logs.take(&line(&number.to_string()), Shows::Some, now).0;
        assert_eq!((0..100).filter(is_shown).count(), SHOWN);
        let path = folder.path().join("aws/sagemaker/TrainingJobs/job/algo-1.log");
        let said = format!("      … 60 more lines: {}", path.display());
        assert_eq!(logs.take(&line("100"), Shows::Some, now + WINDOW), (true, Some(said)));
        assert!(logs.rest().is_empty());
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 101);
        let whole = format!("      the whole log: {}", path.display());
        assert_eq!(logs.whole("/aws/sagemaker/TrainingJobs", "job/algo-1"), Some(whole));
    }

    #[test]
    fn what_tells_nothing_is_left_out_and_what_was_printed_stays_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut logs = Logs::new(Some(folder.path().to_owned()));
        let now = Instant::now();
        let bar = "\u{1b}[32m1/2\r2/2\u{1b}[0m";
        for (printed, is_shown) in [
            (bar, true),
            ("", false),
            ("\r\u{1b}[K", false),
            ("2/2", false),
            ("x", true),
        ] {
            assert_eq!(logs.take(&line(printed), Shows::Some, now).0, is_shown, "{printed:?}");
        }
        assert!(logs.rest()[0].contains("1 more line:"));
        // All of it, or nothing of it, leaves nothing out that would have to be told.
        for shows in [Shows::All, Shows::Nothing] {
            for _ in 0..2 {
                assert_eq!(logs.take(&line("y"), shows, now), (shows == Shows::All, None));
            }
        }
        assert!(logs.rest().is_empty());
        let path = folder.path().join("aws/sagemaker/TrainingJobs/job/algo-1.log");
        let kept = fs::read_to_string(path).unwrap();
        assert!(kept.starts_with(&format!("{bar}\n\n\r\u{1b}[K\n2/2\n")), "{kept:?}");
    }
}
