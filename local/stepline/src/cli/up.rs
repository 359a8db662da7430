//! `stepline up`: the services, for whoever speaks AWS's protocols.

use super::interrupt::interrupted;
use super::options::Common;
use super::session::{self, Lasts, Session, Standing, Trouble};
use crate::cloud::Cloud;
use crate::samples;
use platform::journal::Happening;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;

pub(super) async fn up(
    address: SocketAddr,
    with_samples: bool,
    common: Common,
    standing: &Standing,
) -> Result<ExitCode, Trouble> {
    let common = Common {
        mocks_come_first: true,
        ..common
    };
    let containers = session::containers(&common).await?;
    let display = common.display().on_stderr();
    // What the sample events speak of is in an account of its own.
    let lasts = if with_samples { Lasts::No } else { Lasts::Yes };
    let session = Session::start(&common, containers, address, display, standing, lasts).await?;
    if with_samples {
        provide_samples(&session.cloud).await?;
    }
    let endpoint = session.cloud.endpoint().unwrap_or_default();
    let region = &session.cloud.account.region;
    for (name, value) in [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_REGION", region),
        ("AWS_DEFAULT_REGION", region),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        // Clients would put `sync-` before the host for StartSyncExecution and TestState, and no such host is here.
        ("AWS_DISABLE_HOST_PREFIX_INJECTION", "true"),
    ] {
        say!("export {name}={value}");
    }
    say!("ready");
    interrupted().await;
    session.end("Interrupted: the services are down").await;
    Ok(ExitCode::SUCCESS)
}

/// Provides what the samples speak of, and tells of the answers to their jobs as they come.
async fn provide_samples(cloud: &Arc<Cloud>) -> Result<(), Trouble> {
    for (name, event) in samples::read(cloud)? {
        let Some(answer) = samples::provide(cloud, &event).await? else {
            continue;
        };
        let job_id = event["CodePipeline.job"]["id"].as_str().unwrap_or_default().to_owned();
        let cloud = cloud.clone();
        tokio::spawn(async move {
            // Never answered where the services go down first.
            if let Ok(answer) = answer.await {
                let answer = answer.word().to_owned();
                let action = name;
                cloud.journal.record(Happening::JobAnswered { action, job_id, answer });
            }
        });
    }
    Ok(())
}
