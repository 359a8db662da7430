//! The build specification, `buildspec.yml`.
//!
//! Follows <https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html>, version 0.2. Parts that
//! the local run does not have are refused by name. Parts that only help a build on AWS (`cache`, and `runtime-versions`
//! of all but Python) are accepted and do nothing; the build's log says so.

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde::Deserialize;
use serde_json::{Map, Number, Value};
use std::collections::BTreeMap;

/// A build specification.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct BuildSpec {
    version: Value,
    #[serde(default)]
    pub(super) env: Env,
    #[serde(default)]
    pub(super) phases: Phases,
    pub(super) artifacts: Option<Artifacts>,
    #[serde(default)]
    pub(super) reports: BTreeMap<String, Reports>,
    pub(super) cache: Option<Value>,
}

/// The variables of a build, and its shell.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Env {
    #[serde(default)]
    pub(super) shell: ShellKind,
    #[serde(default)]
    pub(super) variables: BTreeMap<String, Value>,
    #[serde(default)]
    pub(super) parameter_store: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) exported_variables: Vec<String>,
}

/// The shells that a Linux build may have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ShellKind {
    #[default]
    #[serde(alias = "/bin/sh")]
    Sh,
    Bash,
}

impl ShellKind {
    pub(super) fn program(self) -> &'static str {
        match self {
            Self::Sh => "sh",
            Self::Bash => "bash",
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Phases {
    install: Option<Phase>,
    pre_build: Option<Phase>,
    build: Option<Phase>,
    post_build: Option<Phase>,
}

impl Phases {
    /// The phases in their order, under the names that a build's description gives them.
    pub(super) fn in_order(&self) -> [(&'static str, Option<&Phase>); 4] {
        [
            ("INSTALL", self.install.as_ref()),
            ("PRE_BUILD", self.pre_build.as_ref()),
            ("BUILD", self.build.as_ref()),
            ("POST_BUILD", self.post_build.as_ref()),
        ]
    }
}

/// What one phase runs.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Phase {
    pub(super) on_failure: Option<OnFailure>,
    pub(super) runtime_versions: Option<Value>,
    #[serde(default)]
    pub(super) commands: Vec<String>,
    #[serde(default)]
    pub(super) finally: Vec<String>,
}

/// What follows a failed command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) enum OnFailure {
    /// Nothing of the build follows, its artifacts and reports included.
    Abort,
    Continue,
    /// The phase runs again, at most so many times.
    Retry(u32),
}

impl TryFrom<String> for OnFailure {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match (text.as_str(), text.strip_prefix("RETRY-")) {
            ("ABORT", _) => Ok(Self::Abort),
            ("CONTINUE", _) => Ok(Self::Continue),
            ("RETRY", _) => Ok(Self::Retry(3)),
            (_, Some(times)) => match times.parse() {
                Ok(times @ 1..=100) => Ok(Self::Retry(times)),
                _ => Err(format!("the local run has no on-failure `{text}`")),
            },
            _ => Err(format!("`{text}` is no on-failure: ABORT, CONTINUE or RETRY")),
        }
    }
}

/// What a build leaves behind.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Artifacts {
    #[serde(default)]
    pub(super) files: Vec<String>,
    /// More of them, by the names that CodePipeline knows them by.
    #[serde(default)]
    pub(super) secondary_artifacts: BTreeMap<String, Artifacts>,
    #[serde(default)]
    pub(super) discard_paths: Value,
    pub(super) base_directory: Option<String>,
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) exclude_paths: Vec<String>,
}

impl Artifacts {
    /// Checks that each has files, and that none but the first has others.
    fn check(&self) -> Result<(), String> {
        if self.files.is_empty() && self.secondary_artifacts.is_empty() {
            return Err("artifacts: missing field `files`".to_owned());
        }
        for (name, artifacts) in &self.secondary_artifacts {
            if artifacts.files.is_empty() || !artifacts.secondary_artifacts.is_empty() {
                return Err(format!(
                    "the secondary artifact `{name}` needs files, and has no others"
                ));
            }
        }
        Ok(())
    }
}

