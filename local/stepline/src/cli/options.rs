//! What the commands take.

use crate::display::Display;
use crate::project::{Overrides, Project, ProjectError};
use services::containers::Choice;
use std::path::PathBuf;
use std::time::Duration;

/// What `run` takes.
#[derive(clap::Args, Default)]
pub(super) struct RunOptions {
    #[command(flatten)]
    pub(super) common: Common,
    /// Asks before each manual approval instead of approving it
    #[arg(long)]
    pub(super) ask: bool,
    /// Keeps the services up once the pipeline has succeeded, the one that serves the model among them, until interrupted
    #[arg(long)]
    pub(super) keep: bool,
    /// How long a job's answer is waited for (on AWS 20 minutes)
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) job_timeout: Option<Duration>,
    /// The pipeline, where the environment has several
    #[arg(long, value_name = "NAME", conflicts_with = "state_machine")]
    pub(super) pipeline: Option<String>,
    #[command(flatten)]
    pub(super) execution: ExecutionOptions,
    #[command(flatten)]
    pub(super) part: PartOptions,
    #[command(flatten)]
    pub(super) report: ReportOptions,
}

/// What is run in the place of a pipeline.
#[derive(clap::Args, Default)]
pub(super) struct ExecutionOptions {
    /// Starts this state machine in the place of the pipeline; where there is no pipeline, the only one
    #[arg(long, value_name = "NAME", conflicts_with_all = ["report", "summary"])]
    pub(super) state_machine: Option<String>,
    /// The execution's input as JSON, or @FILE
    #[arg(long, value_name = "JSON|@FILE")]
    pub(super) input: Option<String>,
}

/// Which part of a state machine is run, and when it is run again.
#[derive(clap::Args, Default)]
pub(super) struct PartOptions {
    /// Begins the state machine with this state, with the results that its last execution has left
    #[arg(long, value_name = "STATE")]
    pub(super) from: Option<String>,
    /// Stops the state machine, and the pipeline with it, once this state has succeeded
    #[arg(long, value_name = "STATE")]
    pub(super) until: Option<String>,
    /// Runs again what a change of a file touches, until interrupted: a definition from the state that changed or failed, a
    /// program from its job, anything else from the beginning
    #[arg(long)]
    pub(super) watch: bool,
    /// Stays up after the end, until interrupted: how `--watch` runs
    #[arg(long, hide = true)]
    pub(super) held: bool,
    /// A file that has changed since the last run: what `--watch` tells
    #[arg(long, hide = true, value_name = "FILE", requires = "held")]
    pub(super) after_change: Option<Vec<PathBuf>>,
}

/// What a run leaves for others to read.
#[derive(clap::Args, Default)]
pub(super) struct ReportOptions {
    /// Writes the whole run as one HTML file, however it ends
    #[arg(long, value_name = "FILE.html")]
    pub(super) report: Option<PathBuf>,
    /// Writes the report in Japanese
    #[arg(long, requires = "report")]
    pub(super) japanese: bool,
    /// Writes the run as Markdown, for $GITHUB_STEP_SUMMARY or a pull request, however it ends
    #[arg(long, value_name = "FILE.md")]
    pub(super) summary: Option<PathBuf>,
    /// What the summary shows the change of costs and permissions against: a folder, or a revision of git
    #[arg(long, requires = "summary", value_name = "FOLDER|REVISION")]
    pub(super) base: Option<String>,
}

/// What `lineage` takes.
#[derive(clap::Args)]
pub(super) struct LineageOptions {
    /// A model (its package's ARN, or the number of its version), a deployment (a service's name or ARN,
    /// CLUSTER/SERVICE, or a task definition), or a commit
    #[arg(value_name = "MODEL|DEPLOYMENT|COMMIT")]
    pub(super) of: String,
    /// The environment; otherwise dev, or the only one
    #[arg(long, value_name = "ENVIRONMENT")]
    pub(super) env: Option<String>,
    /// Asks AWS, with your credentials, in the place of the local account
    #[arg(long)]
    pub(super) aws: bool,
    /// Asks the services that `up` keeps up at this address
    #[arg(long, value_name = "URL", conflicts_with = "aws")]
    pub(super) endpoint: Option<String>,
    /// Where what lasts from run to run is kept, in the place of target/stepline/state
    #[arg(long, value_name = "FOLDER", conflicts_with_all = ["aws", "endpoint"])]
    pub(super) state: Option<PathBuf>,
    /// The model package group, in the place of the one that the templates make
    #[arg(long, value_name = "NAME")]
    pub(super) group: Option<String>,
    /// Prints each record as JSON, one a line
    #[arg(long)]
    pub(super) json: bool,
}

