//! The lines of functions and of builds, which nobody wants to see until one fails.

use super::under_way;
use platform::journal::Happening;
use platform::text::printable;
use std::collections::BTreeMap;

/// So many lines of a function are kept: an error's last words, not its life.
const OF_FUNCTION: usize = 12;

/// So many lines of a build are kept.
const OF_BUILD: usize = 20;

/// What was written and not shown.
#[derive(Debug, Default)]
pub(super) struct Unshown {
    /// Of functions since their last invocations ended, by function.
    functions: BTreeMap<String, Last>,
    /// Of builds that go on, by their streams. A project says itself which log group its builds have.
    builds: BTreeMap<String, Last>,
}

/// The last lines of something.
#[derive(Debug, Default)]
struct Last {
    lines: Vec<String>,
    /// Where they come from: the log group and the stream.
    from: Option<(String, String)>,
    /// How many lines there were before these.
    before: usize,
}

/// The lines to show now.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) lines: Vec<String>,
    /// The log group and the stream of a build, whose whole log is worth naming.
    pub(super) log: Option<(String, String)>,
}

impl Last {
    fn add(&mut self, line: String, most: usize) {
        if self.lines.len() == most {
            self.lines.remove(0);
            self.before += 1;
        }
        self.lines.push(line);
    }
}

impl Unshown {
    /// Whether this is a line of a function or of a build, which is kept until something fails.
    pub(super) fn keep(&mut self, happening: &Happening) -> bool {
        let Happening::LogLine { group, stream, line } = happening else {
            return false;
        };
        let line = printable(line);
        if let Some(function) = group.strip_prefix("/aws/lambda/") {
            let last = self.functions.entry(function.to_owned()).or_default();
            last.add(format!("      {function} | {line}"), OF_FUNCTION);
            return true;
        }
        let Some(last) = self.builds.get_mut(stream) else {
            return false;
        };
        last.from.get_or_insert_with(|| (group.clone(), stream.clone()));
        last.add(
            format!("      {} | {line}", group.rsplit('/').next().unwrap_or(group)),
            OF_BUILD,
        );
        true
    }

    /// The lines to show now: those of a function whose invocation just failed, and of a build of which a phase did.
    pub(super) fn after(&mut self, happening: &Happening) -> Shown {
        match happening {
            Happening::Invocation { function, error, .. } => {
                let lines = self.functions.remove(function).unwrap_or_default().lines;
                let lines = if error.is_some() { lines } else { Vec::new() };
                Shown { lines, log: None }
            }
            Happening::BuildPhase {
                build, phase, status, ..
            } => self.after_phase(under_way::stream(build), phase, status.as_deref()),
            _ => Shown::default(),
        }
    }

    fn after_phase(&mut self, stream: &str, phase: &str, status: Option<&str>) -> Shown {
        if phase == "COMPLETED" {
            self.builds.remove(stream);
            return Shown::default();
        }
        let last = self.builds.entry(stream.to_owned()).or_default();
        if status.is_none_or(|status| status == "SUCCEEDED") {
            return Shown::default();
        }
        // Later phases may fail, too: each shows what is new.
        let Last {
            mut lines,
            from,
            before,
        } = std::mem::take(last);
        if before > 0 {
            let word = if before == 1 { "line" } else { "lines" };
            lines.insert(0, format!("      … {before} {word} before these"));
        }
        Shown {
            log: from.filter(|_| !lines.is_empty()),
            lines,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn wrote(group: &str, line: &str) -> Happening {
        Happening::LogLine {
            group: group.into(),
            stream: "0001".into(),
            line: line.into(),
        }
    }

    fn of_function(line: &str) -> Happening {
        wrote("/aws/lambda/image-push-dev", line)
    }

    fn ended(error: Option<&str>) -> Happening {
        Happening::Invocation {
            function: "image-push-dev".into(),
            request_id: "r".into(),
            outcome: "Crashed".into(),
            error: error.map(str::to_owned),
            duration: Duration::ZERO,
            billed: Duration::ZERO,
            init: None,
            memory_size_mb: 128,
            max_memory_used_mb: 20,
            attempt: 1,
            event: "{}".into(),
            answer: "{}".into(),
            log_group: "g".into(),
            log_stream: "s".into(),
        }
    }

    fn phase(phase: &str, status: Option<&str>) -> Happening {
        Happening::BuildPhase {
            build: "build-dev:0001".into(),
            phase: phase.into(),
            status: status.map(str::to_owned),
            took: None,
        }
    }

    #[test]
    fn a_failed_invocation_shows_what_the_function_wrote_in_it() {
        let mut unshown = Unshown::default();
        assert!(unshown.keep(&of_function("all is well")));
        assert_eq!(unshown.after(&ended(None)), Shown::default());
        assert!(unshown.keep(&of_function("thread 'main' panicked")));
        let shown = unshown.after(&ended(Some("exit status 101")));
        assert_eq!(shown.lines, ["      image-push-dev | thread 'main' panicked"]);
        assert_eq!(unshown.after(&ended(Some("again"))), Shown::default());
    }

    #[test]
    fn of_many_lines_the_last_are_kept() {
        let mut unshown = Unshown::default();
        for number in 0..OF_FUNCTION + 3 {
            unshown.keep(&of_function(&number.to_string()));
        }
        let shown = unshown.after(&ended(Some("failed"))).lines;
        assert_eq!(shown.len(), OF_FUNCTION);
        assert!(shown[0].ends_with("| 3"));
    }

    #[test]
    fn a_builds_lines_are_its_own_and_are_shown_where_a_phase_fails() {
        // A group that the project names itself.
        let group = "/team/builds";
        let mut unshown = Unshown::default();
        assert!(!unshown.keep(&wrote(group, "a job's")));
        assert_eq!(unshown.after(&phase("SUBMITTED", None)), Shown::default());
        for number in 0..OF_BUILD + 2 {
            assert!(unshown.keep(&wrote(group, &number.to_string())));
        }
        assert_eq!(unshown.after(&phase("INSTALL", Some("SUCCEEDED"))), Shown::default());
        let Shown { lines, log } = unshown.after(&phase("BUILD", Some("FAILED")));
        assert_eq!(log, Some((group.to_owned(), "0001".to_owned())));
        assert_eq!(lines.len(), OF_BUILD + 1);
        assert_eq!(lines[0], "      … 2 lines before these");
        assert_eq!(lines[OF_BUILD], format!("      builds | {}", OF_BUILD + 1));
        // What comes behind is shown where it fails as well, and nothing twice.
        assert_eq!(unshown.after(&phase("POST_BUILD", Some("FAILED"))), Shown::default());
        assert!(unshown.keep(&wrote(group, "cleaning up")));
        let shown = unshown.after(&phase("UPLOAD_ARTIFACTS", Some("TIMED_OUT")));
        assert_eq!(shown.lines, ["      builds | cleaning up"]);
        unshown.after(&phase("COMPLETED", None));
        assert!(!unshown.keep(&wrote(group, "too late")));
    }
}
