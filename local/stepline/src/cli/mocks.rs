//! `--mock FILE`: outcomes in the place of what states call.

use super::options::Common;
use crate::cloud::Cloud;
use platform::journal::Happening;
use states_language::{InvalidMocks, Mocks};
use std::path::Path;

/// Why the mocks of a file cannot be taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum MocksError {
    #[error("cannot read `{file}`: {source}")]
    Unreadable { file: String, source: std::io::Error },
    #[error("--mock {file}: {source}")]
    Invalid { file: String, source: InvalidMocks },
    #[error("--mock {file}: `{machine}` has the test cases {cases}: choose one with --mock {file}#CASE")]
    Undecided {
        file: String,
        machine: String,
        cases: String,
    },
}

/// Reads the mocks that the options name, with a test case chosen where the name of one stands behind the file's, after a
/// `#`. None, where there are none.
pub(super) fn read(common: &Common) -> Result<Mocks, MocksError> {
    let Some(option) = &common.mock else {
        return Ok(Mocks::default());
    };
    let (file, case) = match option.rsplit_once('#') {
        Some((file, case)) if !Path::new(option).exists() => (file, Some(case)),
        _ => (option.as_str(), None),
    };
    let text = std::fs::read_to_string(file).map_err(|source| MocksError::Unreadable {
        file: file.to_owned(),
        source,
    })?;
    let mocks = Mocks::read(&text);
    let mocks = match case {
        Some(case) => mocks.and_then(|mocks| mocks.with_case(case)),
        None => mocks,
    };
    mocks.map_err(|source| invalid(option, source))
}

fn invalid(option: &str, source: InvalidMocks) -> MocksError {
    MocksError::Invalid {
        file: option.to_owned(),
        source,
    }
}

/// Whether the mocks fit the state machines that were deployed. Where clients make state machines later, and choose test
/// cases as they start executions, it is only said: an execution that the mocks do not fit is refused.
pub(super) fn look(cloud: &Cloud, common: &Common) -> Result<(), MocksError> {
    let Some(option) = &common.mock else { return Ok(()) };
    match check(cloud, option) {
        Err(error) if common.mocks_come_first => {
            let text = format!("{error}; clients may still make state machines, and choose as ARN#CASE");
            cloud.journal.record(Happening::Note { text });
            Ok(())
        }
        checked => checked,
    }
}

fn check(cloud: &Cloud, option: &str) -> Result<(), MocksError> {
    cloud.states.check_mocks().map_err(|source| invalid(option, source))?;
    let open = cloud.states.undecided_mocks().into_iter().next();
    open.map_or(Ok(()), |(machine, cases)| {
        Err(MocksError::Undecided {
            file: option.to_owned(),
            machine,
            cases: cases.join(", "),
        })
    })
}
