//! The jobs that a state machine's definition starts: on what, for how long, how often.
//!
//! Expressions are evaluated by the interpreter, with the settings that `resolve-parameters` gives the execution. What
//! depends on anything else is not known here.

use serde_json::{Map, Value, json};
use states_language::{TestStateOptions, test_state};
use std::collections::BTreeMap;

/// How long a job of SageMaker may run whose request does not say: a day.
/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ProcessingStoppingCondition.html>
const UNSAID_SECONDS: f64 = 86_400.0;

/// The errors that come before there is a job, or a job is under way already.
const BEFORE_A_JOB: [&str; 3] = [
    "SageMaker.ResourceLimitExceededException",
    "SageMaker.SdkClientException",
    "ThrottlingException",
];

/// A job that a state starts. What is not known is None.
#[derive(Debug, PartialEq)]
pub(super) struct Job {
    pub(super) state: String,
    /// `processing` or `training`.
    pub(super) kind: &'static str,
    pub(super) instance_type: Option<String>,
    pub(super) instances: Option<f64>,
    pub(super) seconds: Option<f64>,
    pub(super) volume_gb: Option<f64>,
    /// How often at most, by items of Maps and by retries.
    pub(super) times: Option<f64>,
}

/// What a definition does that costs money.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Work {
    pub(super) jobs: Vec<Job>,
    /// The functions that its tasks call, and how often at most.
    pub(super) functions: Vec<(String, f64)>,
    /// The states whose jobs a retry could start twice although AWS made the first, since no answer came.
    pub(super) unanswered: Vec<String>,
}

/// What the expressions of a definition can refer to.
struct Known {
    settings: Value,
    variables: Value,
    is_jsonata: bool,
}

/// The work of a definition, with the values of these parameters.
pub(super) fn work(definition: &Value, parameters: &BTreeMap<String, String>) -> Work {
    let is_jsonata = definition["QueryLanguage"] == "JSONata";
    let (settings, variable) = settings(definition, parameters);
    let variables = variable.map_or_else(|| json!({}), |name| json!({name: settings.clone()}));
    let known = Known {
        settings,
        variables,
        is_jsonata,
    };
    let mut work = Work::default();
    collect(definition, &known, Some(1.0), &mut work);
    work
}

/// The settings that a task has resolved, and the variable that holds them.
fn settings(definition: &Value, parameters: &BTreeMap<String, String>) -> (Value, Option<String>) {
    let states = definition["States"].as_object().into_iter().flatten();
    for (_, state) in states {
        let arguments = if state["Arguments"].is_object() {
            "Arguments"
        } else {
            "Parameters"
        };
        let Some(asked) = state[arguments]["Payload"]["parameters"].as_object() else {
            continue;
        };
        let values: Map<String, Value> = asked
            .iter()
            .filter_map(|(name, reference)| Some((name.clone(), setting(reference, parameters)?)))
            .collect();
        let assigned = state["Assign"].as_object().into_iter().flatten();
        let mut named = assigned.filter(|(_, value)| **value == "{% $states.result.Payload %}");
        return (values.into(), named.next().map(|(name, _)| name.clone()));
    }
    (json!({}), None)
}

fn setting(reference: &Value, parameters: &BTreeMap<String, String>) -> Option<Value> {
    let name = reference.as_str().or_else(|| reference["name"].as_str())?;
    let text = parameters.get(name)?;
    match reference["as"].as_str() {
        None | Some("string" | "reference") => Some(text.as_str().into()),
        Some("list") => Some(text.split(',').map(Value::from).collect()),
        Some(_) => serde_json::from_str(text).ok(),
    }
}

fn collect(flow: &Value, known: &Known, times: Option<f64>, work: &mut Work) {
    for (name, state) in flow["States"].as_object().into_iter().flatten() {
        match state["Type"].as_str() {
            Some("Task") => task(name, state, known, times, work),
            Some("Map") => {
                let items = items(state, known);
                let times = times.zip(items).map(|(times, items)| times * items);
                let inner = ["ItemProcessor", "Iterator"]
                    .iter()
                    .find(|inner| state[**inner].is_object());
                inner
                    .iter()
                    .for_each(|inner| collect(&state[**inner], known, times, work));
            }
            Some("Parallel") => {
                let branches = state["Branches"].as_array().into_iter().flatten();
                branches.for_each(|branch| collect(branch, known, times, work));
            }
            _ => {}
        }
    }
}

/// How many items a Map has.
fn items(state: &Value, known: &Known) -> Option<f64> {
    let items = match &state["Items"] {
        Value::Null => known.value(&json!({"v.$": state["ItemsPath"]}), "v")?,
        items => known.value(&json!({"v": items}), "v")?,
    };
    items
        .as_array()
        .and_then(|items| u32::try_from(items.len()).ok())
        .map(f64::from)
}

