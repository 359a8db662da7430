//! The command line: what can be asked, and the exit code that answers.

mod asking;
mod check;
mod cost;
mod execute;
mod functions;
mod graph;
mod init;
mod interrupt;
mod invoke;
mod kept;
mod lineage;
mod mocks;
mod new;
mod open;
mod options;
mod page;
mod part;
mod push;
mod report;
mod run;
mod served;
mod session;
mod shell;
mod stamps;
mod up;
mod watch;
mod why;

use crate::{cloud, command, print};
use clap::{CommandFactory, Parser, Subcommand};
use interrupt::interrupted;
use options::{Common, LineageOptions, OpenOptions, RunOptions};
use session::{Standing, Trouble};
use std::io::IsTerminal;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// What the doctor knows the way in.
const CHAIN: &str = "sam/samconfig.toml";

/// Runs the whole chain on this machine, from the files that deploy it: the pipeline's stages, the state
/// machines they start and their jobs. No AWS account, and no Docker: but where a container engine answers, it builds
/// and runs the image.
#[derive(Parser)]
#[command(name = "stepline", version, after_help = examples())]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

/// What can be asked, and what it does.
const EXAMPLES: &[(&str, &str)] = &[
    ("", "the dev pipeline on this working tree"),
    ("run --keep", "the same, with the model served until Ctrl-C"),
    ("run --env prod --ask", "the prod pipeline, asking before it executes"),
    (
        "run --containers engine",
        "the image built and run by Docker, or not at all",
    ),
    ("run --json", "everything that happens, as JSON, one object a line"),
    ("run --watch", "the same again after each change, from what it touches"),
    (
        "run --from Evaluate",
        "from a state on, with the results of the run before",
    ),
    (
        "push ml-pipeline-release-dev:release-1",
        "an image pushed from outside the pipeline",
    ),
    (
        "invoke pipeline-action --event events/pipeline-action-first-call.json",
        "one function with one event",
    ),
    ("up --port 4566", "the services, for the AWS CLI, boto3 or cargo lambda"),
    ("open", "the page of past runs"),
    ("check", "the state machines' definitions, validated"),
    (
        "run --mock FILE",
        "states take their outcomes from a file (docs/mocks.md)",
    ),
    ("check --watch", "the same whenever a file changes, and on a page"),
    (
        "graph statemachine/ml-pipeline.asl.json --output graph.svg",
        "a definition as a drawing",
    ),
    (
        "run --fresh",
        "from an empty account, without what earlier runs have left",
    ),
    ("state", "what is kept from run to run"),
    ("services", "the services and operations that are here"),
    (
        "cost --base origin/dev",
        "the most a run can cost, and the change against another revision",
    ),
    (
        "lineage 3",
        "what version 3 of the model was made of, and where it serves",
    ),
    ("doctor --env prod", "what your AWS account lacks for a deployment"),
];

const EXIT_CODES: &str =
    "Exit code: 0 where it succeeded, 1 where it failed (the last line says what and why), 2 for wrong usage.";

/// The examples, as the person at the keyboard has to type them.
fn examples() -> String {
    let mut shown = "Examples:\n".to_owned();
    for (arguments, what) in EXAMPLES {
        let line = format!("{} {arguments}", command::name());
        shown.push_str(&format!("  {:<46} {what}\n", line.trim_end().trim_end_matches(" --")));
    }
    format!("{shown}\n{EXIT_CODES}")
}

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
    /// Opens the page of past runs, or of the command that is under way
    Open(OpenOptions),
    /// Validates the definitions and the templates, before anything runs
    Check(check::CheckOptions),
    /// Writes the few files that a repository lacks so that its own chain runs here; never over one that is there
    Init(init::InitOptions),
    /// Makes a repository of your own, with the chain and a training pipeline in it
    New(new::NewOptions),
    /// Puts Stepline's own functions into functions/ as zips, for a repository without Rust
    Functions(functions::FunctionsOptions),
    /// Draws a definition, as SVG or as a Mermaid flowchart
    Graph(graph::GraphOptions),
    /// Says what is kept from run to run, and where
    State {
        /// Where it is, in the place of target/stepline/state
        #[arg(long, value_name = "FOLDER")]
        state: Option<PathBuf>,
    },
    /// Lists the services that the account has here, and their operations
    Services,
    /// Says the most that one run can cost, before it runs, and what its service costs
    Cost(cost::CostOptions),
    /// Follows a model, a deployment or a commit: commit, image, data, execution, training job, metrics, package, service
    Lineage(LineageOptions),
    /// Prints the completions for a shell: put them where it looks for them
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Prints the manual page, for man(1)
    Man,
    /// Looks at your AWS account before a first deployment and says what is missing; changes nothing
    Doctor {
        /// The environment; otherwise dev, or the only one
        #[arg(long, value_name = "ENVIRONMENT")]
        env: Option<String>,
    },
}

