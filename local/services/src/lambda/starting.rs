//! Starting an execution environment: the process, what it is told, and what becomes of what it prints.

use super::code::Launch;
use super::environment::Environment;
use super::functions::Function;
use super::runtime_api::Address;
use crate::program::Guard;
use platform::error::ServiceError;
use platform::{Line, Platform, Principal, Requirement};
use rustix::process::Pid;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

/// Variables that are lists of folders.
const FOLDERS: [&str; 4] = ["LD_LIBRARY_PATH", "NODE_PATH", "PATH", "PYTHONPATH"];

/// How long the last lines of a process that has ended may take to arrive.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Starts a process of `function`. `forget` is told its id when it has ended.
pub(super) fn start(
    forget: impl FnOnce(&str) + Send + 'static,
    platform: &Arc<Platform>,
    function: &Function,
    launch: &Launch,
) -> Result<Arc<Environment>, ServiceError> {
    let id = uuid::Uuid::new_v4().simple().to_string();
    let day = jiff::Timestamp::now().strftime("%Y/%m/%d/");
    let stream = format!("{day}[{}]{id}", function.version);
    let address = Address::reserve().map_err(|error| {
        let message = format!(
            "the Runtime API gets no address for a process of `{}`: {error}",
            function.name()
        );
        ServiceError::new("ServiceException", message).with_status(500)
    })?;
    let credentials = platform.iam.assume_role(function.role(), function.name(), Vec::new())?;
    let expires = credentials.expiration;
    let mut child = command(platform, function, launch, address.host_and_port, &stream)?
        .envs(credentials.environment())
        .spawn()
        .map_err(|error| could_not_start(&launch.program, &error))?;
    let pid = child
        .id()
        .ok_or_else(|| could_not_start(&launch.program, &std::io::Error::other("it ended at once")))?;
    let group = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let guard = group.map(Guard::of).transpose();
    let guard = guard.map_err(|error| could_not_start(&launch.program, &error))?;
    let environment = Arc::new(Environment::of(id, stream.clone(), function.arn.clone(), pid, expires));
    let serving = address.serve(environment.clone());
    let may_write = may_log(platform, function, &stream);
    let log = (function.log_group(), stream);
    let pipes = [
        child
            .stdout
            .take()
            .map(|pipe| tokio::spawn(keep_lines(platform.clone(), log.clone(), may_write, pipe))),
        child
            .stderr
            .take()
            .map(|pipe| tokio::spawn(keep_lines(platform.clone(), log, may_write, pipe))),
    ];
    let watched = environment.clone();
    tokio::spawn(async move {
        let ended = watched.outlive(&mut child).await;
        drop(guard);
        serving.abort();
        read_out(pipes.into_iter().flatten()).await;
        forget(&watched.id);
        watched.has_ended(ended);
    });
    Ok(environment)
}

/// Waits until all that was printed has been read. Somebody who left the process's group may hold its pipes for ever, and
/// nobody waits for that.
async fn read_out(readers: impl Iterator<Item = JoinHandle<()>>) {
    let until = Instant::now() + LAST_LINES;
    for reader in readers {
        let stop = reader.abort_handle();
        if timeout_at(until, reader).await.is_err() {
            stop.abort();
        }
    }
}

/// The process's environment, but for its credentials: Lambda's variables and the function's own. Of this machine's
/// variables it has only those that say where programs are.
fn command(
    platform: &Arc<Platform>,
    function: &Function,
    launch: &Launch,
    runtime_api: SocketAddr,
    stream: &str,
) -> Result<Command, ServiceError> {
    let Some(endpoint) = platform.endpoint() else {
        return Err(ServiceError::new(
            "ServiceException",
            "functions need a gateway that serves what they call",
        )
        .with_status(500));
    };
    let configuration = &function.configuration;
    let mut command = Command::new(&launch.program);
    command
        .env_clear()
        .envs(&launch.defaults)
        .envs(&configuration.environment.variables)
        .env("AWS_LAMBDA_RUNTIME_API", runtime_api.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", function.name())
        .env("AWS_LAMBDA_FUNCTION_VERSION", &function.version)
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", configuration.memory_size.to_string())
        .env("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", function.log_group())
        .env("AWS_LAMBDA_LOG_STREAM_NAME", stream)
        .env("_HANDLER", configuration.handler.as_deref().unwrap_or("bootstrap"))
        .env("AWS_REGION", &platform.account.region)
        .env("AWS_DEFAULT_REGION", &platform.account.region)
        // The one thing that differs from AWS: where the services are.
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("LANG", "en_US.UTF-8")
        .env("TZ", ":UTC")
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .args(&launch.arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    adjust(&mut command, function, launch);
    Ok(command)
}

/// What depends on how the function is started, and on how it logs.
fn adjust(command: &mut Command, function: &Function, launch: &Launch) {
    let configuration = &function.configuration;
    if let Some(folder) = &launch.folder {
        command.current_dir(folder);
    }
    for (name, value) in &launch.variables {
        let own = configuration.environment.variables.get(name);
        // An image's own folders count beside the runtime's, as they do in its container.
        let own = own.or_else(|| launch.defaults.get(name).filter(|_| FOLDERS.contains(&name.as_str())));
        command.env(name, launch.beside(own, value));
    }
    if let Some(logging) = &configuration.logging_config {
        for (name, value) in [
            ("AWS_LAMBDA_LOG_FORMAT", &logging.log_format),
            ("AWS_LAMBDA_LOG_LEVEL", &logging.application_log_level),
        ] {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
    }
}

fn could_not_start(binary: &Path, error: &std::io::Error) -> ServiceError {
    ServiceError::new(
        "InvalidRuntimeException",
        format!("cannot start `{}`: {error}", binary.display()),
    )
    .with_status(502)
}

/// Whether a function's role may write its log. A function without that permission runs, unheard.
fn may_log(platform: &Platform, function: &Function, stream: &str) -> bool {
    let stream = format!("log-group:{}:log-stream:{stream}", function.log_group());
    let arn = platform.account.arn("logs", stream);
    let role = Principal::role_session(function.role(), function.name());
    ["logs:CreateLogStream", "logs:PutLogEvents"].iter().all(|action| {
        let requirement = Requirement::new(*action, arn.as_str());
        platform.iam.decide(&platform.account, &role, &requirement).is_ok()
    })
}

/// Writes every line of a pipe to the log, until the pipe ends.
async fn keep_lines(
    platform: Arc<Platform>,
    (group, stream): (String, String),
    may_write: bool,
    pipe: impl AsyncRead + Unpin,
) {
    let mut reader = BufReader::new(pipe);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).await.is_ok_and(|read| read > 0) {
        let printed = Line {
            group: group.clone(),
            stream: stream.clone(),
            text: String::from_utf8_lossy(&line).trim_end().to_owned(),
        };
        platform.log(printed, may_write);
        line.clear();
    }
}
