//! Starts the function.

use lambda_runtime::service_fn;
use resolve_parameters::{ResolveParameters, Settings};
use shared::aws::Aws;
use shared::time::SystemClock;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::telemetry::init();
    let settings = Settings::read(|name| std::env::var(name).ok())?;
    let aws = Aws::from_env()?;
    let function = &ResolveParameters::new(settings, aws.parameter_store());
    lambda_runtime::run(service_fn(|event| function.handle_text(event, &SystemClock))).await
}
