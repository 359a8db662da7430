//! How the tests of the services come through the one door.

use platform::store::Held;
use platform::{Account, Operations, Platform, Principal, Served, Service, ServiceError};
use serde::Serialize;
use serde_json::Value;
use std::sync::{Arc, LazyLock, Mutex};

/// An account with these services alone.
pub(crate) fn account(services: Vec<Arc<dyn Service>>) -> Arc<Platform> {
    Platform::new(Account::local(), std::env::temp_dir(), services)
}

/// Calls an operation as the administrator.
pub(crate) async fn call(
    platform: &Arc<Platform>,
    service: &str,
    operation: &str,
    input: Value,
) -> Result<Value, ServiceError> {
    platform
        .call(&Principal::Administrator, service, operation, input)
        .await
}

/// The same where the answer is an error: its code.
pub(crate) async fn refusal(platform: &Arc<Platform>, service: &str, operation: &str, input: Value) -> String {
    call(platform, service, operation, input)
        .await
        .expect_err(operation)
        .code
}

/// Gives the rows that last to another run.
pub(crate) fn hand_over<V: Serialize>(from: &mut Held<'_, V>, to: &mut Held<'_, V>) {
    let keys: Vec<String> = from.keys().cloned().collect();
    for key in keys {
        if let Some(row) = from.remove(&key) {
            to.insert(key, row);
        }
    }
}

/// Hears all events.
#[derive(Default)]
pub(crate) struct Listener(pub(crate) Mutex<Vec<Value>>);

impl Served for Listener {
    const SIGNING_NAME: &'static str = "listener";

    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<Listener>> = LazyLock::new(|| Operations::new([]));
        &TABLE
    }

    fn hear(&self, _: &Arc<Platform>, event: &Arc<Value>) {
        self.0.lock().unwrap().push(Value::clone(event));
    }
}
