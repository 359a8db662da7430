//! The build specification, `buildspec.yml`.
//!
//! Follows <https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html>, version 0.2. Parts that
//! the local run does not have are refused by name. Parts that only help a build on AWS (`cache`, `reports`,
//! `runtime-versions`) are accepted and do nothing; the build's log says so.

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
    pub(super) reports: Option<Value>,
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
    #[serde(default)]
    pub(super) on_failure: OnFailure,
    pub(super) runtime_versions: Option<Value>,
    #[serde(default)]
    pub(super) commands: Vec<String>,
    #[serde(default)]
    pub(super) finally: Vec<String>,
}

/// What follows a failed command.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) enum OnFailure {
    #[default]
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
    pub(super) files: Vec<String>,
    #[serde(default)]
    pub(super) discard_paths: Value,
    pub(super) base_directory: Option<String>,
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) exclude_paths: Vec<String>,
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
        Ok(spec)
    }

    /// The files that AWS would do something with and the local run leaves alone, for the log.
    pub(super) fn left_out(&self) -> Vec<&'static str> {
        let versions = self
            .phases
            .in_order()
            .into_iter()
            .any(|(_, phase)| phase.is_some_and(|phase| phase.runtime_versions.is_some()));
        let left_out = [
            ("reports", self.reports.is_some()),
            ("cache", self.cache.is_some()),
            ("runtime-versions", versions),
        ];
        left_out
            .into_iter()
            .filter(|(_, given)| *given)
            .map(|(name, _)| name)
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
        assert_eq!(build.on_failure, OnFailure::Retry(2));
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
                "version: 0.2\nartifacts: {files: [a], secondary-artifacts: {}}",
                "`secondary-artifacts`",
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
