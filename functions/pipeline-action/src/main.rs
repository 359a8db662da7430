//! Starts the function: clients are built once, and events are handled until Lambda ends the process.

use lambda_runtime::service_fn;
use pipeline_action::{AwsPorts, PipelineAction, Settings};
use shared::aws::{Aws, Service};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    shared::telemetry::init();
    // Settings that cannot be read do not end the process: a job would get no answer then.
    let settings = Settings::read(|name| std::env::var(name).ok());
    let aws = Aws::from_env()?;
    let function = PipelineAction::new(settings, AwsPorts::new(&aws));
    lambda_runtime::run(service_fn(|event| {
        aws.connect_ahead(&[Service::StepFunctions, Service::CodePipeline]);
        function.handle_text(event)
    }))
    .await
}
