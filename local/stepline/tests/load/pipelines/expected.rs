//! What must have run for an execution of a pipeline, seen from outside.

use super::person::Person;
use serde_json::Value;

/// What must have run. None is what depends on who came first.
#[derive(Default)]
pub(super) struct Expected {
    /// How the runs of the actions First, Second and Execute ended.
    pub(super) runs: Option<[&'static [&'static str]; 3]>,
    /// The executions of the state machine: each one's status, and how often it was redriven.
    pub(super) machines: Option<&'static [(&'static str, u64)]>,
}

impl Expected {
    /// Compares it with what the account tells.
    pub(super) async fn check(&self, person: &mut Person, id: &str, machines: &[Value]) {
        let came: Vec<_> = machines.iter().map(came).collect();
        if let Some(expected) = self.machines {
            assert_eq!(came, expected, "{id}: {machines:?}");
        }
        let executed = person.runs(id, "Execute").await;
        let mut jobs: Vec<String> = machines.iter().map(job).collect();
        jobs.sort_unstable();
        jobs.dedup();
        assert_eq!(jobs.len(), machines.len(), "no run started two: {machines:?}");
        assert!(
            jobs.len() <= executed.len(),
            "{id}: each has its run: {machines:?}, {executed:?}"
        );
        if let Some(expected) = self.runs {
            let [first, second] = [person.runs(id, "First").await, person.runs(id, "Second").await];
            for (runs, expected) in [first, second, executed].iter().zip(expected) {
                assert_eq!(runs, expected, "{id}");
            }
        }
    }
}

fn came(machine: &Value) -> (&str, u64) {
    let (status, redriven) = (machine["status"].as_str(), machine["redriveCount"].as_u64());
    (status.expect("a status"), redriven.expect("a number"))
}

/// The first job of the action's run that started an execution.
fn job(machine: &Value) -> String {
    let input: Value = serde_json::from_str(machine["input"].as_str().expect("an input")).expect("JSON");
    input["pipeline"]["jobId"].as_str().expect("a job").to_owned()
}
