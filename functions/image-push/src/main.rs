//! Starts the function.

use image_push::{ImagePush, Settings};
use lambda_runtime::{LambdaEvent, service_fn};
use shared::aws::{Aws, Service};
use shared::time::SystemClock;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::telemetry::init();
    let settings = Settings::read(|name| std::env::var(name).ok())?;
    let aws = Aws::from_env()?;
    let function = &ImagePush::new(
        settings,
        aws.image_registry(),
        aws.step_functions(),
        aws.parameter_store(),
    );
    lambda_runtime::run(service_fn(|event: LambdaEvent<_>| {
        aws.connect_ahead(&[Service::Ecr, Service::StepFunctions]);
        function.handle(event, &SystemClock)
    }))
    .await
}
