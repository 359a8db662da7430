//! Reads a file of mocks, in either of two forms.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::states::{InvalidMocks, Mocks, Outcomes, States, meant};
use crate::expression::Failure;
use crate::host::test_state::MockedResult;
use crate::text::{Json, Object};

impl Mocks {
    /// Reads mocks, in the form of Step Functions Local's [mock configuration
    /// file](https://docs.aws.amazon.com/step-functions/latest/dg/sfn-local-mock-cfg-file.html), or in that of
    /// [TestState's mocks](https://docs.aws.amazon.com/step-functions/latest/apireference/API_MockInput.html) by state, or by
    /// state machine and state. A list of such mocks has one for each invocation.
    ///
    /// ```
    /// use states_language::{MockedResult, Mocks};
    ///
    /// let mocks = Mocks::read(r#"{"orders": {"Save": {"result": {"saved": true}}}}"#)?;
    /// let mut states = mocks.of("orders", None)?;
    /// assert_eq!(states.take("Save"), Some(Ok(MockedResult::Result(r#"{"saved":true}"#.into()))));
    /// assert_eq!(states.take("Tell"), None);
    /// # Ok::<(), states_language::InvalidMocks>(())
    /// ```
    pub fn read(text: &str) -> Result<Mocks, InvalidMocks> {
        let json = Json::parse(text).map_err(|error| InvalidMocks(format!("it is not JSON: {error}")))?;
        let file = json
            .as_object()
            .ok_or_else(|| InvalidMocks("it is not a JSON object".to_owned()))?;
        if file.contains_key("StateMachines") {
            of_local(file)
        } else {
            of_test_state(file)
        }
    }
}

/// Something in the file, and where it is.
#[derive(Clone, Copy)]
struct Part<'f> {
    value: &'f Json,
    at: &'f str,
}

impl<'f> Part<'f> {
    fn wrong(self, what: impl std::fmt::Display) -> InvalidMocks {
        InvalidMocks(format!("`{}` {what}", self.at))
    }

    fn object(self) -> Result<&'f Object, InvalidMocks> {
        self.value.as_object().ok_or_else(|| self.wrong("must be an object"))
    }

    fn text(self) -> Result<&'f str, InvalidMocks> {
        self.value.as_str().ok_or_else(|| self.wrong("must be a text"))
    }

    /// An object that has none but these fields.
    fn fields(self, known: &[&str]) -> Result<&'f Object, InvalidMocks> {
        let object = self.object()?;
        match object.keys().find(|key| !known.contains(&&***key)) {
            Some(key) => Err(self.wrong(format_args!("has no `{key}`{}", meant(key, known.iter().copied())))),
            None => Ok(object),
        }
    }
}

/// What is done with each field of an object.
fn each<T>(
    object: &Object,
    at: &str,
    mut read: impl FnMut(&Arc<str>, Part<'_>) -> Result<T, InvalidMocks>,
) -> Result<Vec<T>, InvalidMocks> {
    let dot = if at.is_empty() { "" } else { "." };
    let fields = object.iter();
    fields
        .map(|(key, value)| {
            let at = format!("{at}{dot}{key}");
            read(key, Part { value, at: &at })
        })
        .collect()
}

fn of_local(file: &Object) -> Result<Mocks, InvalidMocks> {
    let whole = Json::from(file.clone());
    let known = Part {
        value: &whole,
        at: "the file",
    };
    known.fields(&["StateMachines", "MockedResponses"])?;
    let empty = Json::empty_object();
    let responses = Part {
        value: file.get("MockedResponses").unwrap_or(&empty),
        at: "MockedResponses",
    };
    let responses = each(responses.object()?, responses.at, |name, response| {
        Ok((name.clone(), Arc::new(by_number(response)?)))
    })?;
    let responses: BTreeMap<Arc<str>, Arc<Outcomes>> = responses.into_iter().collect();
    let machines = Part {
        value: file.get("StateMachines").unwrap_or(&empty),
        at: "StateMachines",
    };
    let machines = each(machines.object()?, machines.at, |name, machine| {
        let cases = machine.fields(&["TestCases"])?.get("TestCases");
        let at = format!("{}.TestCases", machine.at);
        let cases = Part {
            value: cases.unwrap_or(&empty),
            at: &at,
        };
        let cases = each(cases.object()?, cases.at, |name, case| {
            let states = each(case.object()?, case.at, |state, part| {
                let response = part.text()?;
                let found = responses.get(response).cloned().ok_or_else(|| {
                    let meant = meant(response, responses.keys().map(|name| &**name));
                    part.wrong(format_args!("is not among the MockedResponses: `{response}`{meant}"))
                })?;
                Ok((state.clone(), found))
            })?;
            Ok((name.to_string(), states.into_iter().collect()))
        })?;
        Ok((name.to_string(), cases.into_iter().collect()))
    })?;
    Ok(Mocks {
        machines: machines.into_iter().collect(),
        ..Mocks::default()
    })
}

/// `{"0": {"Throw": …}, "1-2": {"Return": …}}`.
fn by_number(response: Part<'_>) -> Result<Outcomes, InvalidMocks> {
    let mut outcomes = each(response.object()?, response.at, |numbers, part| {
        let numbers =
            range(numbers).ok_or_else(|| part.wrong("must be a number such as \"0\", or a range such as \"1-2\""))?;
        let fields = part.fields(&["Return", "Throw"])?;
        let outcome = match (fields.get("Return"), fields.get("Throw")) {
            (Some(result), None) => MockedResult::Result(result.to_string()),
            (None, Some(value)) => thrown(Part { value, at: part.at }, ["Error", "Cause"])?,
            _ => return Err(part.wrong("must have either `Return` or `Throw`")),
        };
        Ok((numbers, outcome))
    })?;
    outcomes.sort_by_key(|(numbers, _)| *numbers.start());
    let twice = outcomes.windows(2).find(|pair| pair[0].0.contains(pair[1].0.start()));
    match twice {
        Some(pair) => Err(response.wrong(format_args!("has the invocation {} twice", pair[1].0.start()))),
        None => Ok(Outcomes::ByNumber(outcomes)),
    }
}

fn range(text: &str) -> Option<RangeInclusive<u64>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (first <= last).then_some(first..=last)
}

