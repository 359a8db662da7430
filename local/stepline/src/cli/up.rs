//! `stepline up`: the services, for whoever speaks AWS's protocols.

use super::session::{self, Session, Standing, Trouble};
use super::{Common, display};
use std::process::ExitCode;

pub(super) async fn up(port: u16, common: Common, standing: &Standing) -> Result<ExitCode, Trouble> {
    let containers = session::containers(&common).await?;
    let session = Session::start(&common, containers, port, display(&common).on_stderr(), standing).await?;
    let endpoint = session.cloud.endpoint().unwrap_or_default();
    let region = &session.cloud.account.region;
    for (name, value) in [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_REGION", region),
        ("AWS_DEFAULT_REGION", region),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ] {
        println!("export {name}={value}");
    }
    println!("ready");
    super::interrupted().await;
    session.end("Interrupted: the services are down").await;
    Ok(ExitCode::SUCCESS)
}
