//! Where a function's code comes from, as CreateFunction is told.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use platform::ServiceError;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// `Code` of CreateFunction and `Content` of PublishLayerVersion, with what the local run adds: names that begin with
/// `Local`.
///
/// See <https://docs.aws.amazon.com/lambda/latest/api/API_FunctionCode.html>.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Given {
    zip_file: Option<String>,
    s3_bucket: Option<String>,
    s3_key: Option<String>,
    s3_object_version: Option<String>,
    image_uri: Option<String>,
    /// The name of a binary of the workspace, which cargo builds and which would be the zip's `bootstrap`: SAM's
    /// `Metadata.BuildProperties.Binary` has it.
    local_binary: Option<String>,
    /// A folder or a zip of this machine, which SAM would pack and upload.
    local_path: Option<PathBuf>,
    /// What SAM would build an image from.
    local_image: Option<ImageSource>,
    /// The runtime for which SAM would build a layer.
    local_build: Option<String>,
    /// Why the local run cannot have the code: the function is there, and its invocations say so.
    local_refusal: Option<String>,
}

/// What an image is built from, as `Metadata` of a function in SAM says it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct ImageSource {
    /// The folder that the Dockerfile's paths start at.
    pub(super) context: PathBuf,
    /// The Dockerfile, in the context.
    pub(super) dockerfile: PathBuf,
    /// The values of the Dockerfile's arguments.
    #[serde(default)]
    pub(super) arguments: BTreeMap<String, String>,
}

/// Where code comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Code {
    /// Cargo builds it.
    Binary(String),
    /// From a folder or a zip of this machine.
    Path(PathBuf),
    /// It is this zip.
    Zip(Vec<u8>),
    /// From an object of S3: its bucket and its key.
    Object(String, String),
    /// From an image of a registry.
    Image(String),
    /// From an image that is yet to be built.
    Source(ImageSource),
    /// The local run cannot have it, for this reason.
    NotHere(String),
}

impl Given {
    /// The one place that is named.
    ///
    /// # Errors
    /// None is, or several are, or it is not what it should be.
    pub(crate) fn code(&self) -> Result<Code, ServiceError> {
        let refuse = |message: &str| ServiceError::new("InvalidParameterValueException", message);
        if self.s3_object_version.is_some() {
            return Err(ServiceError::not_in_local_run(
                "lambda",
                "CreateFunction with S3ObjectVersion",
            ));
        }
        let zip = self.zip_file.as_ref().map(|zip| {
            let bytes = BASE64_STANDARD.decode(zip);
            bytes
                .map(Code::Zip)
                .map_err(|_| refuse("ZipFile is not encoded in base64"))
        });
        let object = match (&self.s3_bucket, &self.s3_key) {
            (Some(bucket), Some(key)) => Some(Code::Object(bucket.clone(), key.clone())),
            (None, None) => None,
            _ => return Err(refuse("S3Bucket and S3Key must both be given")),
        };
        let named = [
            zip.transpose()?,
            object,
            self.local_refusal.clone().map(Code::NotHere),
            self.local_binary.clone().map(Code::Binary),
            self.local_path.clone().map(Code::Path),
            self.local_image.clone().map(Code::Source),
            self.image_uri.clone().map(Code::Image),
        ];
        let mut named = named.into_iter().flatten();
        match (named.next(), named.next()) {
            (Some(code), None) => Ok(code),
            (None, _) => Err(refuse("Please provide a source for function code.")),
            _ => Err(refuse("Please do not provide more than one source for function code.")),
        }
    }

    /// The runtime for which SAM would build it, if it is a layer that SAM builds.
    pub(crate) fn built_for(&self) -> Option<&str> {
        self.local_build.as_deref()
    }
}
