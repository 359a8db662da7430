//! How quickly the functions start and answer, what they weigh, and how often they call AWS:
//! `cargo bench --workspace --bench functions`.
//!
//! Everything is measured in one run on one machine, each function as the process that Lambda would start, so the ratios
//! hold where the figures don't. `-- --runs N` sets how many processes of each are started, and `-- --binaries DIR` takes
//! release binaries that lie there instead of building them. `functions.json` beside that folder has the same figures as
//! JSON. Sizes and numbers of calls have bounds, and passing one is a failure; times are only printed.

mod endpoint;
mod report;
mod subject;

use endpoint::Endpoint;
use report::{Report, Samples};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use subject::Subject;
use test_support::{Process, RuntimeApi};

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

const WARM_INVOCATIONS: usize = 20;

fn main() -> ExitCode {
    match run() {
        Ok(breaches) if breaches.is_empty() => ExitCode::SUCCESS,
        Ok(breaches) => {
            for breach in breaches {
                eprintln!("error: {breach}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Fallible<Vec<String>> {
    let runs = argument("--runs").map_or(Ok(20), |runs| {
        runs.parse().map_err(|_| format!("`--runs {runs}`: not a number"))
    })?;
    let binaries = argument("--binaries").map_or_else(build, |folder| Ok(folder.into()))?;
    let python = python_with_boto3();
    if python.is_none() {
        eprintln!("note: no Python 3 with boto3 is here (`pip install boto3`), so there is nothing to compare with");
    }
    let authority = binaries.join("bench-authority.pem");
    let endpoint = Endpoint::listen(4, &authority)?;
    let subjects = subject::subjects(|name| binaries.join(name), python);
    let mut samples: Vec<Samples> = subjects.iter().map(|_| Samples::default()).collect();
    // One process of each in turn: whatever else the machine does meanwhile slows all of them alike.
    for _ in 0..runs {
        for (subject, samples) in subjects.iter().zip(&mut samples) {
            measure(subject, &endpoint, &authority, samples).map_err(|error| format!("{}: {error}", subject.name))?;
        }
    }
    let report = Report::of(runs, &subjects, samples)?;
    print!("{}", report.table());
    std::fs::write(
        binaries.join("../functions.json"),
        serde_json::to_string_pretty(&report.as_json())?,
    )?;
    Ok(report.breaches(&subjects))
}

/// What follows `name` on the command line.
fn argument(name: &str) -> Option<String> {
    std::env::args().skip_while(|argument| argument != name).nth(1)
}

/// Builds the functions as they are deployed and returns the folder of the binaries.
fn build() -> Fallible<PathBuf> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let mut command = Command::new(cargo);
    command.args([
        "build",
        "--release",
        "--locked",
        "--message-format=json-render-diagnostics",
    ]);
    for name in ["bare-function", "pipeline-action", "image-push", "resolve-parameters"] {
        command.args(["--package", name]);
    }
    let output = command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err("`cargo build --release` of the functions failed".into());
    }
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|message| Some(Path::new(message["executable"].as_str()?).parent()?.to_owned()))
        .ok_or_else(|| "cargo named no executable".into())
}

fn python_with_boto3() -> Option<PathBuf> {
    let python = PathBuf::from("python3");
    let found = Command::new(&python)
        .args(["-c", "import boto3"])
        .stderr(Stdio::null())
        .status()
        .ok()?;
    found.success().then_some(python)
}

/// Starts the subject twice: once to see it start, and once to have it work.
fn measure(subject: &Subject, endpoint: &Endpoint, authority: &Path, samples: &mut Samples) -> Fallible<()> {
    // As it starts on Lambda, trusting what it trusts there: nothing is called, so nothing needs the test authority.
    samples.starts.push(start_only(subject)?);

    let mut command = subject.command();
    trust(&mut command, endpoint, authority);
    let process = Process::spawn(command, RuntimeApi::start())?;
    process.lambda().asked()?;
    endpoint.take();
    samples.firsts.push(invoke(&process, &subject.first)?);
    let traffic = endpoint.take();
    samples.calls_first = samples.calls_first.max(traffic.calls.len());
    samples.handshakes.extend(&traffic.handshakes);
    let mut token = traffic.continuation_token;
    for _ in 0..WARM_INVOCATIONS {
        let event = with_token(&subject.warm, token.as_deref());
        samples.warms.push(invoke(&process, &event)?);
        let traffic = endpoint.take();
        samples.calls_warm = samples.calls_warm.max(traffic.calls.len());
        token = traffic.continuation_token.or(token);
    }
    samples.memory_kb.extend(peak_memory_kb(&process));
    Ok(())
}

/// Process start to the first request for an event.
fn start_only(subject: &Subject) -> Fallible<Duration> {
    let lambda = RuntimeApi::start();
    let began = Instant::now();
    let process = Process::spawn(subject.command(), lambda)?;
    Ok(process.lambda().asked()? - began)
}

/// How long an invocation takes, from the event to its answer. The process has asked for the next event afterwards.
fn invoke(process: &Process, event: &Value) -> Fallible<Duration> {
    let sent = Instant::now();
    process.hand_over(event);
    let (at, answer) = process.lambda().ended()?;
    answer.map_err(|error| error.to_string())?;
    process.lambda().asked()?;
    Ok(at - sent)
}

/// Sends the SDKs to the endpoint, one port a service, and has them trust its certificate alone.
fn trust(command: &mut Command, endpoint: &Endpoint, authority: &Path) {
    let services = [
        ("AWS_ENDPOINT_URL_SFN", 0),
        ("AWS_ENDPOINT_URL_CODEPIPELINE", 1),
        ("AWS_ENDPOINT_URL_SSM", 2),
        ("AWS_ENDPOINT_URL_ECR", 3),
    ];
    for (variable, port) in services {
        command.env(variable, format!("https://{}", endpoint.address(port)));
    }
    command
        .env("TRUST_SYSTEM_ROOTS", "true")
        .env("SSL_CERT_FILE", authority)
        .env("AWS_CA_BUNDLE", authority);
}

fn with_token(event: &Value, token: Option<&str>) -> Value {
    let mut event = event.clone();
    if let (Some(place), Some(token)) = (event.pointer_mut("/CodePipeline.job/data/continuationToken"), token) {
        *place = token.into();
    }
    event
}

/// The most memory that a process ever held, where the system tells (Linux).
fn peak_memory_kb(process: &Process) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
