//! Test reports in words.

use super::text;
use platform::journal::{FailedTest, Happening};

/// So much of a failed test's message is shown.
const SHOWN: usize = 200;

/// So many failed tests of a report are shown.
const MOST: usize = 20;

/// So many failed tests are named in one line.
const NAMED: usize = 3;

/// The lines that tell of a report.
pub(super) fn lines(happening: &Happening) -> Vec<String> {
    let Happening::Report {
        report_group,
        status,
        passed,
        failed,
        skipped,
        failures,
        ..
    } = happening
    else {
        return Vec::new();
    };
    if status == "INCOMPLETE" {
        return vec![format!("    Report {report_group}: incomplete")];
    }
    let mut first = format!("    Report {report_group}: {passed} passed, {failed} failed");
    if *skipped > 0 {
        first.push_str(&format!(", {skipped} skipped"));
    }
    let mut lines = vec![first];
    lines.extend(
        failures
            .iter()
            .take(MOST)
            .map(|failure| format!("      {}", one_line(failure))),
    );
    if failures.len() > MOST {
        lines.push(format!("      and {} more", failures.len() - MOST));
    }
    lines
}

/// A failed test and what it says, in a line.
fn one_line(failure: &FailedTest) -> String {
    let message = text::one_line(&failure.message);
    let short: String = message.chars().take(SHOWN).collect();
    let cut = if short.len() < message.len() { " …" } else { "" };
    let colon = if short.is_empty() { "" } else { ": " };
    format!("{}{colon}{short}{cut}", failure.test)
}

/// What an action's failure says of no test: which ones failed.
pub(crate) fn failed_tests(failures: &[FailedTest]) -> Option<String> {
    let named: Vec<String> = failures.iter().take(NAMED).map(one_line).collect();
    let more = match failures.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    (!named.is_empty()).then(|| format!("failed tests: {}{more}", named.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(number: usize, message: &str) -> FailedTest {
        FailedTest {
            test: format!("tests.test_{number}"),
            message: message.to_owned(),
        }
    }

    fn report(status: &str, failures: Vec<FailedTest>) -> Happening {
        Happening::Report {
            report_group: "p-pytest".into(),
            report: "arn".into(),
            status: status.into(),
            passed: 41,
            failed: failures.len(),
            skipped: usize::from(failures.is_empty()),
            failures,
        }
    }

    #[test]
    fn a_report_says_how_many_and_which() {
        let failures = vec![failure(1, "AssertionError: 1 != 2\n  +1"), failure(2, "")];
        assert_eq!(
            lines(&report("FAILED", failures)),
            [
                "    Report p-pytest: 41 passed, 2 failed",
                "      tests.test_1: AssertionError: 1 != 2 +1",
                "      tests.test_2",
            ]
        );
        assert_eq!(
            lines(&report("SUCCEEDED", Vec::new())),
            ["    Report p-pytest: 41 passed, 0 failed, 1 skipped"]
        );
        assert_eq!(
            lines(&report("INCOMPLETE", Vec::new())),
            ["    Report p-pytest: incomplete"]
        );
        let many: Vec<_> = (0..22).map(|at| failure(at, "x")).collect();
        let told = lines(&report("FAILED", many));
        assert_eq!((told.len(), told[21].as_str()), (22, "      and 2 more"));
    }

    #[test]
    fn some_failed_tests_are_named_in_a_line() {
        assert_eq!(failed_tests(&[]), None);
        let many: Vec<_> = (0..5).map(|at| failure(at, "no")).collect();
        assert_eq!(
            failed_tests(&many).as_deref(),
            Some("failed tests: tests.test_0: no; tests.test_1: no; tests.test_2: no; and 2 more")
        );
        let long = failed_tests(&[failure(1, &"é".repeat(300))]).unwrap();
        assert!(long.ends_with("é …") && long.chars().count() < 240, "{long}");
    }
}
