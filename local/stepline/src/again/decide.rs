//! From which state a state machine is run again.

use super::change::Change;
use super::last::Run;
use super::outcome::Again;
use serde_json::Value;

/// What is to be run again after a change, given how each state machine ran at last.
pub(super) fn decide(change: &Change, runs: Vec<Run>) -> Again {
    match change {
        Change::Everything => Again::Whole,
        Change::Definitions => {
            let mut changed: Vec<Run> = runs.into_iter().filter(|run| run.then != run.now).collect();
            // Who changes several at once wants to see them work together.
            let (Some(run), true) = (changed.pop(), changed.is_empty()) else {
                return Again::Whole;
            };
            let touched = |state: &str| run.then.get(state) != run.now.get(state);
            match run.first(touched) {
                Some(from) => Again::Machine {
                    machine: run.machine,
                    from,
                },
                None => Again::Whole,
            }
        }
        Change::Programs(files) => {
            let of_jobs = runs
                .into_iter()
                .filter(|run| run.entered.iter().any(|state| run.is_job(state)));
            let Some(run) = of_jobs.max_by(|one, other| one.started.total_cmp(&other.started)) else {
                return Again::Whole;
            };
            let is_touched = |state: &str| files.iter().any(|file| names(&run.now[state], file));
            // A file that no state names may be part of every program.
            let is_named = |file: &String| run.entered.iter().any(|state| names(&run.now[state], file));
            let all_are_named = files.iter().all(is_named);
            match run.first(|state| run.is_job(state) && (is_touched(state) || !all_are_named)) {
                Some(from) => Again::Pipeline {
                    machine: run.machine,
                    from,
                },
                None => Again::Whole,
            }
        }
    }
}

impl Run {
    /// The first of the states that were entered, and are still there, that is touched or that the execution ended in.
    fn first(&self, touched: impl Fn(&str) -> bool) -> Option<String> {
        let ended_in = |state: &str| self.ended_in.as_deref() == Some(state);
        let first = self.entered.iter().find(|state| touched(state) || ended_in(state))?;
        // Nothing can begin with a state that is gone: then what was before is not what is.
        self.now.get(first).is_some().then(|| first.clone())
    }

    /// Whether a state runs a job, in itself or inside of it.
    fn is_job(&self, state: &str) -> bool {
        runs_a_job(&self.now[state])
    }
}

/// The members of calls that say which program of a container runs.
const PROGRAMS: &[&str] = &["ContainerEntrypoint", "ContainerArguments", "Command"];

/// Whether a state's job runs a file: the file's name stands anywhere in the state, or its name without the ending is what the
/// container's program is told to run. A training job's container is told `train`, by SageMaker itself.
///
/// See <https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-dockerfile.html>.
fn names(state: &Value, file: &str) -> bool {
    let stem = file.split('.').next().unwrap_or(file);
    match state {
        Value::String(text) => text.contains(file),
        Value::Array(items) => items.iter().any(|item| names(item, file)),
        Value::Object(fields) => fields.iter().any(|(name, value)| {
            let is_told = PROGRAMS.contains(&name.as_str())
                && value
                    .as_array()
                    .is_some_and(|told| told.iter().any(|word| word == stem));
            let is_trained = stem == "train"
                && name == "Resource"
                && value
                    .as_str()
                    .is_some_and(|resource| resource.contains("sagemaker:createTrainingJob"));
            is_told || is_trained || names(value, file)
        }),
        _ => false,
    }
}

/// What runs a container's program.
const JOBS: &[&str] = &[
    ":states:::sagemaker:create",
    ":states:::ecs:runTask",
    ":states:::batch:submitJob",
    ":aws-sdk:sagemaker:create",
    ":aws-sdk:ecs:runTask",
];

