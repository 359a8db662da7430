//! What a function's process sees of Lambda and of AWS: the Runtime API and the services, at one address of this machine.
//!
//! For tests of whole binaries: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

/// How long a process may take to answer before the test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// The ARN that functions are told to be invoked by.
const FUNCTION_ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:f";

/// Answers a call by its target (`AmazonSSM.GetParameters`) and body.
type Services = dyn Fn(&str, &Value) -> Reply + Send + Sync;

/// What a service does with the connection that a call came over.
pub enum Reply {
    /// It answers with this status and body.
    Json(u16, Value),
    /// It does whatever it likes, and the connection is closed afterwards.
    Wire(Act),
}

/// What somebody does with a connection.
pub type Act = Box<dyn FnOnce(&mut TcpStream)>;

impl From<(u16, Value)> for Reply {
    fn from((status, body): (u16, Value)) -> Self {
        Self::Json(status, body)
    }
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Json(status, body) => write!(formatter, "{status} {body}"),
            Self::Wire(_) => formatter.write_str("a wire"),
        }
    }
}

/// A function's process, invoked one event after the other.
#[derive(Debug)]
pub struct Process {
    child: Child,
    events: Sender<String>,
    answers: Receiver<Answer>,
}

/// How an invocation ended: with an answer, or with the error that Lambda is told (`errorType`, `errorMessage`).
pub type Answer = Result<Value, Value>;

impl Process {
    /// Starts a binary with these variables beside those that Lambda sets; `services` stand for AWS.
    ///
    /// # Panics
    /// When the process cannot be started.
    pub fn start<R: Into<Reply>>(
        binary: &str,
        variables: &[(&str, &str)],
        services: impl Fn(&str, &Value) -> R + Send + Sync + 'static,
    ) -> Self {
        let (events, waiting) = channel();
        let (answered, answers) = channel();
        let address = serve(Lambda {
            waiting: Mutex::new(waiting),
            answered,
            services: Box::new(move |target, body| services(target, body).into()),
        });
        let child = Self::command(binary, variables, address)
            .spawn()
            .expect("the binary starts");
        Self { child, events, answers }
    }

    /// Runs a binary that cannot start to its end: whether it succeeded, and all that it wrote.
    ///
    /// # Panics
    /// When the process cannot be started.
    pub fn run(binary: &str, variables: &[(&str, &str)]) -> (bool, String) {
        let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
        let mut command = Self::command(binary, variables, nobody);
        let output = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .output()
            .expect("the binary starts");
        let written = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&written).into_owned())
    }

    fn command(binary: &str, variables: &[(&str, &str)], address: SocketAddr) -> Command {
        let mut command = Command::new(binary);
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::null());
        command
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_ENDPOINT_URL", format!("http://{address}"));
        for (name, value) in [
            ("AWS_LAMBDA_FUNCTION_NAME", "f"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        ] {
            command.env(name, value);
        }
        command.envs(variables.iter().copied());
        command
    }

    /// Invokes the function and waits for its answer.
    ///
    /// # Panics
    /// When no answer comes in time.
    pub fn invoke(&self, event: &Value) -> Answer {
        self.invoke_text(&event.to_string())
    }

    /// Invokes the function with an event as its text stands, and waits for its answer.
    ///
    /// # Panics
    /// When no answer comes in time.
    pub fn invoke_text(&self, event: &str) -> Answer {
        self.events.send(event.to_owned()).expect("the Runtime API is there");
        self.answers.recv_timeout(PATIENCE).expect("the function answers")
    }

    /// Hands an event over and waits for nothing.
    ///
    /// # Panics
    /// When the process's Runtime API is gone.
    pub fn hand_over(&self, event: &Value) {
        self.events.send(event.to_string()).expect("the Runtime API is there");
    }

    /// The process's id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends the process at once, as `kill -9` does, and says whether it had answered what was handed over.
    pub fn kill(mut self) -> Option<Answer> {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.answers.try_recv().ok()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Lambda {
    waiting: Mutex<Receiver<String>>,
    answered: Sender<Answer>,
    services: Box<Services>,
}

/// What goes over the wire.
enum Sent {
    Text(u16, String),
    Wire(Act),
}

struct Request {
    line: String,
    target: Option<String>,
    body: Value,
}

/// Serves every connection on a thread of its own, until the process ends.
fn serve(lambda: Lambda) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let address = listener.local_addr().expect("an address");
    let lambda = Arc::new(lambda);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let lambda = Arc::clone(&lambda);
            std::thread::spawn(move || lambda.connection(&stream));
        }
    });
    address
}

impl Lambda {
    fn connection(&self, stream: &TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream);
        loop {
            let request = Request::read(&mut reader)?;
            let (reply, headers) = self.answer(request)?;
            let mut writer = stream;
            let (status, body) = match reply {
                Sent::Text(status, body) => (status, body),
                Sent::Wire(act) => {
                    act(&mut stream.try_clone().ok()?);
                    return None;
                }
            };
            let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
            writer.write_all((head + &body).as_bytes()).ok()?;
        }
    }

    /// What to send and its headers; nothing when there will be no more events.
    fn answer(&self, request: Request) -> Option<(Sent, String)> {
        if let Some(target) = &request.target {
            let sent = match (self.services)(target, &request.body) {
                Reply::Json(status, body) => Sent::Text(status, body.to_string()),
                Reply::Wire(act) => Sent::Wire(act),
            };
            return Some((sent, "content-type: application/x-amz-json-1.1\r\n".to_owned()));
        }
        if request.line.contains("/invocation/next") {
            let event = self
                .waiting
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .recv()
                .ok()?;
            let headers = format!(
                "content-type: application/json\r\nlambda-runtime-aws-request-id: 1\r\n\
                 lambda-runtime-deadline-ms: 99999999999999\r\nlambda-runtime-invoked-function-arn: {FUNCTION_ARN}\r\n"
            );
            return Some((Sent::Text(200, event), headers));
        }
        let is_error = request.line.contains("/error ");
        self.answered
            .send(if is_error { Err(request.body) } else { Ok(request.body) })
            .ok()?;
        Some((Sent::Text(202, "null".to_owned()), String::new()))
    }
}

impl Request {
    fn read(reader: &mut impl BufRead) -> Option<Self> {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|length| *length > 0)?;
        let (mut target, mut length, mut chunked) = (None, 0, false);
        loop {
            let mut header = String::new();
            reader.read_line(&mut header).ok()?;
            let Some((name, value)) = header.trim_end().split_once(':') else {
                break;
            };
            match (name.to_ascii_lowercase().as_str(), value.trim()) {
                ("x-amz-target", value) => target = Some(value.to_owned()),
                ("content-length", value) => length = value.parse().ok()?,
                ("transfer-encoding", value) => chunked = value == "chunked",
                _ => (),
            }
        }
        let mut body = Vec::new();
        if chunked {
            while let Some(chunk) = read_chunk(reader)? {
                body.extend(chunk);
            }
        } else {
            body.resize(length, 0);
            reader.read_exact(&mut body).ok()?;
        }
        Some(Self {
            line,
            target,
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        })
    }
}

/// A chunk of a body; `Some(None)` after the last.
fn read_chunk(reader: &mut impl BufRead) -> Option<Option<Vec<u8>>> {
    let mut size = String::new();
    reader.read_line(&mut size).ok()?;
    let size = usize::from_str_radix(size.trim(), 16).ok()?;
    let mut chunk = vec![0; size + 2];
    reader.read_exact(&mut chunk).ok()?;
    chunk.truncate(size);
    Some((size > 0).then_some(chunk))
}
