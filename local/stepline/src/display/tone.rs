//! Colours: what is good, what is bad, and what counts most. On a terminal alone, and never where `NO_COLOR` is set
//! (<https://no-color.org>). The words say the same without them.

use anstyle::{AnsiColor, Style};
use platform::journal::Happening;
use platform::text::printable;

/// How a line is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Good,
    Bad,
    /// What a person looks for: metrics, and how they compare.
    Strong,
    /// What a job prints.
    Faint,
}

/// Whether this terminal, or what stands in its place, is to have colours.
pub(super) fn has_colours(is_terminal: bool) -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    is_terminal && !is_set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|terminal| terminal != "dumb")
}

/// How a line about this is meant.
pub(super) fn of(happening: &Happening, line: &str) -> Tone {
    match happening {
        Happening::StageEnded { status, .. }
        | Happening::ActionEnded { status, .. }
        | Happening::ExecutionEnded { status, .. } => of_status(status),
        Happening::BuildPhase {
            status: Some(status), ..
        } if status != "SUCCEEDED" => Tone::Bad,
        Happening::Job { status, metrics, .. } if status == "Completed" && !metrics.is_empty() => Tone::Strong,
        Happening::Job { status, .. } if status == "Failed" => Tone::Bad,
        Happening::StateExited { error: Some(_), .. }
        | Happening::StateRetried { .. }
        | Happening::Invocation { error: Some(_), .. }
        | Happening::DeliveryFailed { .. }
        | Happening::Authorized { allowed: false, .. } => Tone::Bad,
        Happening::OutputVariables { .. } if line.trim_start().starts_with("Summary = ") => Tone::Strong,
        Happening::StageStarted { .. } | Happening::ApprovalAsked { .. } | Happening::WorkerAwaited { .. } => {
            Tone::Strong
        }
        Happening::LogLine { .. } => Tone::Faint,
        _ => Tone::Plain,
    }
}

/// How the word for an end is meant, whichever service's it is.
pub(super) fn of_status(status: &str) -> Tone {
    match status.to_ascii_uppercase().as_str() {
        "SUCCEEDED" => Tone::Good,
        "FAILED" | "FAULT" | "TIMED_OUT" | "ABORTED" | "STOPPED" | "CANCELLED" | "SUPERSEDED" => Tone::Bad,
        _ => Tone::Plain,
    }
}

impl Tone {
    /// The line with its colour.
    pub(super) fn paint(self, line: &str) -> String {
        let style = match self {
            Self::Plain => return line.to_owned(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
            Self::Strong => Style::new().bold(),
            Self::Faint => Style::new().dimmed(),
        };
        format!("{style}{line}{style:#}")
    }
}

/// A line without what would move a terminal's cursor or change its colours: a job may print anything.
pub(super) fn tame(line: &str) -> String {
    printable(line).replace(['\t', '\n'], " ")
}

/// A line of JSON that controls no terminal either, and is the same JSON: its own rules let DEL and the second block of
/// control characters stand as they are.
pub(super) fn tame_json(line: &str) -> String {
    let mut tame = String::with_capacity(line.len());
    for character in line.chars() {
        match character {
            character if character.is_control() => tame.push_str(&format!("\\u{:04x}", u32::from(character))),
            character => tame.push(character),
        }
    }
    tame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_meant_as_they_say() {
        let log = Happening::LogLine {
            group: "g".into(),
            stream: "s".into(),
            line: String::new(),
        };
        assert_eq!(of(&log, ""), Tone::Faint);
        let ended = |status: &str| Happening::StageEnded {
            stage: "s".into(),
            status: status.into(),
            took: std::time::Duration::ZERO,
        };
        assert_eq!(of(&ended("Succeeded"), ""), Tone::Good);
        assert_eq!(of(&ended("Failed"), ""), Tone::Bad);
        let variables = Happening::OutputVariables {
            stage: "s".into(),
            action: "a".into(),
            variables: serde_json::json!({}),
        };
        assert_eq!(of(&variables, "    Summary = accuracy 0.9"), Tone::Strong);
        assert_eq!(of(&variables, "    JobName = j"), Tone::Plain);
        assert_eq!(Tone::Good.paint("x"), "\u{1b}[32mx\u{1b}[0m");
        assert_eq!(Tone::Plain.paint("x"), "x");
    }

    #[test]
    fn what_a_job_prints_stays_text() {
        assert_eq!(tame("a\u{1b}[2Jb\0\tc"), "ab c");
        let printed = "\u{1b}[31m\u{9b}31m\u{7f}\0\r日本";
        let json = tame_json(&serde_json::to_string(printed).unwrap());
        assert!(!json.chars().any(char::is_control), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), printed);
    }
}