/// What `open` takes.
#[derive(clap::Args)]
pub(super) struct OpenOptions {
    /// A run: the begin of its id, of its commit, or a word of the commit's message; without it the newest
    #[arg(value_name = "RUN")]
    pub(super) run: Option<String>,
    /// The environment; otherwise dev, or the only one
    #[arg(long, value_name = "ENVIRONMENT")]
    pub(super) env: Option<String>,
    /// Where what lasts from run to run is kept, in the place of target/stepline/state
    #[arg(long, value_name = "FOLDER")]
    pub(super) state: Option<PathBuf>,
    /// The port of the page, on this machine alone; otherwise 4567, or any that is free where that is taken
    #[arg(long, value_name = "PORT")]
    pub(super) page_port: Option<u16>,
}

/// What every command that stands up the services takes.
#[derive(clap::Args, Default)]
pub(super) struct Common {
    /// The environment; otherwise dev, or the only one
    #[arg(long, value_name = "ENVIRONMENT")]
    pub(super) env: Option<String>,
    /// How long CodePipeline waits between two calls of its function (on AWS about half a minute)
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) poll_interval: Option<Duration>,
    /// What waits for executions, in the place of what sam/samconfig.toml says: sam/pipeline.yaml's parameter `Wait`
    #[arg(long, value_enum, value_name = "WAY")]
    pub(super) wait: Option<Wait>,
    /// What the pipeline starts, in the place of what sam/samconfig.toml says: the parameter `Machine` of both templates
    #[arg(long, value_enum, value_name = "MACHINE")]
    pub(super) machine: Option<Machine>,
    /// Whether the pipeline runs the container's own tests, in the place of what sam/samconfig.toml says: sam/pipeline.yaml's
    /// parameter `Test`. Those of the sample are left out unless this says on: they need packages
    #[arg(long, value_enum, value_name = "WHETHER")]
    pub(super) test: Option<Tests>,
    /// Values of parameters that replace those in samconfig.toml, for the templates that have them
    #[arg(long, value_name = "NAME=VALUE", num_args = 1..)]
    pub(super) parameter_overrides: Vec<Parameter>,
    /// What builds images and runs jobs of SageMaker
    #[arg(long, value_enum, default_value_t, value_name = "WAY")]
    pub(super) containers: Choice,
    /// Where what lasts from run to run is kept, in the place of target/stepline/state
    #[arg(long, value_name = "FOLDER")]
    pub(super) state: Option<PathBuf>,
    /// Gives states outcomes from a file in the place of what they call, in the format of Step Functions Local's mocks or of
    /// TestState's; #CASE chooses one of its test cases
    #[arg(long, value_name = "FILE[#CASE]")]
    pub(super) mock: Option<String>,
    /// Whether clients may make the state machines that are mocked, later than the templates are deployed
    #[arg(skip)]
    pub(super) mocks_come_first: bool,
    /// Begins with an empty account: what was kept of earlier runs is deleted
    #[arg(long)]
    pub(super) fresh: bool,
    /// The port of the page, on this machine alone; otherwise 4567, or any that is free where that is taken
    #[arg(long, value_name = "PORT")]
    pub(super) page_port: Option<u16>,
    /// Prints everything that happens as JSON, one object a line
    #[arg(long)]
    pub(super) json: bool,
    /// Shows everything: all lines of builds and jobs, the functions' own, each call of them and each poll, too
    #[arg(short, long)]
    pub(super) verbose: bool,
}

impl Common {
    /// The values of parameters that the options give, for an environment of a repository.
    pub(super) fn overrides(&self, project: &Project, environment: &str) -> Result<Overrides, ProjectError> {
        let machine = self.machine.map(|machine| machine.to_string());
        let starts = match &machine {
            Some(machine) => Some(machine.clone()),
            None => project.parameter(environment, "Machine")?,
        };
        let is_sample = starts.as_deref() == Some("hello");
        let implied_test = (self.test.is_none() && is_sample).then(|| ("Test".to_owned(), Tests::Off.to_string()));
        let named = |name: &str, value: String| (name.to_owned(), value);
        let asked = self
            .parameter_overrides
            .iter()
            .map(|pair| (pair.name.clone(), pair.value.clone()));
        Ok(Overrides {
            asked: asked
                .chain(machine.map(|machine| named("Machine", machine)))
                .chain(self.wait.map(|wait| named("Wait", wait.to_string())))
                .chain(self.test.map(|test| named("Test", test.to_string())))
                .collect(),
            implied: implied_test.into_iter().chain([serving()]).collect(),
        })
    }

