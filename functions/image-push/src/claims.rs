//! Images without a tag: whether they stand for themselves, or belong to an index.
//!
//! A push of an index puts its images first and without tags, so that an untagged image which has just arrived may be one
//! of an index that has not. Time tells.

use std::time::Duration;

use shared::parameters::GetParameters;
use shared::ports::CallError;
use shared::ports::images::{ImageDetail, Repository, Selection};
use shared::time::{Timestamp, in_words};

use crate::decision::Outcome;
use crate::manifest::{index_digests, is_index};
use crate::{Executions, ImagePush, Registry};

/// How long after an image its index may come. What is younger is left to a look.
const SETTLED_AFTER: Duration = Duration::from_secs(120);

/// The most manifests that one call brings.
const MANIFESTS_A_CALL: usize = 100;

impl<R: Registry, S: Executions, P: GetParameters> ImagePush<R, S, P> {
    /// Nothing, if an image without a tag stands for itself; otherwise what is to be said of it.
    pub(crate) async fn unclaimed(
        &self,
        repository: &Repository,
        image: &ImageDetail,
        now: Timestamp,
    ) -> Result<(), Outcome> {
        if let Some(tag) = image.tags.first() {
            return Err(Outcome::Ignored {
                reason: format!("it has a tag by now, `{tag}`"),
            });
        }
        if let Some(index) = self.index_of(repository, image).await.map_err(Outcome::failed)? {
            return Err(Outcome::Ignored {
                reason: format!("it belongs to the index `{index}`"),
            });
        }
        match image.pushed_at.map(|pushed_at| now.since(pushed_at)) {
            Some(age) if age < SETTLED_AFTER => {
                let age = in_words(age);
                let reason = format!("it was pushed {age} ago and may belong to an index that comes: a look decides");
                Err(Outcome::Ignored { reason })
            }
            _ => Ok(()),
        }
    }

    /// The digest of an index that lists an image.
    async fn index_of(&self, repository: &Repository, image: &ImageDetail) -> Result<Option<String>, CallError> {
        let images = self.images(repository).await?;
        // Registries take an index only when its images are there.
        let later = |index: &&ImageDetail| index.pushed_at.is_none() || index.pushed_at >= image.pushed_at;
        let index = |image: &&ImageDetail| image.manifest_media_type.as_deref().is_some_and(is_index);
        let indexes: Vec<&str> = images
            .iter()
            .filter(index)
            .filter(later)
            .map(|image| image.digest.as_str())
            .collect();
        for digests in indexes.chunks(MANIFESTS_A_CALL) {
            for manifest in self.registry.batch_get_image(repository, digests).await? {
                if index_digests(&manifest.text).contains(&image.digest) {
                    return Ok(Some(manifest.digest));
                }
            }
        }
        Ok(None)
    }

    /// Every active image of a repository.
    pub(crate) async fn images(&self, repository: &Repository) -> Result<Vec<ImageDetail>, CallError> {
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
