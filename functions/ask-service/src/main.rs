//! Starts the function.

use ask_service::{AskService, Http, Settings};
use lambda_runtime::service_fn;
use shared::time::SystemClock;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::telemetry::init();
    let settings = Settings::read(|name| std::env::var(name).ok())?;
    let function = &AskService::new(Http::new(settings));
    lambda_runtime::run(service_fn(|event| function.handle_text(event, &SystemClock))).await
}
