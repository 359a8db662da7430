//! The functions' own lines, which nobody wants to see until a function fails.

use platform::journal::Happening;
use std::collections::BTreeMap;

/// So many lines of a function are kept: an error's last words, not its life.
const KEPT: usize = 12;

/// What functions wrote since their last invocation ended, by function.
#[derive(Debug, Default)]
pub(super) struct Unshown(BTreeMap<String, Vec<String>>);

impl Unshown {
    /// The lines to show now: those of a function whose invocation just failed.
    pub(super) fn after(&mut self, happening: &Happening) -> Vec<String> {
        match happening {
            Happening::LogLine { group, line, .. } => {
                if let Some(function) = group.strip_prefix("/aws/lambda/") {
                    let lines = self.0.entry(function.to_owned()).or_default();
                    if lines.len() == KEPT {
                        lines.remove(0);
                    }
                    lines.push(format!("      {function} | {line}"));
                }
                Vec::new()
            }
            Happening::Invocation { function, error, .. } => {
                let lines = self.0.remove(function).unwrap_or_default();
                if error.is_some() { lines } else { Vec::new() }
            }
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn wrote(line: &str) -> Happening {
        Happening::LogLine {
            group: "/aws/lambda/image-push-dev".into(),
            stream: "s".into(),
            line: line.into(),
        }
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

    #[test]
    fn a_failed_invocation_shows_what_the_function_wrote_in_it() {
        let mut unshown = Unshown::default();
        assert!(unshown.after(&wrote("all is well")).is_empty());
        assert!(unshown.after(&ended(None)).is_empty());
        assert!(unshown.after(&wrote("thread 'main' panicked")).is_empty());
        let shown = unshown.after(&ended(Some("exit status 101")));
        assert_eq!(shown, ["      image-push-dev | thread 'main' panicked"]);
        assert!(unshown.after(&ended(Some("again"))).is_empty());
    }

    #[test]
    fn of_many_lines_the_last_are_kept() {
        let mut unshown = Unshown::default();
        for number in 0..KEPT + 3 {
            unshown.after(&wrote(&number.to_string()));
        }
        let shown = unshown.after(&ended(Some("failed")));
        assert_eq!(shown.len(), KEPT);
        assert!(shown[0].ends_with("| 3"));
    }
}
