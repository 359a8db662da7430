//! An engine's images: built, given out, and taken in.

use super::api::{Api, EngineError, with_query};
use super::body::Payload;
use hyper::Method;
use hyper::body::Bytes;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

const ARCHIVE: &str = "application/x-tar";

/// What `docker build` asks an engine for.
#[derive(Debug, Clone, Default)]
pub struct ImageBuild {
    /// The context, as a tar archive.
    pub context: Bytes,
    /// The Dockerfile's path in the context.
    pub dockerfile: String,
    /// Such as `linux/amd64`; the engine's own where there is none.
    pub platform: Option<String>,
    /// `--build-arg`.
    pub args: BTreeMap<String, String>,
    /// `--label`.
    pub labels: BTreeMap<String, String>,
    /// Whether every step is done again.
    pub no_cache: bool,
    /// Whether a newer base image is looked for, even if there is one.
    pub pull: bool,
}

impl Api {
    /// Builds an image, which gets no name, and answers with its id. `say` gets what the engine tells meanwhile.
    ///
    /// # Errors
    /// A step failed, or the base image cannot be had: in the engine's words.
    pub async fn build(&self, build: &ImageBuild, say: &mut (dyn FnMut(&str) + Send)) -> Result<String, EngineError> {
        let (args, labels) = (json!(build.args).to_string(), json!(build.labels).to_string());
        let mut query = vec![
            ("dockerfile", build.dockerfile.as_str()),
            ("buildargs", &args),
            ("labels", &labels),
            // The containers of the steps go in any case.
            ("rm", "1"),
            ("forcerm", "1"),
        ];
        query.extend(build.platform.as_deref().map(|platform| ("platform", platform)));
        query.extend(build.no_cache.then_some(("nocache", "1")));
        query.extend(build.pull.then_some(("pull", "1")));
        let path = with_query("/build", &query);
        let response = self
            .send(Method::POST, &path, ARCHIVE, Payload::bytes(build.context.clone()))
            .await?;
        let mut id = None;
        self.messages(response, &mut |message| {
            if let Some(built) = message["aux"]["ID"].as_str() {
                id = Some(built.to_owned());
            }
            let status = || {
                message["progress"]
                    .is_null()
                    .then(|| message["status"].as_str())
                    .flatten()
            };
            if let Some(text) = message["stream"].as_str().or_else(status) {
                text.lines().filter(|line| !line.trim().is_empty()).for_each(&mut *say);
            }
        })
        .await?;
        id.ok_or_else(|| EngineError::Unusable("the build ended without an image".into()))
    }

    /// Writes an image to a file, in the format of `docker save`.
    ///
    /// # Errors
    /// There is no such image, or the file cannot be written.
    pub async fn save(&self, image: &str, to: &Path) -> Result<(), EngineError> {
        let path = format!("/images/{image}/get");
        let response = self.send(Method::GET, &path, ARCHIVE, Payload::Nothing).await?;
        self.write(response, to).await
    }

    /// Whether the engine has an image with this id.
    ///
    /// # Errors
    /// The engine does not answer.
    pub(crate) async fn has_image(&self, id: &str) -> Result<bool, EngineError> {
        match self.get(&format!("/images/{id}/json")).await {
            Ok(_) => Ok(true),
            Err(error) if error.is_not_found() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes in an image from a file in the format of `docker save`, and answers with its id.
    ///
    /// # Errors
    /// The engine cannot read it, or does not say what it is now.
    pub async fn load(&self, file: &Path) -> Result<String, EngineError> {
        let archive = Payload::File(tokio::fs::File::open(file).await?);
        let response = self.send(Method::POST, "/images/load", ARCHIVE, archive).await?;
        let mut id = None;
        self.messages(response, &mut |message| id = loaded(message).or_else(|| id.take()))
            .await?;
        id.ok_or_else(|| EngineError::Unusable("it does not say which image it has loaded".into()))
    }
}

/// `Loaded image ID: sha256:…`, as engines tell it, each in its own words.
fn loaded(message: &Value) -> Option<String> {
    let text = message["stream"].as_str()?;
    let is_digit = |c: char| c.is_ascii_hexdigit();
    let words = text.split(|c: char| !is_digit(c) && c != ':' && !c.is_ascii_alphanumeric());
    words
        .map(|word| word.trim_start_matches("sha256:"))
        .find(|word| word.len() == 64 && word.chars().all(is_digit))
        .map(|hex| format!("sha256:{hex}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loaded_image_is_known_by_its_id() {
        let hex = "ab".repeat(32);
        for (text, is_known) in [
            (format!("Loaded image ID: sha256:{hex}\n"), true),
            (format!("Loaded image: sha256:{hex}"), true),
            (format!("Loaded image(s): @{hex}"), true),
            ("Loaded image: python:3.14\n".to_owned(), false),
        ] {
            let id = loaded(&json!({"stream": text}));
            assert_eq!(id, is_known.then(|| format!("sha256:{hex}")), "{text}");
        }
    }
}
