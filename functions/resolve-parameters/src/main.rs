//! Starts the function.

use lambda_runtime::service_fn;
use resolve_parameters::{Config, handle_text};
use shared::time::SystemClock;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::telemetry::init();
    let config = Config::read(|name| std::env::var(name).ok())?;
    let aws = shared::aws::Aws::from_env()?;
    let parameters = &config.parameters(aws.parameter_store());
    lambda_runtime::run(service_fn(|event| handle_text(event, parameters, &SystemClock))).await
}
