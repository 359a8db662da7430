//! The registry of the account, and what its operations are on.

use super::repository::Repository;
use platform::input::{On, Target};
use platform::store::{Held, Rows, Store, StoreError};
use platform::{Call, Platform, ServiceError};
use serde::Deserialize;
use std::fmt::Display;

/// ECR in this account and region.
#[derive(Debug, Default)]
pub struct Ecr {
    pub(super) repositories: Rows<Repository>,
    /// Where layers are.
    pub(super) store: Store,
}

/// The repository that an operation is on.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct InRepository {
    pub(super) registry_id: Option<String>,
    pub(super) repository_name: String,
}

impl Target for InRepository {
    const MEMBERS: &'static [&'static str] = &["registryId", "repositoryName"];
}

pub(super) type OnRepository<I> = On<InRepository, I>;

/// Refuses the registry of another account.
pub(super) fn check_registry(platform: &Platform, registry_id: Option<&str>) -> Result<(), ServiceError> {
    match registry_id.filter(|id| *id != platform.account.id) {
        None => Ok(()),
        Some(other) => Err(ServiceError::validation(format_args!(
            "the local run has no registry but that of account {}, not {other}'s",
            platform.account.id
        ))),
    }
}

impl Ecr {
    /// ECR with what this store keeps of it.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(store: &Store) -> Result<Self, StoreError> {
        Ok(Self {
            repositories: Rows::open(store, "ecr/repositories")?,
            store: store.clone(),
        })
    }

    pub(super) fn lock(&self) -> Held<'_, Repository> {
        self.repositories.lock()
    }

    pub(super) fn with<T>(
        &self,
        call: &Call,
        InRepository { repository_name, .. }: &InRepository,
        then: impl FnOnce(&mut Repository) -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        let mut repositories = self.lock();
        let found = repositories.get_mut(repository_name);
        then(found.ok_or_else(|| not_found(&call.platform, repository_name))?)
    }
}

pub(super) fn not_found(platform: &Platform, name: &str) -> ServiceError {
    ServiceError::new(
        "RepositoryNotFoundException",
        format_args!(
            "The repository with name '{name}' does not exist in the registry with id '{}'",
            platform.account.id
        ),
    )
}

pub(super) fn arn(platform: &Platform, repository: &str) -> String {
    platform.account.arn("ecr", format_args!("repository/{repository}"))
}

/// InvalidParameterException, which ECR answers where other services answer ValidationException.
pub(super) fn invalid(message: impl Display) -> ServiceError {
    ServiceError::new("InvalidParameterException", message)
}

/// A member that breaks a rule, as ECR says it.
pub(super) fn constraint(member: &str, rule: impl Display) -> ServiceError {
    invalid(format_args!(
        "Invalid parameter at '{member}' failed to satisfy constraint: '{rule}'"
    ))
}

/// Refuses what cannot be a repository's name. ECR asks this of every operation.
pub(super) fn check_name(name: &str) -> Result<(), ServiceError> {
    const EXPRESSION: &str = "(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*";
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let words = |part: &str| {
        let mut words = part.split(['.', '_', '-']);
        words.all(|word| !word.is_empty() && word.chars().all(alphanumeric))
    };
    match name.len() {
        ..2 => Err(constraint(
            "repositoryName",
            "must have length greater than or equal to 2",
        )),
        257.. => Err(constraint(
            "repositoryName",
            "must have length less than or equal to 256",
        )),
        _ if !name.split('/').all(words) => Err(constraint(
            "repositoryName",
            format_args!("must satisfy regular expression '{EXPRESSION}'"),
        )),
        _ => Ok(()),
    }
}
