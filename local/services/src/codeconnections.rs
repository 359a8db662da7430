//! CodeConnections: connections to where repositories are. Follows
//! <https://docs.aws.amazon.com/codeconnections/latest/APIReference/Welcome.html>.

use crate::by_name::ByName;
use platform::error::ServiceError;
use platform::input::read;
use platform::principal::Principal;
use platform::{Platform, Requirement};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The account's connections.
#[derive(Debug, Default)]
pub struct CodeConnections {
    connections: Mutex<BTreeMap<String, Connection>>,
}

#[derive(Debug)]
struct Connection {
    name: String,
    provider: String,
    status: &'static str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct CreateConnection {
    connection_name: String,
    provider_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct GetConnection {
    connection_arn: String,
}

impl CodeConnections {
    fn connections(&self) -> MutexGuard<'_, BTreeMap<String, Connection>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Completes the handshake of a connection, as a person does in the console.
    ///
    /// # Errors
    /// There is no such connection.
    pub fn complete_handshake(&self, arn: &str) -> Result<(), ServiceError> {
        let mut connections = self.connections();
        let connection = connections.get_mut(arn).ok_or_else(|| absent(arn))?;
        connection.status = "AVAILABLE";
        Ok(())
    }

    fn create(&self, platform: &Platform, input: CreateConnection) -> Value {
        let id = uuid::Uuid::new_v4();
        let arn = platform.account.arn("codeconnections", format_args!("connection/{id}"));
        let connection = Connection {
            name: input.connection_name,
            provider: input.provider_type,
            // Until a person has asked the provider, which no API does.
            status: "PENDING",
        };
        self.connections().insert(arn.clone(), connection);
        json!({"ConnectionArn": arn})
    }

    fn get(&self, platform: &Platform, input: &GetConnection) -> Result<Value, ServiceError> {
        let connections = self.connections();
        let connection = connections.get(&input.connection_arn);
        let connection = connection.ok_or_else(|| absent(&input.connection_arn))?;
        Ok(json!({"Connection": {
            "ConnectionArn": input.connection_arn,
            "ConnectionName": connection.name,
            "ConnectionStatus": connection.status,
            "OwnerAccountId": platform.account.id,
            "ProviderType": connection.provider,
        }}))
    }
}

fn absent(arn: &str) -> ServiceError {
    ServiceError::new(
        "ResourceNotFoundException",
        format_args!("[Resource] Connection {arn} not found"),
    )
}

crate::by_name::by_name!(CodeConnections);

#[async_trait::async_trait]
impl ByName for CodeConnections {
    fn signing_name(&self) -> &'static str {
        "codeconnections"
    }

    fn requirements(
        &self,
        _cloud: &Platform,
        operation: &str,
        input: &Value,
    ) -> Result<Vec<Requirement>, ServiceError> {
        let resource = match operation {
            "CreateConnection" => "*",
            "GetConnection" => input["ConnectionArn"].as_str().unwrap_or("*"),
            _ => return Err(ServiceError::not_in_local_run("codeconnections", operation)),
        };
        Ok(vec![Requirement::new(format!("codeconnections:{operation}"), resource)])
    }

    async fn call(
        self: &Arc<Self>,
        platform: &Arc<Platform>,
        _caller: &Principal,
        operation: &str,
        input: Value,
    ) -> Result<Value, ServiceError> {
        match operation {
            "CreateConnection" => Ok(self.create(platform, read(&input)?)),
            "GetConnection" => self.get(platform, &read(&input)?),
            _ => Err(ServiceError::not_in_local_run("codeconnections", operation)),
        }
    }
}
