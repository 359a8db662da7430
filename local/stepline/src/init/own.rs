//! A definition that a repository has, and what its state machine needs of a template: values for its substitutions, and a
//! role that may do what it calls.

use crate::checks::substituted_names;
use crate::template;
use serde_json::{Map, Value, json};
use states_language::{MachineSettings, Needed, StateMachine, permissions};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What a template of ours knows by itself: the name in a definition, the value, and the same as a text of `Fn::Sub`.
const KNOWN: &[(&[&str], &str, &str)] = &[
    (&["Environment", "Env", "Stage"], "!Ref Environment", "${Environment}"),
    (
        &["Partition", "AwsPartition", "AWSPartition"],
        "!Ref AWS::Partition",
        "${AWS::Partition}",
    ),
    (
        &["Region", "AwsRegion", "AWSRegion"],
        "!Ref AWS::Region",
        "${AWS::Region}",
    ),
    (
        &["AccountId", "AwsAccountId", "AWSAccountId", "Account"],
        "!Ref AWS::AccountId",
        "${AWS::AccountId}",
    ),
    (
        &["ResolveParametersFunctionArn"],
        "!GetAtt ResolveParametersFunction.Arn",
        "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:stepline-resolve-parameters-${Environment}",
    ),
    (&["ProcessingJobRoleArn"], JOB_ROLE, JOB_ROLE_ARN),
];

/// The role of jobs in SageMaker.
const JOB_ROLE: &str = "!GetAtt ProcessingJobRole.Arn";
const JOB_ROLE_ARN: &str =
    "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/ml-pipeline-job-${Environment}-${AWS::Region}";

/// The fields of a call of SageMaker's that name the role of its job.
const ROLE_FIELDS: &[&str] = &["RoleArn", "ExecutionRoleArn"];

/// A definition.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Definition {
    /// Where it is, from the root.
    pub(super) file: String,
    /// As JSON, its substitutions not made.
    text: String,
    /// The names in its substitutions.
    names: BTreeSet<String>,
    /// Those of them that are the role of a job.
    job_roles: BTreeSet<String>,
}

/// What the state machine of a definition needs of its template.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Needs {
    /// The values of its substitutions.
    pub(super) substitutions: Map<String, Value>,
    /// What its role may do.
    pub(super) statements: Vec<Value>,
    /// Whether it hands our role to jobs.
    pub(super) has_jobs: bool,
    /// The buckets that it names, as jobs do: `s3://BUCKET/`.
    pub(super) buckets: BTreeSet<String>,
}

impl Definition {
    /// Reads the file at `file`, from the root.
    pub(super) fn read(root: &Path, file: &str) -> Result<Self, String> {
        let path = root.join(file);
        let text = match file.ends_with(".json") {
            true => std::fs::read_to_string(&path).map_err(|error| error.to_string())?,
            false => template::read(&path).map_err(|error| error.to_string())?.to_string(),
        };
        Ok(Self::of(file, text))
    }

    fn of(file: &str, text: String) -> Self {
        let read: Option<Value> = serde_json::from_str(&text).ok();
        let mut job_roles = BTreeSet::new();
        if let Some(read) = &read {
            note_job_roles(read, &mut job_roles);
        }
        // One in the place of a number is no JSON yet.
        let names = match &read {
            Some(read) => substituted_names(read),
            None => substituted_names(&Value::String(text.clone())),
        };
        Self {
            file: file.to_owned(),
            text,
            names,
            job_roles,
        }
    }

    /// The names in its substitutions whose values nobody but the repository's owner knows.
    pub(super) fn unknown(&self) -> impl Iterator<Item = &str> {
        let names = self.names.iter().map(String::as_str);
        names.filter(|name| self.known(name).is_none() && !self.job_roles.contains(*name))
    }

    /// Whether it has such a substitution.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// The region that its ARNs name, where they name one.
    pub(super) fn region(&self) -> Option<String> {
        let pattern = regex_lite::Regex::new(r"arn:aws[a-z-]*:[a-z0-9-]+:([a-z]{2}(?:-[a-z]+)+-[0-9]+):").ok()?;
        let named = pattern
            .captures_iter(&self.text)
            .filter_map(|found| Some(found.get(1)?.as_str()));
        let named: BTreeSet<&str> = named.collect();
        (named.len() == 1).then(|| named.into_iter().next().map(str::to_owned))?
    }

