//! A Dockerfile as a plan: what the image's configuration is, and which files make its layers.
//!
//! There is one stage, with the instructions that run nothing: FROM, ARG, ENV, WORKDIR, COPY, ADD of files, LABEL,
//! USER, EXPOSE, VOLUME, STOPSIGNAL, SHELL, ENTRYPOINT and CMD. The base image is not there, and of RUN only
//! `pip install` is done: the build's output says both. Other instructions are refused by name.

use super::instruction::{Instruction, expand, instructions, join, words};
use super::pip;
use crate::python::Install;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What makes a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Layer {
    /// A folder that is there if it was not.
    Folder(String),
    /// Files and folders of the context, by their patterns, into a place of the image.
    Copy { sources: Vec<String>, target: String },
}

/// A step of the build, for the output and the image's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// The line that it begins on.
    pub(super) line: usize,
    pub(super) text: String,
    pub(super) layer: Option<Layer>,
    /// What Python packages it installs.
    pub(super) installs: Vec<Install>,
    /// Why it is not carried out here.
    pub(super) skipped: Option<String>,
}

impl Step {
    /// Why a command of the image's is not carried out. What nobody carries out is none.
    pub(super) fn left_undone(&self) -> Option<&str> {
        self.skipped.as_deref().filter(|_| self.text.starts_with("RUN "))
    }
}

/// What a Dockerfile asks for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    /// The base image as it is named.
    pub(super) base: String,
    pub(super) steps: Vec<Step>,
    /// The configuration that containers of the image have.
    pub(super) config: Map<String, Value>,
}

/// The build arguments that need no ARG.
const KNOWN_ARGS: [&str; 4] = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SOURCE_DATE_EPOCH"];

/// AWS's base images for functions: they know where a function's files are, and start there.
///
/// See <https://docs.aws.amazon.com/lambda/latest/dg/images-create.html>.
const OF_FUNCTIONS: [&str; 2] = ["public.ecr.aws/lambda/", "amazon/aws-lambda-"];

/// Reads a Dockerfile with the arguments of `--build-arg`.
pub(super) fn plan(text: &str, args: &BTreeMap<String, String>) -> Result<Plan, String> {
    let mut reader = Reader {
        args,
        declared: Vec::new(),
        before_from: BTreeMap::new(),
        variables: BTreeMap::new(),
        env: BTreeMap::new(),
        directory: "/".into(),
        plan: None,
    };
    for instruction in instructions(text) {
        reader
            .read(&instruction)
            .map_err(|error| format!("Dockerfile:{}: {error}", instruction.line))?;
    }
    let unused = args
        .keys()
        .find(|name| !reader.declared.contains(name) && !KNOWN_ARGS.contains(&name.to_ascii_uppercase().as_str()));
    if let Some(unused) = unused {
        eprintln!("[Warning] One or more build-args [{unused}] were not consumed");
    }
    let mut plan = reader
        .plan
        .ok_or("the Dockerfile has no build stage: FROM is missing")?;
    let env = reader.env.iter().map(|(name, value)| format!("{name}={value}"));
    plan.config.insert("Env".into(), env.collect());
    Ok(plan)
}

struct Reader<'a> {
    args: &'a BTreeMap<String, String>,
    declared: Vec<&'a String>,
    before_from: BTreeMap<String, String>,
    /// What texts may name: arguments and environment.
    variables: BTreeMap<String, String>,
    env: BTreeMap<String, String>,
    directory: String,
    plan: Option<Plan>,
}

