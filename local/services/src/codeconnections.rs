//! CodeConnections: connections to the providers of repositories, such as GitHub.
//!
//! Follows <https://docs.aws.amazon.com/codeconnections/latest/APIReference/Welcome.html>.

use platform::{Call, Operation, Operations, Served, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

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

impl Served for CodeConnections {
    const SIGNING_NAME: &'static str = "codeconnections";

    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<CodeConnections>> = LazyLock::new(|| {
            Operations::new([
                Operation::on(
                    "CreateConnection",
                    |_, _: &CreateConnection| "*",
                    CodeConnections::create,
                ),
                Operation::on(
                    "GetConnection",
                    |_, input: &GetConnection| input.connection_arn.clone(),
                    CodeConnections::get,
                ),
            ])
        });
        &TABLE
    }
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

    fn create(&self, call: &Call, input: CreateConnection) -> Result<Value, ServiceError> {
        let id = uuid::Uuid::new_v4();
        let arn = call
            .platform
            .account
            .arn("codeconnections", format_args!("connection/{id}"));
        let connection = Connection {
            name: input.connection_name,
            provider: input.provider_type,
            // Until a person completes the handshake with the provider. No API does this.
            status: "PENDING",
        };
        self.connections().insert(arn.clone(), connection);
        Ok(json!({"ConnectionArn": arn}))
    }

    fn get(&self, call: &Call, input: GetConnection) -> Result<Value, ServiceError> {
        let connections = self.connections();
        let connection = connections.get(&input.connection_arn);
        let connection = connection.ok_or_else(|| absent(&input.connection_arn))?;
        Ok(json!({"Connection": {
            "ConnectionArn": input.connection_arn,
            "ConnectionName": connection.name,
            "ConnectionStatus": connection.status,
            "OwnerAccountId": call.platform.account.id,
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
