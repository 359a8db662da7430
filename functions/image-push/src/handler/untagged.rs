//! An image without a tag: what the registry says of the indexes around it.

use shared::ports::CallError;
use shared::ports::images::{BatchGetImage, DescribeImages, ImageDetail, Repository};
use shared::time::Timestamp;

use super::function::ImagePush;
use crate::manifest::index_digests;
use crate::plan::{has_no_tag, has_settled, indexes_since};
use crate::report::Outcome;

/// The most manifests that one call brings.
const MANIFESTS_A_CALL: usize = 100;

impl<R: DescribeImages + BatchGetImage, S, P> ImagePush<R, S, P> {
    /// Nothing, if an image without a tag is complete in itself; otherwise what is reported instead.
    pub(super) async fn unclaimed(
        &self,
        repository: &Repository,
        image: &ImageDetail,
        now: Timestamp,
    ) -> Result<(), Outcome> {
        has_no_tag(image).map_err(Outcome::ignored)?;
        if let Some(index) = self.index_of(repository, image).await.map_err(Outcome::failed)? {
            return Err(Outcome::Ignored {
                reason: format!("it belongs to the index `{index}`"),
            });
        }
        has_settled(image, now).map_err(Outcome::ignored)
    }

    /// The digest of an index that lists an image.
    async fn index_of(&self, repository: &Repository, image: &ImageDetail) -> Result<Option<String>, CallError> {
        let images = self.images(repository).await?;
        for digests in indexes_since(image, &images).chunks(MANIFESTS_A_CALL) {
            for manifest in self.registry.batch_get_image(repository, digests).await? {
                if index_digests(&manifest.text).contains(&image.digest) {
                    return Ok(Some(manifest.digest));
                }
            }
        }
        Ok(None)
    }
}