impl Reader<'_> {
    fn read(&mut self, instruction: &Instruction) -> Result<(), String> {
        let Instruction { name, rest, .. } = instruction;
        if rest.is_empty() {
            return Err(format!("{name} requires at least one argument"));
        }
        if rest.contains("<<") && matches!(name.as_str(), "RUN" | "COPY" | "ADD") {
            return Err(format!(
                "the stand-in for docker does not have here-documents: {name} {rest}"
            ));
        }
        match name.as_str() {
            "ARG" => self.arg(rest),
            "FROM" => self.from(rest),
            _ => {
                let step = self.step(instruction)?;
                self.plan()?.steps.push(step);
                Ok(())
            }
        }
    }

    /// Reads an instruction behind FROM.
    fn step(&mut self, Instruction { name, rest, line }: &Instruction) -> Result<Step, String> {
        let text = expand(rest, &self.variables);
        let (mut layer, mut skipped, mut installs) = (None, None, Vec::new());
        match name.as_str() {
            "ENV" => {
                for (name, value) in pairs(&text)? {
                    self.variables.insert(name.clone(), value.clone());
                    self.env.insert(name, value);
                }
            }
            "WORKDIR" => {
                self.directory = join(&self.directory, &text);
                layer = Some(Layer::Folder(self.directory.clone()));
                self.set("WorkingDir", self.directory.clone())?;
            }
            "COPY" | "ADD" => layer = Some(self.copy(name, &text)?),
            "RUN" => match pip::installs(rest, &self.directory) {
                Some(Ok(found)) => installs = found,
                Some(Err(why)) => skipped = Some(why),
                None => {
                    let why =
                        "of RUN only pip install is done without an engine: this machine's own programs are there";
                    skipped = Some(why.to_owned());
                }
            },
            "ENTRYPOINT" => self.set("Entrypoint", command(rest))?,
            "CMD" => self.set("Cmd", command(rest))?,
            "USER" => self.set("User", text.as_str())?,
            "STOPSIGNAL" => self.set("StopSignal", text.as_str())?,
            "LABEL" => self.extend("Labels", pairs(&text)?)?,
            "EXPOSE" => {
                let ports = words(&text).into_iter().map(|port| match port.contains('/') {
                    true => port,
                    false => format!("{port}/tcp"),
                });
                self.extend("ExposedPorts", ports.map(|port| (port, json!({}))))?;
            }
            "VOLUME" => {
                let volumes: Vec<String> = serde_json::from_str(&text).unwrap_or_else(|_| words(&text));
                self.extend("Volumes", volumes.into_iter().map(|volume| (volume, json!({}))))?;
            }
            "SHELL" => {}
            "HEALTHCHECK" => skipped = Some("SageMaker does not look at it".to_owned()),
            _ => {
                return Err(format!(
                    "the stand-in for docker does not have the instruction `{name}`"
                ));
            }
        }
        // The shell that runs these puts their variables in.
        let is_run = matches!(name.as_str(), "RUN" | "ENTRYPOINT" | "CMD");
        let text = if is_run { rest.as_str() } else { text.as_str() };
        Ok(Step {
            line: *line,
            text: format!("{name} {text}"),
            layer,
            installs,
            skipped,
        })
    }

    /// Sets a field of the configuration.
    fn set(&mut self, field: &str, value: impl Into<Value>) -> Result<(), String> {
        self.plan()?.config.insert(field.into(), value.into());
        Ok(())
    }

    /// Adds entries to a field of the configuration that is an object.
    fn extend<V: Into<Value>>(
        &mut self,
        field: &str,
        entries: impl IntoIterator<Item = (String, V)>,
    ) -> Result<(), String> {
        let known = self.plan()?.config.entry(field).or_insert_with(|| json!({}));
        for (name, value) in entries {
            known[name] = value.into();
        }
        Ok(())
    }

    fn plan(&mut self) -> Result<&mut Plan, String> {
        self.plan
            .as_mut()
            .ok_or_else(|| "no build stage in current context: FROM comes first".into())
    }

    fn arg(&mut self, rest: &str) -> Result<(), String> {
        for word in words(rest) {
            let (name, default) = match word.split_once('=') {
                Some((name, default)) => (name.to_owned(), Some(expand(default, &self.variables))),
                None => (word, None),
            };
            let given = self.args.get_key_value(&name);
            self.declared.extend(given.map(|(name, _)| name));
            let before = self.before_from.get(&name).cloned();
            let value = given.map(|(_, value)| value.clone()).or(default).or(before);
            if self.plan.is_none() {
                self.before_from.extend(value.map(|value| (name, value)));
            } else if !self.env.contains_key(&name) {
                // ENV wins over ARG.
                self.variables.extend(value.map(|value| (name, value)));
            }
        }
        Ok(())
    }

    fn from(&mut self, rest: &str) -> Result<(), String> {
        if self.plan.is_some() {
            return Err("the stand-in for docker builds one stage, not several".into());
        }
        let text = expand(rest, &self.before_from);
        let words: Vec<&str> = text
            .split_whitespace()
            .filter(|word| !word.starts_with("--platform"))
            .collect();
        let base = match words.as_slice() {
            [base] => base,
            [base, as_, _] if as_.eq_ignore_ascii_case("AS") => base,
            _ => return Err(format!("FROM takes an image: {rest}")),
        };
        if OF_FUNCTIONS.iter().any(|begin| base.starts_with(begin)) {
            self.directory = "/var/task".into();
            self.variables.insert("LAMBDA_TASK_ROOT".into(), "/var/task".into());
        }
        self.plan = Some(Plan {
            base: (*base).to_owned(),
            steps: Vec::new(),
            config: Map::new(),
        });
        Ok(())
    }

    fn copy(&self, name: &str, text: &str) -> Result<Layer, String> {
        let (options, rest): (Vec<String>, Vec<String>) = match text.trim_start().starts_with('[') {
            true => (
                Vec::new(),
                serde_json::from_str(text).map_err(|error| error.to_string())?,
            ),
            false => words(text).into_iter().partition(|word| word.starts_with("--")),
        };
        for option in &options {
            // Whose the files are does not matter where all of them are read by one user.
            let known = ["--chown=", "--link"];
            if !known.iter().any(|known| option.starts_with(known)) {
                return Err(format!("the stand-in for docker does not have `{name} {option}`"));
            }
        }
        let Some((target, sources)) = rest.split_last().filter(|(_, sources)| !sources.is_empty()) else {
            return Err(format!("{name} requires at least two arguments"));
        };
        let remote = |source: &&String| source.contains("://") || source.ends_with(".tar") || source.contains(".tar.");
        if let Some(source) = sources.iter().find(remote).filter(|_| name == "ADD") {
            return Err(format!("the stand-in for docker does not add `{source}`: files alone"));
        }
        if sources.len() > 1 && !target.ends_with('/') {
            return Err(format!(
                "with more than one source, the destination of {name} must end with a /"
            ));
        }
        let place = join(&self.directory, target);
        // Where the build is, there is a folder.
        let is_folder = target.ends_with('/') || target.ends_with("/.") || place == self.directory;
        let slash = if is_folder { "/" } else { "" };
        Ok(Layer::Copy {
            sources: sources.to_vec(),
            target: if place == "/" { place } else { format!("{place}{slash}") },
        })
    }
}

