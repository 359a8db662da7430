//! What jobs and builds print: all of it into a file each, and not more on the screen than one can read.

use platform::journal::Happening;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How many lines of one stream are shown in a window at most.
const SHOWN: usize = 40;

/// How long a window is.
const WINDOW: Duration = Duration::from_secs(1);

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
}

impl Logs {
    pub(super) fn new(folder: Option<PathBuf>) -> Self {
        Self {
            folder,
            streams: BTreeMap::new(),
        }
    }

    /// Takes a line into its file. Says whether it is to be shown, and what is to be said before it.
    pub(super) fn take(&mut self, happening: &Happening, now: Instant) -> (bool, Option<String>) {
        let Happening::LogLine { group, stream, line } = happening else {
            return (true, None);
        };
        let folder = self.folder.as_deref();
        let stream = self
            .streams
            .entry(format!("{group}/{stream}"))
            .or_insert_with_key(|key| Stream::open(folder, key, now));
        if let Some(file) = &mut stream.file {
            // The line is in CloudWatch Logs too.
            let _ = writeln!(file, "{line}");
        }
        // A function's lines are shown to whoever asks for all of them.
        if group.starts_with("/aws/lambda/") {
            return (true, None);
        }
        let mut said = None;
        if now.duration_since(stream.window) >= WINDOW {
            said = stream.said();
            (stream.window, stream.shown) = (now, 0);
        }
        let is_shown = stream.shown < SHOWN;
        if is_shown {
            stream.shown += 1;
        } else {
            stream.left_out += 1;
        }
        (is_shown, said)
    }

    /// What is to be said of lines that were left out, now that something else has happened.
    pub(super) fn rest(&mut self) -> Vec<String> {
        self.streams.values_mut().filter_map(Stream::said).collect()
    }
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
        }
    }

    fn said(&mut self) -> Option<String> {
        let left_out = std::mem::take(&mut self.left_out);
        let place = self.path.as_ref().map(|path| format!(": {}", path.display()));
        let lines = if left_out == 1 { "line" } else { "lines" };
        (left_out > 0).then(|| format!("      … {left_out} more {lines}{}", place.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: usize) -> Happening {
        Happening::LogLine {
            group: "/aws/sagemaker/TrainingJobs".into(),
            stream: "job/algo-1".into(),
            line: number.to_string(),
        }
    }

    #[test]
    fn more_than_one_can_read_is_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut logs = Logs::new(Some(folder.path().to_owned()));
        let now = Instant::now();
        let shown = (0..100).filter(|number| logs.take(&line(*number), now).0).count();
        assert_eq!(shown, SHOWN);
        let path = folder.path().join("aws/sagemaker/TrainingJobs/job/algo-1.log");
        let said = format!("      … 60 more lines: {}", path.display());
        assert_eq!(logs.take(&line(100), now + WINDOW), (true, Some(said)));
        assert!(logs.rest().is_empty());
        assert_eq!(fs::read_to_string(path).unwrap().lines().count(), 101);
    }
}