fn thrown(part: Part<'_>, names: [&str; 2]) -> Result<MockedResult, InvalidMocks> {
    let fields = part.fields(&names)?;
    let text = |name: &str| match fields.get(name) {
        None => Ok(None),
        Some(value) => value
            .as_str()
            .map(|text| Some(Arc::from(text)))
            .ok_or_else(|| part.wrong(format_args!("must have a text as `{name}`"))),
    };
    let (error, cause) = (text(names[0])?, text(names[1])?);
    if error.is_none() {
        return Err(part.wrong(format_args!("must have `{}`, the error's name", names[0])));
    }
    Ok(MockedResult::Error(Failure { error, cause }))
}

fn of_test_state(file: &Object) -> Result<Mocks, InvalidMocks> {
    let mut mocks = Mocks::default();
    let mut machines: Vec<(String, States)> = Vec::new();
    each(file, "", |name, part| {
        if is_mock(part.value) {
            mocks.everywhere.insert(name.clone(), Arc::new(of_state(part)?));
            return Ok(());
        }
        let states = each(part.object()?, part.at, |state, part| {
            if !is_mock(part.value) {
                return Err(part.wrong("must be a mock: an object with `result` or `errorOutput`, or a list of such"));
            }
            Ok((state.clone(), Arc::new(of_state(part)?)))
        })?;
        machines.push((name.to_string(), states.into_iter().collect()));
        Ok(())
    })?;
    let machines = machines.into_iter();
    mocks.machines = machines
        .map(|(name, states)| (name, BTreeMap::from([(String::new(), states)])))
        .collect();
    Ok(mocks)
}

fn is_mock(value: &Json) -> bool {
    value.as_array().is_some() || value.get("result").is_some() || value.get("errorOutput").is_some()
}

fn of_state(part: Part<'_>) -> Result<Outcomes, InvalidMocks> {
    let Some(list) = part.value.as_array() else {
        return mock(part).map(Outcomes::Every);
    };
    let numbered = (0_u64..).zip(list).map(|(number, value)| {
        let at = format!("{}[{number}]", part.at);
        Ok((number..=number, mock(Part { value, at: &at })?))
    });
    numbered.collect::<Result<_, _>>().map(Outcomes::ByNumber)
}

/// A mock as TestState has it. Its `result` is the text of JSON there; here it may be the JSON itself, too.
fn mock(part: Part<'_>) -> Result<MockedResult, InvalidMocks> {
    let fields = part.fields(&["result", "errorOutput", "fieldValidationMode"])?;
    if let Some(mode) = fields.get("fieldValidationMode")
        && !matches!(mode.as_str(), Some("STRICT" | "PRESENT" | "NONE"))
    {
        return Err(part.wrong("has a `fieldValidationMode` that is none of STRICT, PRESENT and NONE"));
    }
    match (fields.get("result"), fields.get("errorOutput")) {
        (Some(Json::String(text)), None) => match Json::parse(text) {
            Ok(_) => Ok(MockedResult::Result(text.to_string())),
            Err(_) => {
                let quoted = Json::string(Json::string(text).to_string());
                Err(part.wrong(format_args!(
                    "has a `result` that is no text of JSON, as TestState wants it: for this text write {quoted}"
                )))
            }
        },
        (Some(result), None) => Ok(MockedResult::Result(result.to_string())),
        (None, Some(value)) => thrown(Part { value, at: part.at }, ["error", "cause"]),
        _ => Err(part.wrong("must have either `result` or `errorOutput`")),
    }
}
