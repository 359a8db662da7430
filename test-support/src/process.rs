//! A function's binary, as Lambda runs it.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::message::Reply;
use crate::runtime_api::{Answer, RuntimeApi};

/// A function's process, invoked one event after the other. It ends when this is dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    lambda: RuntimeApi,
}

impl Process {
    /// Starts a binary with these variables beside those that Lambda sets; `services` stand for AWS, and answer a call by
    /// its target (`AmazonSSM.GetParameters`) and body.
    ///
    /// # Panics
    /// When the process cannot be started.
    pub fn start<R: Into<Reply>>(
        binary: &str,
        variables: &[(&str, &str)],
        services: impl Fn(&str, &Value) -> R + Send + Sync + 'static,
    ) -> Self {
        let lambda = RuntimeApi::beside(move |target, body| services(target, body).into());
        let command = command(binary, variables, lambda.address());
        Self::spawn(command, lambda).expect("the binary starts")
    }

    /// Starts a command that asks this Runtime API for its events.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn spawn(mut command: Command, lambda: RuntimeApi) -> std::io::Result<Self> {
        command
            .env("AWS_LAMBDA_RUNTIME_API", lambda.address().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let child = command.spawn()?;
        Ok(Self { child, lambda })
    }

    /// Runs a binary that cannot start to its end: whether it succeeded, and all that it wrote.
    ///
    /// # Panics
    /// When the process cannot be started.
    pub fn run(binary: &str, variables: &[(&str, &str)]) -> (bool, String) {
        let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
        let mut command = command(binary, variables, nobody);
        command.env("AWS_LAMBDA_RUNTIME_API", nobody.to_string());
        let output = command.stdin(Stdio::null()).output().expect("the binary starts");
        let written = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&written).into_owned())
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
        self.lambda.hand_over(event.to_owned());
        self.lambda.ended().expect("the function answers").1
    }

    /// Hands an event over and waits for nothing.
    ///
    /// # Panics
    /// When the process's Runtime API is gone.
    pub fn hand_over(&self, event: &Value) {
        self.lambda.hand_over(event.to_string());
    }

    /// Where it asks for events and answers them.
    #[must_use]
    pub fn lambda(&self) -> &RuntimeApi {
        &self.lambda
    }

    /// The process's id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends the process at once, as `kill -9` does, and says whether it had answered what was handed over.
    pub fn kill(mut self) -> Option<Answer> {
        self.end();
        self.lambda.has_ended()
    }

    fn end(&mut self) {
        // It may have ended by itself, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

/// A binary with an environment as Lambda's, and AWS at this address.
fn command(binary: &str, variables: &[(&str, &str)], aws: SocketAddr) -> Command {
    let mut command = Command::new(binary);
    command.env_clear().envs([
        ("AWS_LAMBDA_FUNCTION_NAME", "f"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
    ]);
    command.env("AWS_ENDPOINT_URL", format!("http://{aws}"));
    command.envs(variables.iter().copied());
    command
}
