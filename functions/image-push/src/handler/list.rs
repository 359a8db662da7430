//! Lists of a registry, with all their pages.

use std::collections::BTreeSet;

use shared::ports::CallError;
use shared::ports::images::{DescribeImages, DescribeRepositories, ImageDetail, Repository, Selection};

use super::function::ImagePush;
use crate::rule::Rule;

impl<R: DescribeImages, S, P> ImagePush<R, S, P> {
    /// Every active image of a repository.
    pub(super) async fn images(&self, repository: &Repository) -> Result<Vec<ImageDetail>, CallError> {
        let mut images = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let page = self
                .registry
                .describe_images(repository, Selection::Page(token.as_deref()))
                .await?;
            images.extend(page.images);
            token = page.next_token;
            if token.is_none() {
                return Ok(images);
            }
        }
    }
}

impl<R: DescribeRepositories, S, P> ImagePush<R, S, P> {
    /// The repositories that the rules want. The registry is asked only if a rule has a wildcard.
    pub(super) async fn repositories(&self, rules: &[Rule], registry_id: &str) -> Result<BTreeSet<String>, CallError> {
        let plain = rules.iter().filter(|rule| rule.repository.is_plain());
        let mut names: BTreeSet<String> = plain.map(|rule| rule.repository.as_str().to_owned()).collect();
        if rules.iter().all(|rule| rule.repository.is_plain()) {
            return Ok(names);
        }
        let mut token: Option<String> = None;
        loop {
            let page = self
                .registry
                .describe_repositories(registry_id, token.as_deref())
                .await?;
            let wanted = |name: &String| rules.iter().any(|rule| rule.repository.matches(name));
            names.extend(page.names.into_iter().filter(wanted));
            token = page.next_token;
            if token.is_none() {
                return Ok(names);
            }
        }
    }
}