    /// The display that the options ask for.
    pub(super) fn display(&self) -> Display {
        Display::new(self.json, self.verbose)
    }
}

/// The value of a parameter, written `NAME=VALUE`.
#[derive(Debug, Clone)]
pub(super) struct Parameter {
    name: String,
    value: String,
}

impl std::str::FromStr for Parameter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => Ok(Self {
                name: name.to_owned(),
                value: value.to_owned(),
            }),
            _ => Err(format!("`{text}` must be NAME=VALUE")),
        }
    }
}

/// That models are served, in the place of what sam/samconfig.toml says: here it takes no VPC.
pub(super) fn serving() -> (String, String) {
    ("Serving".to_owned(), "ecs".to_owned())
}

/// What waits for an execution: the values of the parameter `Wait` of `sam/pipeline.yaml`.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Wait {
    /// The action, which is called again and again
    Polling,
    /// An approval behind the action, which the function answers
    Event,
}

impl std::fmt::Display for Wait {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Polling => "polling",
            Self::Event => "event",
        })
    }
}

/// Whether the container's own tests run: the values of the parameter `Test` of `sam/pipeline.yaml`.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Tests {
    /// Before anything is built
    On,
    /// Not at all
    Off,
}

impl std::fmt::Display for Tests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::On => "on",
            Self::Off => "off",
        })
    }
}

/// A state machine that the pipeline can start: the values of the parameter `Machine` of `sam/template.yaml` and
/// `sam/pipeline.yaml`.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Machine {
    /// The sample: one processing job that says hello
    Hello,
    /// The training pipeline
    Training,
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Hello => "hello",
            Self::Training => "training",
        })
    }
}

/// Reads `200ms`, `2s`, `20m`, `1h`.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits
        .parse()
        .map_err(|_| format!("`{text}` is not a time such as 200ms, 2s or 20m"))?;
    match &text[digits.len()..] {
        "ms" => Ok(Duration::from_millis(number)),
        "s" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(number * 60)),
        "h" => Ok(Duration::from_secs(number * 3600)),
        unit => Err(format!("`{unit}` is not a unit of time: take ms, s, m or h")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn overrides(common: &Common) -> Overrides {
        let project = Project::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")).unwrap();
        common.overrides(&project, "dev").unwrap()
    }

    #[test]
    fn what_is_asked_for_is_told_from_what_is_implied() {
        let common = Common {
            machine: Some(Machine::Hello),
            wait: Some(Wait::Event),
            parameter_overrides: vec!["Branch=main".parse().unwrap()],
            ..Common::default()
        };
        let Overrides { asked, implied } = overrides(&common);
        let pairs = |values: &[(&str, &str)]| -> std::collections::BTreeMap<String, String> {
            let pairs = values.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
            pairs.collect()
        };
        assert_eq!(
            asked,
            pairs(&[("Branch", "main"), ("Machine", "hello"), ("Wait", "event")])
        );
        assert_eq!(implied, pairs(&[("Serving", "ecs"), ("Test", "off")]));
        assert!("Branch".parse::<Parameter>().is_err());
    }

    #[test]
    fn the_sample_is_not_tested_unless_it_is_asked_for() {
        for (machine, test, expected) in [
            (Machine::Hello, None, Some("off")),
            (Machine::Hello, Some(Tests::On), Some("on")),
            (Machine::Training, None, None),
            (Machine::Training, Some(Tests::Off), Some("off")),
        ] {
            let options = Common {
                machine: Some(machine),
                test,
                ..Common::default()
            };
            let Overrides { asked, implied } = overrides(&options);
            let test = asked.get("Test").or_else(|| implied.get("Test"));
            assert_eq!(test.map(String::as_str), expected);
        }
    }

    #[test]
    fn times_have_a_unit() {
        for (text, expected) in [
            ("200ms", Some(Duration::from_millis(200))),
            ("2s", Some(Duration::from_secs(2))),
            ("20m", Some(Duration::from_secs(1200))),
            ("1h", Some(Duration::from_secs(3600))),
            ("2", None),
            ("s", None),
            ("2d", None),
        ] {
            assert_eq!(duration(text).ok(), expected, "{text}");
        }
    }
}
