//! The operations on layers: asking which there are, uploading one part by part, and reading one.

use super::registry::{Ecr, OnRepository, invalid};
use crate::manifest::digest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use platform::store::Body;
use platform::{Answer, Call, Nothing, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};

/// The bytes that one UploadLayerPart may carry: 20 MiB, as ECR answers.
const PART_SIZE: usize = 20 * 1024 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct BatchCheckLayerAvailability {
    layer_digests: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct UploadLayerPart {
    upload_id: String,
    part_first_byte: usize,
    part_last_byte: usize,
    layer_part_blob: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CompleteLayerUpload {
    upload_id: String,
    layer_digests: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct GetDownloadUrlForLayer {
    layer_digest: String,
}

impl Ecr {
    pub(super) fn batch_check_layer_availability(
        &self,
        call: &Call,
        input: OnRepository<BatchCheckLayerAvailability>,
    ) -> Result<Value, ServiceError> {
        self.with(call, &input.target, |repository| {
            let layers = input
                .own
                .layer_digests
                .iter()
                .map(|digest| match repository.layers.get(digest) {
                    Some(blob) => json!({
                        "layerDigest": digest,
                        "layerAvailability": "AVAILABLE",
                        "layerSize": blob.len(),
                    }),
                    None => json!({"layerDigest": digest, "layerAvailability": "UNAVAILABLE"}),
                });
            Ok(json!({"layers": layers.collect::<Vec<_>>(), "failures": []}))
        })
    }

    pub(super) fn initiate_layer_upload(
        &self,
        call: &Call,
        input: OnRepository<Nothing>,
    ) -> Result<Value, ServiceError> {
        self.with(call, &input.target, |repository| {
            let upload = uuid::Uuid::new_v4().to_string();
            repository.uploads.insert(upload.clone(), Vec::new());
            Ok(json!({"uploadId": upload, "partSize": PART_SIZE}))
        })
    }

    pub(super) fn upload_layer_part(
        &self,
        call: &Call,
        input: OnRepository<UploadLayerPart>,
    ) -> Result<Value, ServiceError> {
        let blob = STANDARD.decode(&input.own.layer_part_blob).map_err(invalid)?;
        self.with(call, &input.target, |repository| {
            let upload = repository
                .uploads
                .get_mut(&input.own.upload_id)
                .ok_or_else(|| upload_not_found(&input.own.upload_id))?;
            let received = upload.iter().map(Body::len).sum::<usize>();
            let fits = input.own.part_first_byte == received
                && input.own.part_last_byte + 1 == received + blob.len()
                && blob.len() <= PART_SIZE;
            if !fits {
                return Err(ServiceError::new(
                    "InvalidLayerPartException",
                    format_args!(
                        "The layer part from byte {} to {} does not follow the {} bytes received",
                        input.own.part_first_byte, input.own.part_last_byte, received
                    ),
                ));
            }
            upload.push(self.store.keep(blob.into())?);
            Ok(json!({
                "registryId": call.platform.account.id,
                "repositoryName": input.target.repository_name,
                "uploadId": input.own.upload_id,
                "lastByteReceived": input.own.part_last_byte,
            }))
        })
    }

    pub(super) fn complete_layer_upload(
        &self,
        call: &Call,
        input: OnRepository<CompleteLayerUpload>,
    ) -> Result<Value, ServiceError> {
        self.with(call, &input.target, |repository| {
            let parts = repository
                .uploads
                .remove(&input.own.upload_id)
                .ok_or_else(|| upload_not_found(&input.own.upload_id))?;
            let mut blob = BytesMut::new();
            for part in &parts {
                blob.extend_from_slice(&self.store.bytes(part)?);
                self.store.forget(part);
            }
            let actual = digest(&blob);
            if !input.own.layer_digests.contains(&actual) {
                return Err(ServiceError::new(
                    "InvalidLayerException",
                    format_args!(
                        "The layer's digest is {actual}, not {}",
                        input.own.layer_digests.join(", ")
                    ),
                ));
            }
            if repository.layers.contains_key(&actual) {
                return Err(ServiceError::new(
                    "LayerAlreadyExistsException",
                    format_args!(
                        "Layer with digest '{actual}' already exists in the repository with name '{}'",
                        repository.name
                    ),
                ));
            }
            let layer = self.store.keep(blob.freeze())?;
            repository.layers.insert(actual.clone(), layer);
            Ok(json!({
                "registryId": call.platform.account.id,
                "repositoryName": input.target.repository_name,
                "uploadId": input.own.upload_id,
                "layerDigest": actual,
            }))
        })
    }

    /// A layer, or a configuration. It comes with the answer: the local run has no URL to get it from.
    pub(super) fn get_download_url_for_layer(
        &self,
        call: &Call,
        input: OnRepository<GetDownloadUrlForLayer>,
    ) -> Result<Answer, ServiceError> {
        self.with(call, &input.target, |repository| {
            let digest = &input.own.layer_digest;
            let body = repository.layers.get(digest).ok_or_else(|| {
                let message = format_args!("the layer {digest} does not exist");
                ServiceError::new("LayersNotFoundException", message)
            })?;
            let body = self.store.bytes(body)?;
            let output = json!({"layerDigest": digest});
            Ok(Answer {
                output,
                body: Some(body),
            })
        })
    }
}

fn upload_not_found(id: &str) -> ServiceError {
    ServiceError::new("UploadNotFoundException", format_args!("no upload with id '{id}'"))
}