/// `A=1 B="x y"`, or the old `A some text`.
fn pairs(text: &str) -> Result<Vec<(String, String)>, String> {
    let words = words(text);
    match words.first() {
        Some(first) if !first.contains('=') => {
            let (name, value) = text.split_once(char::is_whitespace).ok_or("a name needs a value")?;
            Ok(vec![(name.to_owned(), value.trim().to_owned())])
        }
        _ => {
            let pairs = words.into_iter().map(|word| match word.split_once('=') {
                Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
                _ => Err(format!("can't find = in \"{word}\"")),
            });
            pairs.collect()
        }
    }
}

/// `["python3", "x.py"]` as it is, `python3 x.py` through a shell.
fn command(text: &str) -> Value {
    serde_json::from_str::<Vec<String>>(text).map_or_else(|_| json!(["/bin/sh", "-c", text]), |parts| json!(parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dockerfile_becomes_a_plan() {
        let text = r#"
ARG VERSION=3
FROM --platform=linux/amd64 python:${VERSION}-slim@sha256:x AS base
ENV A=1 B="x y"
WORKDIR /opt/program
COPY app/requirements.txt ./requirements.txt
RUN pip install -r requirements.txt
RUN apt-get install -y gcc
COPY --chown=1:1 app/src ./src
ARG PYTHON_ENV=development
ENV PYTHON_ENV=${PYTHON_ENV}
LABEL a=b
EXPOSE 80
ENTRYPOINT ["python3", "src/hello.py"]
CMD --help
"#;
        let args = [("PYTHON_ENV".to_owned(), "dev".to_owned())].into();
        let plan = plan(text, &args).unwrap();
        assert_eq!(plan.base, "python:3-slim@sha256:x");
        let layers: Vec<_> = plan.steps.iter().filter_map(|step| step.layer.clone()).collect();
        let copy = |source: &str, target: &str| Layer::Copy {
            sources: vec![source.into()],
            target: target.into(),
        };
        assert_eq!(
            layers,
            [
                Layer::Folder("/opt/program".into()),
                copy("app/requirements.txt", "/opt/program/requirements.txt"),
                copy("app/src", "/opt/program/src"),
            ]
        );
        let skipped: Vec<_> = plan.steps.iter().filter(|step| step.skipped.is_some()).collect();
        assert_eq!(skipped.len(), 1);
        assert_eq!(skipped[0].text, "RUN apt-get install -y gcc");
        assert!(skipped[0].left_undone().is_some());
        let installs: Vec<_> = plan.steps.iter().flat_map(|step| &step.installs).collect();
        assert_eq!(installs[0].files, ["/opt/program/requirements.txt"]);
        assert_eq!(
            Value::Object(plan.config),
            json!({
                "WorkingDir": "/opt/program",
                "Labels": {"a": "b"},
                "ExposedPorts": {"80/tcp": {}},
                "Entrypoint": ["python3", "src/hello.py"],
                "Cmd": ["/bin/sh", "-c", "--help"],
                "Env": ["A=1", "B=x y", "PYTHON_ENV=dev"],
            })
        );
    }

    #[test]
    fn aws_base_images_know_where_a_function_is() {
        let text = "FROM public.ecr.aws/lambda/python:3.12\nCOPY app.py ${LAMBDA_TASK_ROOT}\nCOPY lib lib\n";
        let plan = plan(text, &BTreeMap::new()).unwrap();
        let targets = plan.steps.iter().filter_map(|step| match &step.layer {
            Some(Layer::Copy { target, .. }) => Some(target.as_str()),
            _ => None,
        });
        assert_eq!(targets.collect::<Vec<_>>(), ["/var/task/", "/var/task/lib"]);
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        for (text, part) in [
            ("", "FROM is missing"),
            ("COPY a b", "Dockerfile:1: no build stage"),
            (
                "FROM a\nFROM b",
                "Dockerfile:2: the stand-in for docker builds one stage",
            ),
            ("FROM a\nONBUILD RUN x", "`ONBUILD`"),
            ("FROM a\nCOPY --from=b c d", "--from=b"),
            ("FROM a\nCOPY a b c", "must end with a /"),
            ("FROM a\nADD https://x/y z", "does not add"),
            ("FROM a\nENV A=1 B", "can't find ="),
            ("FROM a\nRUN <<EOF", "here-documents"),
            ("FROM a\nUSER", "at least one argument"),
        ] {
            let error = plan(text, &BTreeMap::new()).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
