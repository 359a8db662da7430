//! An engine's containers, from their making to their removal.

use super::api::{Api, EngineError, with_query};
use super::body::Payload;
use super::engine::{Engine, GATEWAY, Reach};
use super::stream::Output;
use http_body_util::BodyExt;
use hyper::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// The label of every container that is made here; its value tells one run from another.
pub const SESSION: &str = "stepline.session";

/// A container that is to be made. It has no `Debug`: its environment has credentials.
#[derive(Clone, Default)]
pub struct NewContainer {
    /// The image's id.
    pub image: String,
    /// The program and its arguments, in place of the image's.
    pub command: Vec<String>,
    /// Variables beside the image's.
    pub environment: BTreeMap<String, String>,
    /// The value of `NetworkMode`.
    pub network: &'static str,
    /// A port of the container, and the port of this machine's loopback address that leads to it.
    pub publish: Option<(u16, u16)>,
    /// Further labels, for people.
    pub labels: BTreeMap<String, String>,
}

impl Engine {
    /// The network of a container: none, or one from which this machine's loopback address can be reached.
    pub(crate) fn network(&self, is_isolated: bool) -> &'static str {
        match self.reach {
            _ if is_isolated => "none",
            Reach::Host => "host",
            Reach::Gateway => "bridge",
        }
    }
}

impl Api {
    pub(super) async fn create(&self, container: &NewContainer, session: &str) -> Result<String, EngineError> {
        let environment = container
            .environment
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let mut labels = container.labels.clone();
        labels.insert(SESSION.to_owned(), session.to_owned());
        let mut host = json!({
            "NetworkMode": container.network,
            // What follows it reads the log, which is not there with every driver.
            "LogConfig": {"Type": "json-file"},
        });
        if container.network == "bridge" {
            host["ExtraHosts"] = json!([format!("{GATEWAY}:host-gateway")]);
        }
        let mut create = json!({
            "Image": container.image,
            "Entrypoint": container.command,
            "Cmd": [],
            "Env": environment.collect::<Vec<_>>(),
            "Labels": labels,
        });
        if let Some((inner, outer)) = container.publish {
            let port = format!("{inner}/tcp");
            create["ExposedPorts"] = json!({port.as_str(): {}});
            host["PortBindings"] = json!({port: [{"HostIp": "127.0.0.1", "HostPort": outer.to_string()}]});
        }
        create["HostConfig"] = host;
        let made = self.post("/containers/create", Some(&create)).await?;
        let id = made["Id"].as_str().map(str::to_owned);
        id.ok_or_else(|| EngineError::Unusable("a container without an id".into()))
    }

    /// Puts the files of a tar archive into a container, from its root.
    ///
    /// # Errors
    /// The engine refuses.
    pub(crate) async fn upload(&self, container: &str, archive: &Path) -> Result<(), EngineError> {
        let archive = Payload::File(tokio::fs::File::open(archive).await?);
        let path = with_query(&format!("/containers/{container}/archive"), &[("path", "/")]);
        let done = self.send(Method::PUT, &path, "application/x-tar", archive).await?;
        self.collect(done).await.map(drop)
    }

    /// Writes a file or a folder of a container to a tar archive; false where the container has none there.
    ///
    /// # Errors
    /// The engine refuses, or the archive cannot be written.
    pub async fn download(&self, container: &str, path: &str, to: &Path) -> Result<bool, EngineError> {
        let path = with_query(&format!("/containers/{container}/archive"), &[("path", path)]);
        match self
            .send(Method::GET, &path, "application/x-tar", Payload::Nothing)
            .await
        {
            Ok(archive) => self.write(archive, to).await.map(|()| true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Starts a container.
    ///
    /// # Errors
    /// Its program cannot be started: in the engine's words.
    pub async fn start(&self, container: &str) -> Result<(), EngineError> {
        self.post(&format!("/containers/{container}/start"), None)
            .await
            .map(drop)
    }

    /// Waits for a container's end: its exit code.
    ///
    /// # Errors
    /// The container is gone, or the engine is.
    pub async fn wait(&self, container: &str) -> Result<i64, EngineError> {
        let ended = self.post(&format!("/containers/{container}/wait"), None).await?;
        let code = ended["StatusCode"].as_i64();
        code.ok_or_else(|| EngineError::Unusable("an end without an exit code".into()))
    }

    /// Follows what a container prints, to its end.
    ///
    /// # Errors
    /// The engine does not go on.
    pub async fn follow(&self, container: &str, line: &mut (dyn FnMut(String) + Send)) -> Result<(), EngineError> {
        let query = [("follow", "1"), ("stdout", "1"), ("stderr", "1")];
        let path = with_query(&format!("/containers/{container}/logs"), &query);
        let response = self
            .send(Method::GET, &path, "application/json", Payload::Nothing)
            .await?;
        let mut body = response.into_body();
        let mut output = Output::default();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| self.unreachable(error))?;
            output.take(frame.data_ref().map_or(&[], |data| data), line);
        }
        output.end(line);
        Ok(())
    }

    /// Runs a command in a container beside its program: its exit code.
    ///
    /// # Errors
    /// The engine refuses.
    pub(crate) async fn execute(&self, container: &str, command: &[String]) -> Result<i64, EngineError> {
        let path = format!("/containers/{container}/exec");
        let made = self.post(&path, Some(&json!({"Cmd": command}))).await?;
        let id = made["Id"].as_str().unwrap_or_default();
        let start = Payload::bytes(json!({"Detach": false, "Tty": false}).to_string());
        let path = format!("/exec/{id}/start");
        let running = self.send(Method::POST, &path, "application/json", start).await?;
        // It ends with the command.
        self.collect(running).await?;
        let ended = self.get(&format!("/exec/{id}/json")).await?;
        let code = ended["ExitCode"].as_i64();
        code.ok_or_else(|| EngineError::Unusable("an end without an exit code".into()))
    }

    /// Asks a container's program to end, and ends it after `grace`.
    ///
    /// # Errors
    /// The engine refuses.
    pub async fn stop(&self, container: &str, grace: Duration) -> Result<(), EngineError> {
        let seconds = grace.as_secs().to_string();
        let path = with_query(&format!("/containers/{container}/stop"), &[("t", &seconds)]);
        self.post(&path, None).await.map(drop)
    }

    /// Removes a container, running or not, with its volumes. One that is gone is as good as removed.
    ///
    /// # Errors
    /// The engine refuses.
    pub async fn remove(&self, container: &str) -> Result<(), EngineError> {
        let path = with_query(&format!("/containers/{container}"), &[("force", "1"), ("v", "1")]);
        let removed = self
            .send(Method::DELETE, &path, "application/json", Payload::Nothing)
            .await;
        match removed {
            // 409: somebody else is removing it at this moment.
            Err(EngineError::Refused { status: 404 | 409, .. }) => Ok(()),
            other => self.collect(other?).await.map(drop),
        }
    }

    /// Removes all containers of a session.
    pub(super) async fn remove_all(&self, session: &str) -> Result<(), EngineError> {
        let filters = json!({"label": [format!("{SESSION}={session}")]}).to_string();
        let found = self
            .get(&with_query("/containers/json", &[("all", "1"), ("filters", &filters)]))
            .await?;
        let ids = found.as_array().into_iter().flatten();
        for id in ids.filter_map(|container| container["Id"].as_str().map(Value::from)) {
            self.remove(id.as_str().unwrap_or_default()).await?;
        }
        Ok(())
    }
}
