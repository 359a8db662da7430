//! How quickly the functions start and answer, what they weigh, and how often they call AWS: `cargo bench -p stepline`.
//!
//! Everything is measured in one run on one machine, each function as the process that Lambda would start, so the ratios
//! hold where the figures don't. `-- --runs N` sets how many processes of each are started, and `-- --binaries DIR` takes
//! release binaries that lie there instead of building them. `functions.json` beside that folder has the same figures as
//! JSON. Sizes and numbers of calls have bounds, and passing one is a failure; times are only printed.

mod endpoint;
mod runtime_api;
mod subject;

use endpoint::Endpoint;
use runtime_api::RuntimeApi;
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use subject::Subject;

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

/// The deployed zip of a function may weigh at most this.
const ZIP_BYTES_AT_MOST: usize = 2_500_000;
const WARM_INVOCATIONS: usize = 20;

/// The medians of one subject.
struct Figures {
    name: &'static str,
    start: Duration,
    first: Duration,
    warm: Duration,
    peak_memory_kb: Option<u64>,
    binary_bytes: Option<u64>,
    zip_bytes: Option<usize>,
    calls_first: usize,
    calls_warm: usize,
}

#[tokio::main(worker_threads = 2)]
async fn main() -> ExitCode {
    match run().await {
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

async fn run() -> Fallible<Vec<String>> {
    let runs = argument("--runs").map_or(Ok(20), |runs| {
        runs.parse().map_err(|_| format!("`--runs {runs}`: not a number"))
    })?;
    let binaries = argument("--binaries").map_or_else(build, |folder| Ok(folder.into()))?;
    let python = python_with_boto3();
    if python.is_none() {
        eprintln!("note: no Python 3 with boto3 is here (`pip install boto3`), so there is nothing to compare with");
    }
    let authority = binaries.join("bench-authority.pem");
    let endpoint = Endpoint::listen(4, &authority).await?;
    let subjects = subject::subjects(|name| binaries.join(name), python);
    let mut figures = Vec::new();
    let mut handshakes = Vec::new();
    for subject in &subjects {
        figures.push(measure(subject, runs, &endpoint, &authority, &mut handshakes).await?);
    }
    let handshake = median(&mut handshakes);
    print!("{}", table(&figures, handshake, runs));
    let path = binaries.join("../functions.json");
    std::fs::write(
        &path,
        serde_json::to_string_pretty(&as_json(&figures, handshake, runs))?,
    )?;
    Ok(breaches(&figures, &subjects))
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

async fn measure(
    subject: &Subject,
    runs: usize,
    endpoint: &Endpoint,
    authority: &Path,
    handshakes: &mut Vec<Duration>,
) -> Fallible<Figures> {
    let (mut starts, mut firsts, mut warms, mut memory) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut calls_first, mut calls_warm) = (0, 0);
    for _ in 0..runs {
        // As it starts on Lambda, trusting what it trusts there: nothing is called, so nothing needs the test authority.
        starts.push(
            start_only(subject)
                .await
                .map_err(|error| format!("{}: {error}", subject.name))?,
        );

        let mut api = RuntimeApi::listen().await?;
        let mut command = subject.command();
        command.env("AWS_LAMBDA_RUNTIME_API", api.address.to_string());
        trust(&mut command, endpoint, authority);
        let mut process = Process::start(command)?;
        let invocations = async {
            api.asked().await?;
            endpoint.take();
            firsts.push(api.invoke(subject.first.clone()).await?);
            api.asked().await?;
            let traffic = endpoint.take();
            calls_first = calls_first.max(traffic.calls.len());
            handshakes.extend(&traffic.handshakes);
            let mut token = traffic.continuation_token;
            for _ in 0..WARM_INVOCATIONS {
                warms.push(api.invoke(with_token(&subject.warm, token.as_deref())).await?);
                api.asked().await?;
                let traffic = endpoint.take();
                calls_warm = calls_warm.max(traffic.calls.len());
                token = traffic.continuation_token.or(token);
            }
            Ok::<_, String>(())
        };
        invocations
            .await
            .map_err(|error| format!("{}: {error}", subject.name))?;
        memory.extend(process.peak_memory_kb());
    }
    memory.sort_unstable();
    let is_binary = subject.program.len() == 1;
    let binary = if is_binary {
        Some(std::fs::read(&subject.program[0])?)
    } else {
        None
    };
    Ok(Figures {
        name: subject.name,
        start: median(&mut starts),
        first: median(&mut firsts),
        warm: median(&mut warms),
        peak_memory_kb: memory.get(memory.len() / 2).copied(),
        binary_bytes: binary.as_ref().map(|bytes| bytes.len() as u64),
        zip_bytes: binary.map(|bytes| zipped(&bytes)).transpose()?,
        calls_first,
        calls_warm,
    })
}

/// Process start to the first request for an event.
async fn start_only(subject: &Subject) -> Result<Duration, String> {
    let mut api = RuntimeApi::listen().await.map_err(|error| error.to_string())?;
    let mut command = subject.command();
    command.env("AWS_LAMBDA_RUNTIME_API", api.address.to_string());
    let began = Instant::now();
    let _process = Process::start(command).map_err(|error| error.to_string())?;
    Ok(api.asked().await? - began)
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
        command.env(variable, format!("https://{}", endpoint.addresses[port]));
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

/// A child process that ends with its owner.
struct Process(std::process::Child);

impl Process {
    fn start(mut command: Command) -> std::io::Result<Self> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            // What a process dies of goes where the reader of the table sees it.
            .stderr(Stdio::inherit())
            .spawn()
            .map(Self)
    }

    /// The most memory that it ever held, where the system tells (Linux).
    fn peak_memory_kb(&mut self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn zipped(binary: &[u8]) -> Fallible<usize> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file(
        "bootstrap",
        zip::write::SimpleFileOptions::default().unix_permissions(0o755),
    )?;
    zip.write_all(binary)?;
    Ok(zip.finish()?.into_inner().len())
}

fn median(durations: &mut [Duration]) -> Duration {
    durations.sort_unstable();
    durations.get(durations.len() / 2).copied().unwrap_or_default()
}

fn table(figures: &[Figures], handshake: Duration, runs: usize) -> String {
    let milliseconds = |duration: Duration| format!("{:.2}", duration.as_secs_f64() * 1000.0);
    let megabytes = |bytes: Option<u64>| bytes.map_or("-".into(), |bytes| format!("{:.2}", bytes as f64 / 1e6));
    let bare = figures
        .iter()
        .find(|row| row.name == "bare-function")
        .map(|row| row.start);
    let python = figures
        .iter()
        .find(|row| row.name == "python-boto3")
        .map(|row| row.start);
    let ratio = |of: Duration, to: Option<Duration>| {
        to.map_or("-".into(), |to| format!("{:.3}", of.as_secs_f64() / to.as_secs_f64()))
    };
    let mut text = format!(
        "medians of {runs} processes each; one TLS handshake: {} ms\n\n\
         | function | start to first /next, ms | of bare | of Python | first invocation, ms | warm, ms | peak memory, MB | binary, MB | zip, MB | AWS calls first / warm |\n\
         | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |\n",
        milliseconds(handshake)
    );
    for row in figures {
        text += &format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} / {} |\n",
            row.name,
            milliseconds(row.start),
            ratio(row.start, bare),
            ratio(row.start, python),
            milliseconds(row.first),
            milliseconds(row.warm),
            row.peak_memory_kb
                .map_or("-".into(), |kb| format!("{:.1}", kb as f64 / 1024.0)),
            megabytes(row.binary_bytes),
            megabytes(row.zip_bytes.map(|bytes| bytes as u64)),
            row.calls_first,
            row.calls_warm,
        );
    }
    text
}

fn as_json(figures: &[Figures], handshake: Duration, runs: usize) -> Value {
    let rows: Vec<Value> = figures
        .iter()
        .map(|row| {
            json!({
                "function": row.name,
                "startSeconds": row.start.as_secs_f64(),
                "firstInvocationSeconds": row.first.as_secs_f64(),
                "warmInvocationSeconds": row.warm.as_secs_f64(),
                "peakMemoryKb": row.peak_memory_kb,
                "binaryBytes": row.binary_bytes,
                "zipBytes": row.zip_bytes,
                "awsCallsFirst": row.calls_first,
                "awsCallsWarm": row.calls_warm,
            })
        })
        .collect();
    json!({"runs": runs, "tlsHandshakeSeconds": handshake.as_secs_f64(), "functions": rows})
}

/// What grew past its bound.
fn breaches(figures: &[Figures], subjects: &[Subject]) -> Vec<String> {
    let mut breaches = Vec::new();
    for (row, subject) in figures.iter().zip(subjects) {
        if let Some(bytes) = row.zip_bytes.filter(|bytes| *bytes > ZIP_BYTES_AT_MOST) {
            breaches.push(format!(
                "{}: its zip has {bytes} bytes, over {ZIP_BYTES_AT_MOST}",
                row.name
            ));
        }
        if let Some((first, warm)) = subject.calls_at_most
            && (row.calls_first > first || row.calls_warm > warm)
        {
            breaches.push(format!(
                "{}: {} AWS calls in the first invocation and {} in a warm one, over {first} and {warm}",
                row.name, row.calls_first, row.calls_warm
            ));
        }
    }
    breaches
}