/// The results of tests that a report group gets.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Reports {
    pub(super) files: Vec<String>,
    #[serde(default)]
    pub(super) discard_paths: Value,
    pub(super) base_directory: Option<String>,
    #[serde(default)]
    file_format: Format,
}

/// How a file has the results of tests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
enum Format {
    #[default]
    JunitXml,
}

/// What CodeBuild reads and the local run does not.
const OTHER_FORMATS: [&str; 9] = [
    "CLOVERXML",
    "COBERTURAXML",
    "CUCUMBERJSON",
    "JACOCOXML",
    "NUNIT3XML",
    "NUNITXML",
    "SIMPLECOV",
    "TESTNGXML",
    "VISUALSTUDIOTRX",
];

/// So many report groups may a build have.
const MOST_REPORTS: usize = 5;

impl TryFrom<String> for Format {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "JUNITXML" => Ok(Self::JunitXml),
            other if OTHER_FORMATS.contains(&other) => Err(format!(
                "the local run reads reports in JUNITXML, and has no file-format `{other}`"
            )),
            other => Err(format!("`{other}` is no file-format of a report")),
        }
    }
}

impl BuildSpec {
    /// Reads a build specification.
    ///
    /// # Errors
    /// What is wrong in it, and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        let documents = Yaml::load_from_str(text).map_err(|error| error.to_string())?;
        let [document] = documents.as_slice() else {
            return Err("it must hold one YAML document".into());
        };
        let spec: Self = serde_json::from_value(json(document)?).map_err(|error| {
            let text = error.to_string();
            match text.strip_prefix("unknown field ") {
                Some(rest) => format!("the local run does not have the field {rest}"),
                None => text,
            }
        })?;
        let version = match &spec.version {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        if version != "0.2" {
            return Err(format!("the local run knows version 0.2, not {version}"));
        }
        spec.check_reports()?;
        Ok(spec)
    }

    fn check_reports(&self) -> Result<(), String> {
        if self.reports.len() > MOST_REPORTS {
            return Err(format!(
                "a build has {MOST_REPORTS} report groups at most, not {}",
                self.reports.len()
            ));
        }
        if let Some(name) = self.reports.keys().find(|name| name.contains('$')) {
            return Err(format!(
                "the local run has no variables in names of report groups, such as `{name}`"
            ));
        }
        if let Some((name, _)) = self.reports.iter().find(|(_, reports)| reports.files.is_empty()) {
            return Err(format!("the report group `{name}` needs files"));
        }
        self.artifacts.as_ref().map_or(Ok(()), Artifacts::check)
    }

    /// What `runtime-versions` says, by the runtime.
    fn runtimes(&self) -> impl Iterator<Item = (&String, &Value)> {
        let phases = self.phases.in_order().into_iter().filter_map(|(_, phase)| phase);
        phases
            .filter_map(|phase| phase.runtime_versions.as_ref()?.as_object())
            .flatten()
    }

    /// The version of Python that is asked for.
    pub(super) fn python(&self) -> Option<String> {
        let mut versions = self.runtimes().filter(|(name, _)| *name == "python");
        versions.next().map(|(_, version)| match version {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        })
    }

    /// What AWS would do something with and the local run leaves alone, for the log.
    pub(super) fn left_out(&self) -> Vec<String> {
        let cache = self.cache.iter().map(|_| "cache".to_owned());
        let runtimes = self.runtimes().filter(|(name, _)| *name != "python");
        cache
            .chain(runtimes.map(|(name, _)| format!("runtime-versions of {name}")))
            .collect()
    }
}

