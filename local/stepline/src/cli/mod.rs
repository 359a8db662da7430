//! The command line: what can be asked, and the exit code that answers.

mod check;
mod invoke;
mod push;
mod run;
mod session;
mod up;

use crate::display::Display;
use clap::{Parser, Subcommand};
use services::containers::Choice;
use session::{Standing, Trouble};
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Runs the whole chain on this machine, from the files that deploy it: Source, Build, Execute, the state machine and
/// its processing job. No AWS account, and no Docker: but where a container engine answers, it builds and runs the image.
#[derive(Parser)]
#[command(name = "stepline", version, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

const EXAMPLES: &str = "\
Examples:
  cargo run                                     the dev pipeline on this working tree
  cargo run -- run --env prod --ask             the prod pipeline, asking before it executes
  cargo run -- run --containers engine          the image built and run by Docker, or not at all
  cargo run -- run --json                       everything that happens, as JSON, one object a line
  cargo run -- push ml-pipeline-release-dev:release-1   an image pushed from outside the pipeline
  cargo run -- invoke pipeline-action --event events/pipeline-action-first-call.json
  cargo run -- up --port 4566                   the services, for the AWS CLI, boto3 or cargo lambda
  cargo run -- check                            the state machines' definitions, validated
  cargo run -- doctor --env prod                what your AWS account lacks for a deployment

Exit code: 0 where it succeeded, 1 where it failed (the last line says what and why), 2 for wrong usage.";

