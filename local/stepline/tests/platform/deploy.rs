//! The templates, as they are deployed into the local account.

use std::path::{Path, PathBuf};
use stepline::account::Account;
use stepline::deploy;
use stepline::template::{SamConfig, Stack};

pub(crate) fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().expect("the repository's root")
}

#[test]
fn environments_are_those_with_a_pipeline() {
    let mut environments = deploy::environments(&root()).expect("samconfig.toml");
    environments.sort();
    assert_eq!(environments, ["dev", "prod"]);
    assert_eq!(
        deploy::account_of(&root(), "dev").expect("an account"),
        Account::local()
    );
}

#[test]
fn all_templates_can_be_read() {
    let config = SamConfig::read(&root().join("sam/samconfig.toml")).expect("samconfig.toml");
    for environment in config.environments() {
        let deployed = config.deployed(environment).expect(environment);
        let stack = Stack::open(
            &deployed.template,
            &Account::local(),
            &deployed.stack,
            &deployed.values,
            &Default::default(),
        );
        let stack = stack.unwrap_or_else(|error| panic!("{environment}: {error}"));
        assert!(!stack.order().is_empty(), "{environment}");
    }
}
