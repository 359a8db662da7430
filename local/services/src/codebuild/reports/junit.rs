//! Reads the results of tests that are in JUnit's XML, as pytest and most others write it.

use super::rows::{Case, Outcome};
use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use std::time::Duration;

/// The test cases of a file.
///
/// # Errors
/// What is wrong in it, and where.
pub(super) fn read(document: &str) -> Result<Vec<Case>, String> {
    let mut reader = Reader::from_str(document);
    let mut reading = Reading::default();
    loop {
        let at = reader.buffer_position();
        let wrong = |error: &dyn std::fmt::Display| format!("byte {at}: {error}");
        match reader.read_event().map_err(|error| wrong(&error))? {
            Event::Start(start) => match outcome(&start) {
                Some(outcome) => {
                    let text = reader.read_text(start.name()).map_err(|error| wrong(&error))?;
                    reading.ends_with(outcome, &start, &text);
                }
                None => reading.begin(&start),
            },
            Event::Empty(start) => match outcome(&start) {
                Some(outcome) => reading.ends_with(outcome, &start, ""),
                None => {
                    reading.begin(&start);
                    reading.end(start.local_name().as_ref());
                }
            },
            Event::End(end) => reading.end(end.local_name().as_ref()),
            Event::Eof => break,
            _ => {}
        }
    }
    if reading.open > 0 || !reading.has_suite {
        return Err("it is no whole JUnit XML, whose root is <testsuites> or <testsuite>".into());
    }
    Ok(reading.cases)
}

/// What an element inside of a test case says of how it ended.
fn outcome(element: &BytesStart<'_>) -> Option<Outcome> {
    match element.local_name().as_ref() {
        "failure" => Some(Outcome::Failed),
        "error" => Some(Outcome::Error),
        "skipped" => Some(Outcome::Skipped),
        _ => None,
    }
}

/// What has been read so far.
#[derive(Default)]
struct Reading {
    cases: Vec<Case>,
    case: Option<Case>,
    suites: Vec<String>,
    has_suite: bool,
    open: usize,
}

impl Reading {
    fn begin(&mut self, element: &BytesStart<'_>) {
        self.open += 1;
        match element.local_name().as_ref() {
            "testsuites" if self.open == 1 => self.has_suite = true,
            "testsuite" => {
                self.has_suite |= self.open == 1;
                self.suites.push(attribute(element, "name"));
            }
            "testcase" => {
                self.case = Some(Case {
                    suite: self.suites.last().cloned().unwrap_or_default(),
                    prefix: attribute(element, "classname"),
                    name: attribute(element, "name"),
                    outcome: Outcome::Succeeded,
                    nanoseconds: nanoseconds(&attribute(element, "time")),
                    message: String::new(),
                    file: String::new(),
                });
            }
            _ => {}
        }
    }

    fn end(&mut self, element: &str) {
        self.open = self.open.saturating_sub(1);
        match element {
            "testsuite" => drop(self.suites.pop()),
            "testcase" => self.cases.extend(self.case.take()),
            _ => {}
        }
    }

    /// A test case that did not simply succeed. The first thing that is said of it counts.
    fn ends_with(&mut self, outcome: Outcome, element: &BytesStart<'_>, text: &str) {
        let Some(case) = self.case.as_mut().filter(|case| case.outcome == Outcome::Succeeded) else {
            return;
        };
        case.outcome = outcome;
        case.message = match attribute(element, "message") {
            message if message.is_empty() => content(text),
            message => message,
        };
    }
}

/// The text of an element, without what XML puts around it.
fn content(text: &str) -> String {
    let text = text.trim();
    let literal = text.strip_prefix("<![CDATA[").and_then(|text| text.strip_suffix("]]>"));
    match literal {
        Some(text) => text.trim().to_owned(),
        None => unescape(text).map_or_else(|_| text.to_owned(), std::borrow::Cow::into_owned),
    }
}

/// The value of an attribute; empty if it is absent.
fn attribute(element: &BytesStart<'_>, name: &str) -> String {
    let attributes = element.attributes().flatten();
    let mut found = attributes.filter(|attribute| attribute.key.as_ref() == name);
    let value = found.next().map(|attribute| attribute.value.into_owned());
    let value = value.unwrap_or_default();
    unescape(&value).map_or_else(|_| value.clone(), std::borrow::Cow::into_owned)
}

/// Seconds as they are written there, such as `0.012` or `1,203.5`.
fn nanoseconds(text: &str) -> u64 {
    let seconds: f64 = text.replace(',', "").parse().unwrap_or_default();
    let time = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    time.as_nanos().try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pytest_writes_is_read() {
        let document = r#"<?xml version="1.0" encoding="utf-8"?><testsuites name="pytest tests"><testsuite name="pytest" tests="5">
<properties><property name="a" value="b"/></properties>
<testcase classname="tests.test_a" name="test_one" time="0.012" />
<testcase classname="tests.test_a" name="test_two[x&lt;y]" time="1,203.5"><failure message="AssertionError: 1 != 2&#10;next">def …</failure><system-out>x</system-out></testcase>
<testcase classname="tests.test_a" name="test_three"><skipped type="pytest.skip" message="not here">a.py:1</skipped></testcase>
<testcase classname="" name="tests.test_b"><error><![CDATA[ ImportError: <b> ]]></error></testcase>
<testcase classname="tests.test_c" name="torn"><failure>a &amp; b</failure><error message="at its end"/></testcase>
</testsuite></testsuites>"#;
        let cases = read(document).unwrap();
        let told: Vec<_> = cases
            .iter()
            .map(|case| (case.name.as_str(), case.outcome, case.message.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("test_one", Outcome::Succeeded, ""),
                ("test_two[x<y]", Outcome::Failed, "AssertionError: 1 != 2\nnext"),
                ("test_three", Outcome::Skipped, "not here"),
                ("tests.test_b", Outcome::Error, "ImportError: <b>"),
                ("torn", Outcome::Failed, "a & b"),
            ]
        );
        assert_eq!(
            (cases[0].suite.as_str(), cases[0].prefix.as_str()),
            ("pytest", "tests.test_a")
        );
        assert_eq!(
            (cases[0].nanoseconds, cases[1].nanoseconds),
            (12_000_000, 1_203_500_000_000)
        );
        assert_eq!(read("<testsuite/>"), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_report_is_refused() {
        for document in [
            "",
            "no XML",
            "<html></html>",
            "<testsuite><testcase name='a'>",
            "<testsuite></testcase>",
            "<testcase name='a'/>",
            "<testsuite><failure>",
        ] {
            assert!(read(document).is_err(), "{document}");
        }
        // Nothing here calls itself.
        assert!(read(&"<testsuite>".repeat(100_000)).is_err());
    }
}