#[derive(Subcommand)]
enum Command {
    /// Runs the pipeline on this repository's working tree, uncommitted changes included (the default)
    Run(RunOptions),
    /// Pushes the container's image from outside the pipeline: EventBridge, image-push, state machine
    Push {
        /// The repository and the tag, such as ml-pipeline-release-dev:release-1
        #[arg(value_name = "REPOSITORY:TAG", value_parser = push::Image::parse)]
        image: push::Image,
        #[command(flatten)]
        common: Common,
    },
    /// Invokes one function with one event, against the same services
    Invoke {
        /// The function: its binary's name, such as image-push, or its name in the account
        function: String,
        /// A file with the event as JSON
        #[arg(long, value_name = "FILE")]
        event: PathBuf,
        #[command(flatten)]
        common: Common,
    },
    /// Keeps the services up until interrupted, and prints how to reach them
    Up {
        /// Another address of this machine, where containers reach it: whoever else does may use the services too
        #[arg(long, default_value = "127.0.0.1", value_name = "ADDRESS")]
        host: IpAddr,
        /// The port; 0 takes any that is free
        #[arg(long, default_value_t = 4566)]
        port: u16,
        /// With what the sample events in events/ speak of: their jobs wait for answers, their images are in ECR
        #[arg(long)]
        samples: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Validates the definitions in statemachine/
    Check,
    /// Looks at your AWS account before a first deployment and says what is missing; changes nothing
    Doctor {
        /// The environment of sam/samconfig.toml
        #[arg(long, default_value = "dev", value_name = "ENVIRONMENT")]
        env: Environment,
    },
}

/// What `run` takes.
#[derive(clap::Args, Default)]
struct RunOptions {
    #[command(flatten)]
    common: Common,
    /// Asks before each manual approval instead of approving it
    #[arg(long)]
    ask: bool,
    /// How long a job's answer is waited for (on AWS 20 minutes)
    #[arg(long, value_name = "TIME", value_parser = duration)]
    job_timeout: Option<Duration>,
}

/// What every command that stands up the services takes.
#[derive(clap::Args, Default)]
struct Common {
    /// The environment of sam/samconfig.toml
    #[arg(long, default_value = "dev", value_name = "ENVIRONMENT")]
    env: Environment,
    /// How long CodePipeline waits between two calls of its function (on AWS about half a minute)
    #[arg(long, value_name = "TIME", value_parser = duration)]
    poll_interval: Option<Duration>,
    /// What waits for executions, in the place of what sam/samconfig.toml says: sam/pipeline.yaml's parameter `Wait`
    #[arg(long, value_enum, value_name = "WAY")]
    wait: Option<Wait>,
    /// What builds images and runs processing jobs
    #[arg(long, value_enum, default_value_t, value_name = "WAY")]
    containers: Choice,
    /// Prints everything that happens as JSON, one object a line
    #[arg(long)]
    json: bool,
    /// Shows the functions' own log lines, too
    #[arg(short, long)]
    verbose: bool,
}

/// What waits for an execution: the values of the parameter `Wait` of `sam/pipeline.yaml`.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Wait {
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

/// An environment's name; `dev` unless said otherwise.
#[derive(Clone)]
struct Environment(String);

impl Default for Environment {
    fn default() -> Self {
        Self("dev".into())
    }
}

impl From<String> for Environment {
    fn from(name: String) -> Self {
        Self(name)
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

/// Does what the command line asks for.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("stepline: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let command = arguments.command.unwrap_or_else(|| Command::Run(RunOptions::default()));
    // An interrupt is how `up` is meant to end: it sees to that itself.
    let ends_by_interrupt = matches!(command, Command::Up { .. });
    let standing = Standing::default();
    let ended = runtime.block_on(async {
        let ended = tokio::select! {
            ended = perform(command, &standing) => ended,
            () = interrupted(), if !ends_by_interrupt => Err(Trouble::Interrupted),
        };
        standing.clear().await;
        ended
    });
    // What still runs in the background is not waited for: its processes end with it.
    runtime.shutdown_timeout(Duration::from_millis(500));
    match ended {
        Ok(code) => code,
        Err(trouble) => {
            eprintln!("stepline: {trouble}");
            trouble.exit_code()
        }
    }
}

async fn perform(command: Command, standing: &Standing) -> Result<ExitCode, Trouble> {
    match command {
        Command::Run(options) => run::run(options, standing).await,
        Command::Push { image, common } => push::push(image, common, standing).await,
        Command::Invoke {
            function,
            event,
            common,
        } => invoke::invoke(&function, &event, common, standing).await,
        Command::Up {
            host,
            port,
            samples,
            common,
        } => up::up(SocketAddr::new(host, port), samples, common, standing).await,
        Command::Check => check::check().await,
        Command::Doctor { env } => {
            let root = session::repository()?;
            let known = crate::deploy::environments(&root)?;
            if !known.contains(&env.0) {
                return Err(Trouble::UnknownEnvironment {
                    asked: env.0,
                    known: known.join(" and "),
                });
            }
            let report = crate::doctor::examine(&root, &env.0).await?;
            println!("{report}");
            Ok(ExitCode::from(report.exit_code()))
        }
    }
}

/// Waits for Ctrl-C, or for another process to end this one. Where signals cannot be caught, the system's own way of
/// ending the process remains.
async fn interrupted() {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signals) => drop(signals.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        Ok(()) = tokio::signal::ctrl_c() => {}
        () = terminated => {}
    }
}

/// The display that the options ask for.
fn display(common: &Common) -> Display {
    Display::new(common.json, common.verbose)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
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

    #[test]
    fn wrong_usage_is_told_from_right_usage() {
        for (arguments, is_right) in [
            (vec!["stepline"], true),
            (
                vec!["stepline", "run", "--env", "prod", "--poll-interval", "50ms", "--json"],
                true,
            ),
            (vec!["stepline", "push", "ml-pipeline-release-dev:release-1"], true),
            (vec!["stepline", "push", "ml-pipeline-dev"], false),
            (vec!["stepline", "invoke", "image-push"], false),
            (vec!["stepline", "up", "--port", "seventy"], false),
            (vec!["stepline", "up", "--containers", "process"], true),
            (vec!["stepline", "run", "--containers", "podman"], false),
            (vec!["stepline", "fly"], false),
        ] {
            assert_eq!(Arguments::try_parse_from(&arguments).is_ok(), is_right, "{arguments:?}");
        }
    }
}
