//! The page of an account in memory, over a repository of its own.

use platform::account::Account;
use platform::iam::NewRole;
use platform::principal::Principal;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use stepline::cloud::Cloud;
use stepline::definitions::Definitions;
use tempfile::TempDir;
use tokio::net::TcpListener;

/// The account, its repository and its page.
pub(crate) struct World {
    pub(crate) cloud: Arc<Cloud>,
    /// What is shown there.
    pub(crate) page: page::Page,
    root: TempDir,
    address: SocketAddr,
}

/// What the page answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Where it leads to; empty where it stays.
    pub(crate) location: String,
    pub(crate) text: String,
}

impl Answer {
    /// Fails unless all of these are in it.
    #[track_caller]
    pub(crate) fn has(&self, parts: &[&str]) {
        for part in parts {
            assert!(self.text.contains(part), "{part} is not in {}", self.text);
        }
    }

    /// Fails where one of these is in it.
    #[track_caller]
    pub(crate) fn lacks(&self, parts: &[&str]) {
        for part in parts {
            assert!(!self.text.contains(part), "{part} is in {}", self.text);
        }
    }
}

impl World {
    /// An empty account over an empty repository, and its page.
    pub(crate) async fn new() -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(root.path().join("statemachine")).expect("a folder");
        let cloud = Cloud::new(Account::local(), root.path().to_owned());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shown = page::Page {
            platform: Arc::clone(&cloud),
            environment: "dev".into(),
            may_act: false,
            definitions: Arc::new(Definitions::of(root.path())),
            command: "stepline",
        };
        page::serve(shown.clone(), listener).expect("the page");
        Self {
            cloud,
            root,
            address,
            page: shown,
        }
    }

    /// A path in the repository.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    /// Writes a file of the repository.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }

    /// Makes a state machine.
    pub(crate) async fn machine(&self, name: &str, definition: &str) -> String {
        let role = NewRole::for_service(name, "states.amazonaws.com");
        let role = self.cloud.iam.create_role(&self.cloud.account, role).expect("a role");
        let input = json!({"name": name, "definition": definition, "roleArn": role});
        let made = self.call("states", "CreateStateMachine", input).await;
        made["stateMachineArn"].as_str().unwrap_or_default().to_owned()
    }

    /// Calls an operation as the administrator.
    pub(crate) async fn call(&self, service: &str, operation: &str, input: Value) -> Value {
        let called = self.cloud.call(&Principal::Administrator, service, operation, input);
        called.await.expect("an answer")
    }

    /// Asks for a page.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, String::new()).await
    }

    /// Sends a form.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let encode =
            |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let fields: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}={}", encode(value)))
            .collect();
        self.ask("POST", path, fields.join("&")).await
    }

    async fn ask(&self, method: &str, path: &str, body: String) -> Answer {
        let origin = format!("http://{}", self.address);
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{origin}{path}"))
            .header("origin", &origin)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .expect("a request");
        let answer = tokio::task::spawn_blocking(move || {
            let config = ureq::Agent::config_builder()
                .http_status_as_error(false)
                .proxy(None)
                .max_redirects(0);
            let agent = config.max_redirects_will_error(false).build().new_agent();
            let mut response = agent.run(request).expect("an answer");
            let text = response.body_mut().read_to_string().expect("text");
            let location = response.headers().get("location").and_then(|value| value.to_str().ok());
            Answer {
                status: response.status().as_u16(),
                location: location.unwrap_or_default().to_owned(),
                text,
            }
        });
        answer.await.expect("a task")
    }

    /// Does something while the page's changes are listened to, and says the first ones that come.
    pub(crate) async fn first_change(&self, act: impl FnOnce()) -> String {
        let address = self.address;
        let listening = tokio::task::spawn_blocking(move || {
            let mut stream = TcpStream::connect(address).expect("a connection");
            // A page that says nothing fails the test.
            stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a limit");
            write!(stream, "GET /live HTTP/1.1\r\nHost: {address}\r\n\r\n").expect("a request");
            let mut lines = BufReader::new(stream);
            let mut line = String::new();
            while lines.read_line(&mut line).expect("a header") > 2 {
                line.clear();
            }
            lines
        });
        let mut lines = listening.await.expect("a task");
        act();
        let reading = tokio::task::spawn_blocking(move || {
            let mut line = String::new();
            while !line.starts_with("data:") {
                line.clear();
                lines.read_line(&mut line).expect("a change");
            }
            line
        });
        reading.await.expect("a task")
    }
}