    /// A value that our template has, with its text for `Fn::Sub`.
    fn known(&self, name: &str) -> Option<(&'static str, &'static str)> {
        let named = KNOWN.iter().find(|(names, ..)| names.contains(&name));
        let named = named.map(|(_, value, text)| (*value, *text));
        named.or_else(|| self.job_roles.contains(name).then_some((JOB_ROLE, JOB_ROLE_ARN)))
    }

    /// What its state machine needs, with these values of what is unknown. They may name `${Environment}` and what CloudFormation
    /// knows by itself.
    pub(super) fn needs(&self, values: &BTreeMap<String, String>) -> Result<Needs, String> {
        let (mut substitutions, mut filled) = (Map::new(), self.text.clone());
        let mut has_jobs = false;
        for name in &self.names {
            let (value, text) = match (values.get(name), self.known(name)) {
                (Some(given), _) => (text(given), given.clone()),
                (None, Some((value, text))) => {
                    has_jobs |= value == JOB_ROLE;
                    (function(value), text.to_owned())
                }
                (None, None) => continue,
            };
            filled = filled.replace(&format!("${{{name}}}"), &marked(&text));
            substitutions.insert(name.clone(), value);
        }
        let settings = MachineSettings {
            partition: marked("${AWS::Partition}"),
            region: marked("${AWS::Region}"),
            account: marked("${AWS::AccountId}"),
            name: marked("ml-pipeline-${Environment}"),
            logs: false,
            traces: false,
        };
        StateMachine::parse(&filled).map_err(|error| error.to_string())?;
        let needed = permissions(&filled, &settings).map_err(|error| error.to_string())?;
        Ok(Needs {
            substitutions,
            statements: statements(&needed),
            has_jobs,
            buckets: buckets(&filled).iter().map(|bucket| unmarked(bucket)).collect(),
        })
    }
}

/// What stands for `${`, `}` and `::` while a definition is read: with them a value would be one that nobody knows, and no part
/// of an ARN. Unicode keeps these for private use.
const MARKS: [(&str, &str); 3] = [("${", "\u{e000}"), ("}", "\u{e001}"), ("::", "\u{e002}")];

/// A text of `Fn::Sub` that reads as a literal.
fn marked(text: &str) -> String {
    let mut parts = text.split("${");
    let mut marked = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').unwrap_or((part, ""));
        let [(_, begin), (_, end), (colons, mark)] = MARKS;
        marked.push_str(&format!("{begin}{}{end}{rest}", name.replace(colons, mark)));
    }
    marked
}

/// The text again.
fn unmarked(text: &str) -> String {
    let replace = |text: String, (of, mark): &(&str, &str)| text.replace(mark, of);
    MARKS.iter().fold(text.to_owned(), replace)
}

/// Notes the substitutions that are the role of a job in SageMaker.
fn note_job_roles(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| note_job_roles(item, found)),
        Value::Object(fields) => {
            let resource = value["Resource"].as_str().unwrap_or_default();
            if resource.contains(":sagemaker:") {
                let arguments = ["Parameters", "Arguments"].map(|name| &value[name]);
                let roles = arguments
                    .into_iter()
                    .flat_map(|arguments| ROLE_FIELDS.iter().filter_map(|field| arguments[*field].as_str()));
                let names = roles.filter_map(|role| role.strip_prefix("${")?.strip_suffix('}'));
                found.extend(names.map(str::to_owned));
            }
            fields.values().for_each(|value| note_job_roles(value, found));
        }
        _ => {}
    }
}

/// A value that may name others.
fn text(given: &str) -> Value {
    match given.contains("${") {
        true => json!({ "Fn::Sub": given }),
        false => given.into(),
    }
}

/// A function in its short form, as JSON.
fn function(short: &str) -> Value {
    match short.trim_start_matches('!').split_once(' ') {
        Some(("Ref", name)) => json!({ "Ref": name }),
        Some((function, argument)) => json!({ format!("Fn::{function}"): argument }),
        None => short.into(),
    }
}

