//! The end of a run that failed: why, where, and what to do next.

use super::report;
use super::session::{self, Session};
use crate::command;
use page::Why;
use platform::text::printable;

/// How wide a line is at most.
const WIDTH: usize = 100;

/// What failed.
pub(super) enum Failed<'f> {
    /// An execution of a pipeline.
    Run(&'f str, &'f str),
    /// An execution of a state machine, by its ARN.
    Execution(&'f str),
}

/// The lines that say why, where, and what to do next. `last` is the line behind them.
pub(super) async fn lines(session: &Session, failed: Failed<'_>, last: &str) -> Vec<String> {
    let page = report::page(session);
    let found = match failed {
        Failed::Run(pipeline, id) => page::why(&page, pipeline, id).await,
        Failed::Execution(arn) => page::why_of_execution(&page, arn).await,
    };
    let found = found.ok().flatten();
    let log = found
        .as_ref()
        .and_then(|why| why.log.as_ref())
        .and_then(|(group, stream)| {
            let file = session::logs(&session.cloud)
                .join(group.trim_start_matches('/'))
                .join(format!("{stream}.log"));
            let here = std::env::current_dir().unwrap_or_default();
            let shown = file.strip_prefix(here).unwrap_or(&file);
            file.is_file().then(|| shown.display().to_string())
        });
    told(found.as_ref(), log, last, command::name())
}

fn told(why: Option<&Why>, log: Option<String>, last: &str, command: &str) -> Vec<String> {
    let mut lines = vec!["Why it failed:".to_owned()];
    let mut say = |name: &str, text: &str| {
        let first = format!("  {name:<6} ");
        // A path is one word, to be copied as a whole.
        if !text.contains(' ') {
            lines.push(first + text);
            return;
        }
        let options = textwrap::Options::new(WIDTH)
            .initial_indent(&first)
            .subsequent_indent("         ")
            .break_words(false);
        lines.extend(
            textwrap::wrap(text, options)
                .into_iter()
                .map(std::borrow::Cow::into_owned),
        );
    };
    if let Some(why) = why {
        let said = [&why.what, &why.error, &why.cause];
        // The last line says it too, but not everything of a state machine that other services have started.
        if !(last.contains(&why.what) && last.contains(why.cause.trim())) {
            let mut said: Vec<&str> = said
                .into_iter()
                .map(String::as_str)
                .filter(|text| !text.is_empty())
                .collect();
            said.dedup();
            let said = said.join(": ");
            say(
                "What",
                &printable(&said).split_whitespace().collect::<Vec<_>>().join(" "),
            );
        }
        if let Some(place) = &why.place {
            say("Where", place);
        }
        say("Mend", why.mend);
    }
    if let Some(log) = &log {
        say("Log", log);
    }
    say("More", &format!("{command} open (the run with its graph and logs)"));
    if let Some(statement) = why.and_then(|why| why.statement.as_deref()) {
        lines.extend(statement.lines().map(|line| format!("    {line}")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why() -> Why {
        Why {
            what: "Train".into(),
            error: "States.TaskFailed".into(),
            cause: "AlgorithmError: exit code: 1".into(),
            place: Some("flow.asl.json:12".into()),
            mend: "The job's own program failed. Its log ends where it stopped.",
            statement: None,
            log: None,
        }
    }

    #[test]
    fn what_the_last_line_does_not_say_comes_before_it() {
        let log = Some(".stepline/logs/job.log".to_owned());
        let expected = [
            "Why it failed:",
            "  What   Train: States.TaskFailed: AlgorithmError: exit code: 1",
            "  Where  flow.asl.json:12",
            "  Mend   The job's own program failed. Its log ends where it stopped.",
            "  Log    .stepline/logs/job.log",
            "  More   stepline open (the run with its graph and logs)",
        ];
        assert_eq!(
            told(Some(&why()), log, "Failed: pipeline p, after 1 s", "stepline"),
            expected
        );
        let last = "Failed: state `Train` failed: AlgorithmError: exit code: 1";
        let again = told(Some(&why()), None, last, "stepline");
        assert!(again[1].starts_with("  Where"), "{again:?}");
    }

    #[test]
    fn lines_are_short_and_a_statement_is_as_it_is_written() {
        let why = Why {
            cause: "long ".repeat(60),
            statement: Some("{\n  \"Effect\": \"Allow\"\n}".into()),
            ..why()
        };
        let lines = told(Some(&why), None, "", "stepline");
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH), "{lines:?}");
        assert_eq!(lines[lines.len() - 2], "      \"Effect\": \"Allow\"");
        assert_eq!(told(None, None, "", "stepline").len(), 2);
    }
}