fn task(name: &str, state: &Value, known: &Known, times: Option<f64>, work: &mut Work) {
    let resource = state["Resource"].as_str().unwrap_or_default();
    let arguments = [&state["Arguments"], &state["Parameters"]];
    let arguments = arguments.into_iter().find(|arguments| arguments.is_object());
    let arguments = arguments.unwrap_or(&Value::Null);
    if resource.ends_with(":lambda:invoke") {
        let function = arguments["FunctionName"].as_str().unwrap_or_default();
        let function = function.rsplit(":function:").next().unwrap_or_default();
        let tries = 1.0 + retries(state, |_| true);
        work.functions.push((function.to_owned(), times.unwrap_or(1.0) * tries));
        return;
    }
    let (kind, place) = if resource.contains(":sagemaker:createProcessingJob") {
        ("processing", &["ProcessingResources", "ClusterConfig"][..])
    } else if resource.contains(":sagemaker:createTrainingJob") {
        ("training", &["ResourceConfig"][..])
    } else {
        return;
    };
    let cluster = place.iter().fold(arguments, |value, name| &value[*name]);
    let number = |of: &Value, name: &str| known.value(of, name)?.as_f64();
    let seconds = match &arguments["StoppingCondition"] {
        Value::Null => Some(UNSAID_SECONDS),
        condition => number(condition, "MaxRuntimeInSeconds"),
    };
    let again = retries(state, |error| !BEFORE_A_JOB.contains(&error));
    if retries(state, |error| error == "SageMaker.SdkClientException") > 0.0 {
        work.unanswered.push(name.to_owned());
    }
    let instance_type = known.value(cluster, "InstanceType");
    work.jobs.push(Job {
        state: name.to_owned(),
        kind,
        instance_type: instance_type.and_then(|value| value.as_str().map(str::to_owned)),
        instances: number(cluster, "InstanceCount"),
        seconds,
        volume_gb: number(cluster, "VolumeSizeInGB"),
        times: times.map(|times| times * (1.0 + again)),
    });
}

/// How often a state is tried again at most after errors that `counts`. Without a number it is three times:
/// <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html>.
fn retries(state: &Value, counts: impl Fn(&str) -> bool) -> f64 {
    let retriers = state["Retry"].as_array().into_iter().flatten();
    let counting = retriers.filter(|retrier| {
        let mut errors = retrier["ErrorEquals"].as_array().into_iter().flatten();
        errors.any(|error| error.as_str().is_some_and(&counts))
    });
    counting
        .map(|retrier| retrier["MaxAttempts"].as_f64().unwrap_or(3.0))
        .sum()
}

impl Known {
    /// A member's value, evaluated if it is an expression. None if it depends on what is not known here.
    fn value(&self, of: &Value, name: &str) -> Option<Value> {
        let state = match (of.get(format!("{name}.$")), of.get(name)) {
            (Some(path), _) => json!({"Type": "Pass", "Parameters": {"v.$": path}, "End": true}),
            (None, Some(Value::String(text))) if self.is_jsonata && text.starts_with("{%") => {
                json!({"Type": "Pass", "QueryLanguage": "JSONata", "Output": {"v": text}, "End": true})
            }
            (None, value) => return value.cloned(),
        };
        let options = TestStateOptions {
            input: json!({"parameters": self.settings}).to_string(),
            variables: Some(self.variables.to_string()),
            ..TestStateOptions::default()
        };
        let output = test_state(&state.to_string(), options).ok()?.output?;
        let output: Value = serde_json::from_str(&output).ok()?;
        output.get("v").cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(settings: &str, retry: &Value) -> Job {
        let definition = json!({"QueryLanguage": "JSONata", "States": {
            "Resolve": {
                "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
                "Arguments": {"Payload": {"parameters": {"training": {"name": "/t", "as": "json"}}}},
                "Assign": {"settings": "{% $states.result.Payload %}"},
            },
            "Train": {"Type": "Map", "Items": "{% [$settings.training.several] %}", "ItemProcessor": {"States": {"Fit": {
                "Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync", "Retry": retry,
                "Arguments": {
                    "ResourceConfig": {"InstanceCount": 2, "InstanceType": "{% $settings.training.type %}"},
                    "StoppingCondition": {"MaxRuntimeInSeconds": "{% $settings.training.seconds %}"},
                },
            }}}},
        }});
        let parameters = BTreeMap::from([("/t".to_owned(), settings.to_owned())]);
        work(&definition, &parameters).jobs.pop().expect("a job")
    }

    #[test]
    fn jobs_are_counted_by_items_and_by_retries_that_start_another() {
        let settings = r#"{"type": "ml.m5.large", "seconds": 60, "several": [1, 2, 3]}"#;
        let busy = json!([{"ErrorEquals": ["SageMaker.ResourceLimitExceededException"], "MaxAttempts": 8}]);
        let all = json!([{"ErrorEquals": ["States.ALL"], "MaxAttempts": 2}]);
        for (settings, retry, seconds, times) in [
            (settings, &json!([]), Some(60.0), Some(3.0)),
            (settings, &busy, Some(60.0), Some(3.0)),
            (settings, &all, Some(60.0), Some(9.0)),
            (
                settings,
                &json!([{"ErrorEquals": ["States.TaskFailed"]}]),
                Some(60.0),
                Some(12.0),
            ),
            (r#"{"type": "ml.m5.large", "several": []}"#, &json!([]), None, Some(0.0)),
        ] {
            let job = job(settings, retry);
            assert_eq!(job.instance_type.as_deref(), Some("ml.m5.large"));
            assert_eq!((job.instances, job.seconds, job.times), (Some(2.0), seconds, times));
        }
    }

    #[test]
    fn what_depends_on_the_execution_is_not_known() {
        let known = Known {
            settings: json!({"volumeSize": 10}),
            variables: json!({}),
            is_jsonata: false,
        };
        let of = json!({"a.$": "$.parameters.volumeSize", "b.$": "$.size", "c": 3});
        let values = ["a", "b", "c", "d"].map(|name| known.value(&of, name));
        assert_eq!(values, [Some(json!(10)), None, Some(json!(3)), None]);
    }
}
