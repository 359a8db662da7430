//! Mocks: outcomes in the place of tasks' work, as Step Functions Local has them.
//!
//! Follows <https://docs.aws.amazon.com/step-functions/latest/dg/sfn-local-test-sm-exec.html>: the test case stands behind
//! the state machine's ARN in StartExecution, after a `#`.

use super::registry::{Registry, StepFunctions};
use platform::ServiceError;
use states_language::{InvalidMocks, MockedStates, Mocks};

/// What stands between a state machine's ARN and a test case.
const CASE: char = '#';

/// A state machine's ARN, and the test case behind it.
pub(super) fn with_case(arn: &str) -> (&str, Option<&str>) {
    match arn.split_once(CASE) {
        Some((arn, case)) => (arn, Some(case)),
        None => (arn, None),
    }
}

/// Mocks that know which state machines there are.
fn among(mocks: &Mocks, registry: &Registry<'_>) -> Mocks {
    let machines = registry.machines.values();
    mocks.clone().among(machines.map(|machine| machine.name.as_str()))
}

impl StepFunctions {
    /// Has tasks take their outcomes from mocks from now on; the first ones count.
    pub fn use_mocks(&self, mocks: Mocks) {
        self.mocks.get_or_init(|| mocks);
    }

    /// Whether the mocks fit the state machines that are here.
    ///
    /// # Errors
    /// They are of what is not there, or leave open which test case is meant.
    pub fn check_mocks(&self) -> Result<(), InvalidMocks> {
        let Some(mocks) = self.mocks.get() else { return Ok(()) };
        let registry = self.lock();
        let machines = registry.machines.values();
        let machines: Vec<(&str, &str)> = machines
            .map(|machine| (machine.name.as_str(), machine.current.definition.text()))
            .collect();
        mocks.check(&machines)
    }

    /// The state machines whose mocks leave open which test case is meant, with these.
    pub fn undecided_mocks(&self) -> Vec<(String, Vec<String>)> {
        let Some(mocks) = self.mocks.get() else {
            return Vec::new();
        };
        let registry = self.lock();
        let mocks = among(mocks, &registry);
        let names = registry.machines.values().map(|machine| machine.name.clone());
        let open = names.filter_map(|name| {
            let cases = mocks.undecided(&name);
            let cases: Vec<String> = cases.into_iter().map(str::to_owned).collect();
            (!cases.is_empty()).then_some((name, cases))
        });
        open.collect()
    }

    /// The mocks of an execution that begins, of one of the registry's state machines.
    pub(super) fn mocked(
        &self,
        registry: &Registry<'_>,
        machine: &str,
        definition: &str,
        case: Option<&str>,
    ) -> Result<MockedStates, ServiceError> {
        let none = Mocks::default();
        let mocks = among(self.mocks.get().unwrap_or(&none), registry);
        let found = mocks
            .check_states(machine, definition)
            .and_then(|()| mocks.of(machine, case));
        found.map_err(|error| ServiceError::validation(format_args!("the file of mocks does not fit: {error}")))
    }
}