/// YAML as JSON, for the one kind of reader that everything else here has.
fn json(yaml: &Yaml<'_>) -> Result<Value, String> {
    Ok(match yaml {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(value)) => (*value).into(),
        Yaml::Value(Scalar::Integer(value)) => (*value).into(),
        Yaml::Value(Scalar::FloatingPoint(value)) => Number::from_f64(**value).map_or(Value::Null, Value::Number),
        Yaml::Value(Scalar::String(text)) => text.as_ref().into(),
        Yaml::Sequence(items) => items.iter().map(json).collect::<Result<_, _>>()?,
        Yaml::Mapping(entries) => {
            let entries = entries.iter().map(|(key, value)| match json(key)? {
                Value::String(key) => Ok((key, json(value)?)),
                other => Err(format!("a key must be a text, not {other}")),
            });
            Value::Object(entries.collect::<Result<Map<_, _>, String>>()?)
        }
        other => return Err(format!("the local run does not read {other:?}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buildspec_is_read() {
        let spec = BuildSpec::parse(
            "version: 0.2\nenv:\n  shell: bash\n  variables: {A: 1}\nphases:\n  build:\n    on-failure: RETRY-2\n    commands:\n      - |\n        one\n        two\n    finally: [three]\n",
        )
        .unwrap();
        assert_eq!(spec.env.shell, ShellKind::Bash);
        let [.., (_, build), _] = spec.phases.in_order();
        let build = build.unwrap();
        assert_eq!(build.commands, ["one\ntwo\n"]);
        assert_eq!(build.finally, ["three"]);
        assert_eq!(build.on_failure, Some(OnFailure::Retry(2)));
    }

    #[test]
    fn runtimes_are_read() {
        let spec =
            "version: 0.2\ncache: {paths: [a]}\nphases: {install: {runtime-versions: {python: 3.12, nodejs: 22}}}";
        let spec = BuildSpec::parse(spec).unwrap();
        assert_eq!(spec.python().as_deref(), Some("3.12"));
        assert_eq!(spec.left_out(), ["cache", "runtime-versions of nodejs"]);
    }

    #[test]
    fn what_it_has_and_the_local_run_has_not_is_refused_by_name() {
        for (text, part) in [
            ("version: 0.1\nphases: {}", "not 0.1"),
            ("phases: {}", "version"),
            ("version: 0.2\nbatch: {}", "`batch`"),
            ("version: 0.2\nenv: {secrets-manager: {A: b}}", "`secrets-manager`"),
            ("version: 0.2\nenv: {shell: fish}", "`fish`"),
            ("version: 0.2\nphases: {deploy: {}}", "`deploy`"),
            ("version: 0.2\nphases: {build: {run-as: me}}", "`run-as`"),
            ("version: 0.2\nphases: {build: {on-failure: PANIC}}", "`PANIC`"),
            (
                "version: 0.2\nartifacts: {files: [a], secondary-artifacts: {A: {}}}",
                "`A` needs files",
            ),
            ("version: 0.2\nartifacts: {name: a}", "`files`"),
            (
                "version: 0.2\nreports: {a: {files: [x], file-format: CUCUMBERJSON}}",
                "`CUCUMBERJSON`",
            ),
            (
                "version: 0.2\nreports: {a: {files: [x], file-format: SIMPLECOV}}",
                "`SIMPLECOV`",
            ),
            (
                "version: 0.2\nreports: {a: {files: [x], file-format: XML}}",
                "`XML` is no",
            ),
            ("version: 0.2\nreports: {a: {files: []}}", "`a` needs files"),
            ("version: 0.2\nreports: {a: {}}", "`files`"),
            ("version: 0.2\nreports: {$A: {files: [x]}}", "`$A`"),
            (
                "version: 0.2\nreports: {a: &r {files: [x]}, b: *r, c: *r, d: *r, e: *r, f: *r}",
                "5 report groups at most, not 6",
            ),
            ("a: [", "line"),
            ("", "one YAML document"),
            (&"[".repeat(100_000), "recursion limit"),
        ] {
            let error = BuildSpec::parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