/// What can be asked, as clap has it: for the reference, and for whoever checks that a command can be given.
pub fn command_line() -> clap::Command {
    Arguments::command()
}

/// Does what the command line asks for.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain!("stepline: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut command = arguments.command.unwrap_or_else(|| Command::Run(RunOptions::default()));
    if let Command::Run(options) = &mut command {
        // Whoever sits at a terminal can ask the service before it goes.
        options.keep |= std::io::stdout().is_terminal() || options.part.held || options.part.watch;
    }
    // An interrupt is how these are meant to end: they see to that themselves.
    let ends_by_interrupt = matches!(
        command,
        Command::Up { .. }
            | Command::Open(_)
            | Command::Check(check::CheckOptions { watch: true, .. })
            | Command::Run(RunOptions { keep: true, .. })
    );
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
            complain!("stepline: {trouble}");
            trouble.exit_code()
        }
    }
}

async fn perform(command: Command, standing: &Standing) -> Result<ExitCode, Trouble> {
    match command {
        Command::Run(options) if options.part.watch => watch::watch(options.common.json).await,
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
        Command::State { state } => {
            let folder = match state {
                Some(folder) => folder,
                None => kept::folder(&session::repository()?, None),
            };
            print::out(format_args!("{}", kept::describe(&folder)?));
            Ok(ExitCode::SUCCESS)
        }
        Command::Open(options) => open::open(options).await,
        Command::Check(options) => check::check(&options).await,
        Command::Init(options) => init::init(options).await,
        Command::New(options) => new::new(options),
        Command::Functions(options) => functions::put(&options),
        Command::Graph(options) => graph::graph(&options),
        Command::Services => {
            print::out(format_args!("{}", cloud::operations()));
            Ok(ExitCode::SUCCESS)
        }
        Command::Cost(options) => cost::cost(options).await,
        Command::Lineage(options) => lineage::lineage(options).await,
        Command::Completions { shell } => shell::completions(command_line(), shell),
        Command::Man => shell::manual(command_line()),
        Command::Doctor { env } => {
            let root = session::repository()?;
            let env = session::known(&root, env.as_deref())?;
            if !root.join(CHAIN).is_file() {
                return Err(Trouble::Usage(format!(
                    "the doctor looks at what {CHAIN} deploys, as `new` and `init` write it, and {} has no such file: `check` says \
                     what can be said of any layout",
                    root.display()
                )));
            }
            let report = crate::doctor::examine(&root, &env).await?;
            say!("{report}");
            Ok(ExitCode::from(report.exit_code()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command_line().debug_assert();
    }

    #[test]
    fn wrong_usage_is_told_from_right_usage() {
        for (arguments, is_right) in [
            (vec!["stepline"], true),
            (
                vec!["stepline", "run", "--env", "prod", "--poll-interval", "50ms", "--json"],
                true,
            ),
            (vec!["stepline", "run", "--from", "A", "--until", "B", "--watch"], true),
            (vec!["stepline", "run", "--after-change", "a"], false),
            (vec!["stepline", "push", "ml-pipeline-release-dev:release-1"], true),
            (vec!["stepline", "push", "ml-pipeline-dev"], false),
            (vec!["stepline", "invoke", "image-push"], false),
            (vec!["stepline", "up", "--port", "seventy"], false),
            (vec!["stepline", "up", "--containers", "process"], true),
            (vec!["stepline", "run", "--containers", "podman"], false),
            (
                vec!["stepline", "lineage", "3", "--env", "prod", "--json", "--aws"],
                true,
            ),
            (
                vec![
                    "stepline",
                    "lineage",
                    "3",
                    "--aws",
                    "--endpoint",
                    "http://127.0.0.1:4566",
                ],
                false,
            ),
            (vec!["stepline", "lineage"], false),
            (vec!["stepline", "check", "--watch", "--page-port", "0"], true),
            (vec!["stepline", "check", "--page-port", "0"], false),
            (vec!["stepline", "graph", "a.asl.json", "--format", "mermaid"], true),
            (vec!["stepline", "graph", "a.asl.json", "--format", "png"], false),
            (vec!["stepline", "graph"], false),
            (vec!["stepline", "completions", "zsh"], true),
            (vec!["stepline", "completions", "dos"], false),
            (vec!["stepline", "fly"], false),
        ] {
            assert_eq!(Arguments::try_parse_from(&arguments).is_ok(), is_right, "{arguments:?}");
        }
    }
}
