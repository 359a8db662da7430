//! What made a job or a model: the execution of a state machine, and the run of a pipeline that started that.

use crate::served::Served;
use crate::views::Maker;
use std::collections::BTreeMap;

/// The most executions of a machine that are looked at: the newest.
const MOST: usize = 1000;

/// The executions and the runs, by their names.
#[derive(Debug, Default)]
pub(super) struct Makers {
    /// What the names of an execution's jobs begin with, with the state machine and its name.
    executions: BTreeMap<String, (String, String)>,
    /// The pipelines, by the ids of their executions.
    runs: BTreeMap<String, String>,
}

impl Makers {
    pub(super) async fn read(served: &Served) -> Self {
        let mut makers = Self::default();
        for machine in served.reader.machines().await.unwrap_or_default() {
            for execution in served.reader.executions(&machine, MOST).await.unwrap_or_default() {
                makers.add_execution(&execution.machine, &execution.name);
            }
        }
        for run in served.reader.runs(MOST).await.unwrap_or_default() {
            makers.runs.insert(run.id, run.pipeline);
        }
        makers
    }

    fn add_execution(&mut self, machine: &str, name: &str) {
        // An event's execution has a second part behind this sign, which no job can have in its name.
        let start = name.split('_').next().unwrap_or(name);
        self.executions
            .insert(start.to_owned(), (machine.to_owned(), name.to_owned()));
    }

    /// What made the job of a name: jobs are named after the execution, and executions after the run.
    pub(super) fn of_job(&self, name: &str) -> Maker {
        let mut ends = name.match_indices('-').map(|(at, _)| &name[..at]);
        let execution = ends.rfind(|start| self.executions.contains_key(*start));
        let execution = execution.and_then(|start| self.executions.get(start)).cloned();
        Maker {
            run: execution.as_ref().and_then(|(_, name)| self.run_of(name)),
            execution,
        }
    }

    /// The run whose id an execution's name begins with.
    pub(super) fn run_of(&self, execution: &str) -> Option<(String, String)> {
        // An id is a UUID.
        let id = execution.get(..36)?;
        let pipeline = self.runs.get(id)?;
        Some((pipeline.clone(), id.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_made_by_the_execution_that_it_is_named_after() {
        let id = "cacd145a-5a3b-4004-b757-4990a30aa268";
        let mut makers = Makers::default();
        makers.runs.insert(id.into(), "train".into());
        makers.add_execution("machine", &format!("{id}-f84026c204b4ccec"));
        makers.add_execution("machine", "nightly_2f");
        let made = makers.of_job(&format!("{id}-f84026c204b4ccec-t0-0-0"));
        assert_eq!(
            made.execution.expect("an execution").1,
            format!("{id}-f84026c204b4ccec")
        );
        assert_eq!(made.run, Some(("train".into(), id.into())));
        let made = makers.of_job("nightly-p-0-0");
        assert_eq!(
            (made.execution.expect("an execution").1.as_str(), made.run),
            ("nightly_2f", None)
        );
        assert_eq!(makers.of_job("by-hand"), Maker::default());
    }
}