fn runs_a_job(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields.iter().any(|(name, value)| match value {
            Value::String(resource) if name == "Resource" => JOBS.iter().any(|job| resource.contains(job)),
            value => runs_a_job(value),
        }),
        Value::Array(items) => items.iter().any(runs_a_job),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_state_names_its_program_in_the_words_of_its_job() {
        let resource = |operation: &str| json!({"Resource": format!("arn:aws:states:::sagemaker:{operation}.sync")});
        let processing = |told: Value| json!({"Arguments": {"AppSpecification": {"ContainerArguments": told}}});
        let entrypoint =
            json!({"Parameters": {"AppSpecification": {"ContainerEntrypoint": ["python3", "src/evaluate.py"]}}});
        for (state, file, expected) in [
            (processing(json!(["evaluate"])), "evaluate.py", true),
            (processing(json!(["evaluate"])), "eval.py", false),
            (processing(json!(["evaluate", "--quick"])), "evaluate.py", true),
            (entrypoint, "evaluate.py", true),
            (resource("createTrainingJob"), "train.py", true),
            (resource("createTrainingJob"), "model.py", false),
            (resource("createProcessingJob"), "train.py", false),
            (json!({"Comment": "evaluate"}), "evaluate.py", false),
        ] {
            assert_eq!(names(&state, file), expected, "{state} {file}");
        }
    }

    /// A machine that prepares, trains and compares, run until it ended in a state or well.
    fn run(ended_in: Option<&str>, change: impl FnOnce(&mut Value)) -> Run {
        let job = |program: &str| {
            json!({
                "Type": "Task",
                "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync",
                "Arguments": {"AppSpecification": {"ContainerEntrypoint": ["python3", program]}},
            })
        };
        let inner = json!({"StartAt": "Inner", "States": {"Inner": job("train.py")}});
        let then = json!({
            "Read": {"Type": "Pass"},
            "Prepare": job("prepare.py"),
            "Train": {"Type": "Map", "ItemProcessor": inner},
            "Compare": {"Type": "Choice"},
            "Other": {"Type": "Pass"},
        });
        let all = ["Read", "Prepare", "Train", "Compare"];
        let entered = all
            .iter()
            .take_while(|state| ended_in != Some(**state))
            .chain(ended_in.iter())
            .map(|&state| state.to_owned());
        let mut now = then.clone();
        change(&mut now);
        Run {
            machine: "m".into(),
            started: 1.0,
            entered: entered.collect(),
            ended_in: ended_in.map(str::to_owned),
            then,
            now,
        }
    }

    fn commented(state: &'static str) -> impl FnOnce(&mut Value) {
        move |states| states[state]["Comment"] = json!("new")
    }

    #[test]
    fn a_definition_is_run_from_what_has_changed_or_failed() {
        let from = |state: &str| Again::Machine {
            machine: "m".into(),
            from: state.into(),
        };
        for (ended_in, changed, expected) in [
            (Some("Compare"), "Compare", from("Compare")),
            (Some("Compare"), "Train", from("Train")),
            // A state that has not run changes nothing of what did.
            (Some("Train"), "Compare", from("Train")),
            (None, "Train", from("Train")),
            (None, "Other", Again::Whole),
        ] {
            let run = run(ended_in, commented(changed));
            assert_eq!(
                decide(&Change::Definitions, vec![run]),
                expected,
                "{ended_in:?} {changed}"
            );
        }
        let gone = run(Some("Train"), |states| {
            states.as_object_mut().unwrap().remove("Train");
        });
        assert_eq!(decide(&Change::Definitions, vec![gone]), Again::Whole);
        let same = run(Some("Train"), |_| ());
        assert_eq!(decide(&Change::Definitions, vec![same]), Again::Whole);
        let several = vec![run(None, commented("Read")), run(None, commented("Train"))];
        assert_eq!(decide(&Change::Definitions, several), Again::Whole);
    }

    #[test]
    fn a_program_is_run_from_its_job() {
        let from = |state: &str| Again::Pipeline {
            machine: "m".into(),
            from: state.into(),
        };
        for (ended_in, files, expected) in [
            (None, &["train.py"][..], from("Train")),
            (None, &["prepare.py", "train.py"], from("Prepare")),
            // Nobody can say whose it is.
            (None, &["common.py"], from("Prepare")),
            (None, &["train.py", "common.py"], from("Prepare")),
            (Some("Prepare"), &["prepare.py"], from("Prepare")),
            (Some("Train"), &["prepare.py"], from("Prepare")),
            // Without results nothing can begin later than where it ended.
            (Some("Prepare"), &["train.py"], from("Prepare")),
            (Some("Read"), &["train.py"], Again::Whole),
        ] {
            let change = Change::Programs(files.iter().map(|&file| file.to_owned()).collect());
            assert_eq!(
                decide(&change, vec![run(ended_in, |_| ())]),
                expected,
                "{ended_in:?} {files:?}"
            );
        }
        assert_eq!(decide(&Change::Programs(vec!["a".into()]), Vec::new()), Again::Whole);
        assert_eq!(decide(&Change::Everything, vec![run(None, |_| ())]), Again::Whole);
    }
}