/// The statements of a policy that allows what is needed: one for the actions that are on the same resources.
fn statements(needed: &[Needed]) -> Vec<Value> {
    type What = (BTreeSet<String>, Option<&'static str>);
    let mut actions: BTreeMap<(&str, Option<&'static str>), BTreeSet<String>> = BTreeMap::new();
    for needed in needed {
        let of = actions.entry((&needed.resource, needed.passed_to)).or_default();
        of.insert(needed.action.clone());
    }
    let mut resources: BTreeMap<What, Vec<Value>> = BTreeMap::new();
    for ((resource, passed_to), actions) in actions {
        let resource = text(&unmarked(resource));
        resources.entry((actions, passed_to)).or_default().push(resource);
    }
    let one_or_all = |mut values: Vec<Value>| match values.len() {
        1 => values.remove(0),
        _ => Value::Array(values),
    };
    let statement = |((actions, passed_to), resources): (What, Vec<Value>)| {
        let mut statement = json!({
            "Effect": "Allow",
            "Action": one_or_all(actions.into_iter().map(Value::String).collect()),
            "Resource": one_or_all(resources),
        });
        if let Some(service) = passed_to {
            statement["Condition"] = json!({"StringEquals": {"iam:PassedToService": service}});
        }
        statement
    };
    resources.into_iter().map(statement).collect()
}

/// The buckets in URIs of S3 that a text names.
fn buckets(text: &str) -> BTreeSet<String> {
    let named = text.split("s3://").skip(1);
    let bucket = |rest: &str| {
        let is_of_name =
            |character: char| character.is_ascii_alphanumeric() || ".-{}\u{e000}\u{e001}\u{e002}".contains(character);
        let end = rest.find(|character| !is_of_name(character)).unwrap_or(rest.len());
        rest[..end].to_owned()
    };
    // What `States.Format` fills in is no name.
    let is_whole = |bucket: &String| !bucket.is_empty() && !bucket.contains("{}");
    named.map(bucket).filter(is_whole).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFINITION: &str = r#"{"StartAt": "Job", "States": {
        "Job": {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync",
            "Parameters": {"RoleArn": "${SageMakerRole}", "ProcessingInputs": [{"S3Input": {"S3Uri": "s3://${Data}/raw"}}]},
            "Next": "Ask"},
        "Ask": {"Type": "Task", "Resource": "arn:${AWSPartition}:states:::lambda:invoke", "TimeoutSeconds": 60,
            "Parameters": {"FunctionName": "${AskArn}", "Payload": {"shell": "${NotOurs:-x}"}}, "End": true}}}"#;

    #[test]
    fn what_a_definition_needs_is_read_from_it() {
        let definition = Definition::of("a.asl.json", DEFINITION.to_owned());
        assert_eq!(definition.unknown().collect::<Vec<_>>(), ["AskArn", "Data"]);
        let ask = "arn:aws:lambda:eu-west-1:111122223333:function:ask-${Environment}";
        let values = [("AskArn", ask), ("Data", "data-${Environment}")];
        let values = values.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let needs = definition.needs(&values.into()).unwrap();
        assert_eq!(
            Value::Object(needs.substitutions),
            json!({
                "AWSPartition": {"Ref": "AWS::Partition"},
                "AskArn": {"Fn::Sub": ask},
                "Data": {"Fn::Sub": "data-${Environment}"},
                "SageMakerRole": {"Fn::GetAtt": "ProcessingJobRole.Arn"},
            })
        );
        assert!(needs.has_jobs);
        assert_eq!(needs.buckets, BTreeSet::from(["data-${Environment}".to_owned()]));
        let allowed = |action: &str| {
            let found = needs.statements.iter().find(|statement| {
                let actions = &statement["Action"];
                actions == action || actions.as_array().is_some_and(|all| all.contains(&action.into()))
            });
            found.cloned().unwrap_or_default()
        };
        assert_eq!(allowed("lambda:InvokeFunction")["Resource"], json!({ "Fn::Sub": ask }));
        let passes = allowed("iam:PassRole");
        assert_eq!(passes["Resource"], json!({ "Fn::Sub": JOB_ROLE_ARN }));
        assert_eq!(
            passes["Condition"]["StringEquals"]["iam:PassedToService"],
            "sagemaker.amazonaws.com"
        );
        assert_ne!(allowed("sagemaker:CreateProcessingJob"), Value::Null);
    }

    #[test]
    fn a_number_may_be_substituted_and_what_is_no_definition_is_said() {
        let text = DEFINITION.replace("60", "${Timeout}");
        let definition = Definition::of("a.asl.json", text);
        let unknown: Vec<&str> = definition.unknown().collect();
        assert_eq!(unknown, ["AskArn", "Data", "SageMakerRole", "Timeout"]);
        let values = unknown.iter().map(|name| ((*name).to_owned(), "1".to_owned()));
        assert!(definition.needs(&values.collect()).is_ok());
        let broken = Definition::of("a.asl.json", "{".to_owned());
        assert!(broken.needs(&BTreeMap::new()).is_err());
    }
}
