use std::path::{Path, PathBuf};
use std::sync::Arc;
use stepline::account::Account;
use stepline::cloud::Cloud;
use stepline::deploy::{self, Deployment};

pub(crate) fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().expect("the repository's root")
}

async fn deployed(environment: &str) -> (Arc<Cloud>, Deployment) {
    let cloud = Cloud::new(Account::local(), root());
    match deploy::deploy(&cloud, environment).await {
        Ok(deployment) => (cloud, deployment),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn both_environments() {
    for environment in ["dev", "prod"] {
        let (_cloud, deployment) = deployed(environment).await;
        println!("{deployment:#?}");
    }
}
