//! The table of IAM's operations.

use super::{IamApi, changes, policies, roles, users};
use platform::{Operations, Served};
use std::sync::LazyLock;

impl Served for IamApi {
    const SIGNING_NAME: &'static str = "iam";

    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<IamApi>> = LazyLock::new(|| {
            let roles = roles::operations().into_iter().chain(changes::operations());
            Operations::new(roles.chain(policies::operations()).chain(users::operations()))
        });
        &TABLE
    }
}
