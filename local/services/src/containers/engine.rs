//! An engine that answered: what it is, and how its containers reach this machine.

use super::address::Address;
use super::api::{Api, EngineError};
use crate::machine;
use serde_json::Value;
use std::fmt;
use std::time::Duration;

/// How long an engine may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(2);

/// How a container reaches a service on this machine's loopback address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The engine's kernel is this machine's: a container in the host's network is on the same loopback.
    Host,
    /// The engine is in a virtual machine, or elsewhere: the name that engines give to where they were asked from.
    Gateway,
}

/// A container engine.
#[derive(Debug, Clone)]
pub struct Engine {
    /// Its API.
    pub api: Api,
    name: String,
    /// How its containers reach this machine.
    pub reach: Reach,
}

impl Engine {
    /// The engine at an address.
    ///
    /// # Errors
    /// None answers there in time, or it has no Linux containers.
    pub async fn at(address: Address) -> Result<Self, EngineError> {
        let api = Api::new(address);
        let asked = async {
            let version = api.get("/version").await?;
            let info = api.get("/info").await?;
            Ok::<_, EngineError>((version, info))
        };
        let answer = tokio::time::timeout(PATIENCE, asked).await;
        let (version, info) =
            answer.map_err(|_| api.unreachable(format_args!("not within {} s", PATIENCE.as_secs())))??;
        let system = info["OSType"].as_str().unwrap_or("linux");
        if system != "linux" {
            return Err(EngineError::Unusable(format!(
                "the engine at {} has {system} containers, and the image is one for Linux",
                api.address
            )));
        }
        Ok(Self {
            name: name(&version),
            reach: reach(&version, &info, machine::this().shared_with_engines().as_deref()),
            api,
        })
    }

    /// Where it is.
    pub fn address(&self) -> &Address {
        &self.api.address
    }

    /// A service's URL on this machine's loopback address, as a container knows it.
    pub(crate) fn reachable(&self, url: &str) -> String {
        match self.reach {
            Reach::Host => url.to_owned(),
            Reach::Gateway => url.replacen("127.0.0.1", GATEWAY, 1),
        }
    }
}

/// The name by which containers know the machine that their engine was asked from:
/// <https://docs.docker.com/reference/cli/docker/container/run/#add-host>.
pub(super) const GATEWAY: &str = "host.docker.internal";

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.name, self.api.address)
    }
}

/// `Docker Engine 27.0.3`, `Podman Engine 5.2.1`.
fn name(version: &Value) -> String {
    let known = version["Components"][0]["Name"].as_str();
    let product = match known {
        None | Some("Engine") => "Docker Engine",
        Some(other) => other,
    };
    match version["Version"].as_str() {
        Some(number) => format!("{product} {number}"),
        None => product.to_owned(),
    }
}

/// `machine` is this machine's name, where its kernel can be the engine's, too.
///
/// A rootless Docker has a network of its own between its containers and the machine; a rootless Podman has not.
fn reach(version: &Value, info: &Value, machine: Option<&str>) -> Reach {
    let options = info["SecurityOptions"].as_array().into_iter().flatten();
    let is_rootless = options
        .filter_map(Value::as_str)
        .any(|option| option.contains("rootless"));
    let is_docker = name(version).starts_with("Docker");
    let is_here = machine.is_some_and(|machine| !machine.is_empty() && info["Name"].as_str() == Some(machine));
    if is_here && !(is_docker && is_rootless) {
        Reach::Host
    } else {
        Reach::Gateway
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn engines_are_named_and_their_containers_reach_this_machine() {
        let docker = json!({"Version": "27.0.3", "Components": [{"Name": "Engine"}]});
        let podman = json!({"Version": "5.2.1", "Components": [{"Name": "Podman Engine"}]});
        for (version, info, expected) in [
            (&docker, json!({"Name": "me"}), ("Docker Engine 27.0.3", Reach::Host)),
            (
                &docker,
                json!({"Name": "docker-desktop"}),
                ("Docker Engine 27.0.3", Reach::Gateway),
            ),
            (
                &docker,
                json!({"Name": "me", "SecurityOptions": ["name=seccomp", "name=rootless"]}),
                ("Docker Engine 27.0.3", Reach::Gateway),
            ),
            (
                &podman,
                json!({"Name": "me", "SecurityOptions": ["name=rootless"]}),
                ("Podman Engine 5.2.1", Reach::Host),
            ),
            (&json!({}), json!({}), ("Docker Engine", Reach::Gateway)),
        ] {
            assert_eq!(
                (name(version).as_str(), reach(version, &info, Some("me"))),
                expected,
                "{info}"
            );
            // Elsewhere than on Linux every engine is in a virtual machine, whatever it is called.
            assert_eq!(reach(version, &info, None), Reach::Gateway, "{info}");
        }
    }
}
