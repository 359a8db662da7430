//! ECR: repositories, manifests that are images, indexes or something else, and tags that move.

use crate::account::Account;
use crate::kept::registry::{Image, Pushed};
use crate::kept::words::{page, refused};
use shared::ports::images::{ImageDetail, ImagePage, Manifest, Repository, RepositoryPage, Selection};
use shared::ports::{CallError, CallErrorKind};

/// How many images or repositories a page holds: few, so that pages are turned.
const A_PAGE: usize = 3;

impl Account {
    /// Somebody pushes an image, under a tag or without: its digest, and those of the images that came before it.
    pub(crate) fn push(&mut self, repository: &'static str, tag: Option<&str>, kind: Pushed) -> Vec<String> {
        let mut digests = Vec::new();
        if kind == Pushed::Index {
            for _ in 0..2 {
                digests.push(self.add_image(repository, None, Pushed::Oci, Vec::new(), true));
            }
        }
        let children = digests.clone();
        digests.push(self.add_image(repository, tag, kind, children, false));
        digests
    }

    fn add_image(
        &mut self,
        repository: &'static str,
        tag: Option<&str>,
        kind: Pushed,
        children: Vec<String>,
        is_child: bool,
    ) -> String {
        self.now = self.now + std::time::Duration::from_millis(1);
        self.registry.pushed += 1;
        let digest = format!("sha256:{:064x}", self.registry.pushed);
        let image = Image {
            digest: digest.clone(),
            tags: Vec::new(),
            pushed_at: self.now,
            kind,
            children,
            is_child,
        };
        self.registry.repositories.entry(repository).or_default().push(image);
        if let Some(tag) = tag {
            self.tag(repository, &digest, tag);
        }
        digest
    }

    /// A tag moves to an image.
    pub(crate) fn tag(&mut self, repository: &'static str, digest: &str, tag: &str) {
        for image in self.registry.repositories.entry(repository).or_default() {
            image.tags.retain(|known| known != tag);
            if image.digest == digest {
                image.tags.push(tag.to_owned());
            }
        }
    }

    pub(super) fn describe_images(
        &mut self,
        repository: &Repository,
        selection: Selection<'_>,
    ) -> Result<ImagePage, CallError> {
        const OPERATION: &str = "DescribeImages";
        let Some(images) = self.registry.repositories.get(repository.name.as_str()) else {
            return Err(refused(
                OPERATION,
                CallErrorKind::NotFound,
                "RepositoryNotFoundException",
            ));
        };
        let details: Vec<ImageDetail> = images.iter().map(Image::detail).collect();
        match selection {
            Selection::Digest(digest) => {
                let found: Vec<ImageDetail> = details.into_iter().filter(|image| image.digest == digest).collect();
                if found.is_empty() {
                    return Err(refused(OPERATION, CallErrorKind::NotFound, "ImageNotFoundException"));
                }
                Ok(ImagePage {
                    images: found,
                    next_token: None,
                })
            }
            Selection::Page(next) => {
                let (images, next_token) = page(&details, next, A_PAGE);
                Ok(ImagePage { images, next_token })
            }
        }
    }

    pub(super) fn batch_get_image(
        &mut self,
        repository: &Repository,
        digests: &[&str],
    ) -> Result<Vec<Manifest>, CallError> {
        let images = self.registry.repositories.get(repository.name.as_str());
        let asked = images
            .into_iter()
            .flatten()
            .filter(|image| digests.contains(&image.digest.as_str()));
        Ok(asked.map(Image::manifest).collect())
    }

    pub(super) fn describe_repositories(&mut self, next: Option<&str>) -> Result<RepositoryPage, CallError> {
        let names: Vec<String> = self.registry.repositories.keys().map(ToString::to_string).collect();
        let (names, next_token) = page(&names, next, A_PAGE);
        Ok(RepositoryPage { names, next_token })
    }
}
