//! Starts the function: clients are built once, and events are handled until Lambda ends the process.

use lambda_runtime::service_fn;
use pipeline_action::PipelineAction;
use pipeline_action::world::AwsWorld;
use shared::aws::{Aws, Service};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::telemetry::init();
    let aws = Aws::from_env()?;
    let function = PipelineAction::new(AwsWorld::new(&aws), |name| std::env::var(name).ok());
    lambda_runtime::run(service_fn(|event| {
        aws.connect_ahead(&[Service::StepFunctions, Service::CodePipeline]);
        function.handle_text(event)
    }))
    .await
}
