//! The code of functions and layers, as GetFunction and GetLayerVersion let it be fetched: for some minutes, by whoever has
//! the address.
//!
//! Follows <https://docs.aws.amazon.com/lambda/latest/api/API_FunctionCodeLocation.html>. The zip is packed anew from the files
//! that the function has: its hash is not the function's `CodeSha256`.

use super::Lambda;
use super::code::{Code, Package};
use super::functions::Function;
use super::operations::Named;
use axum::body::Body;
use axum::http::{Method, Response, StatusCode, Uri};
use platform::{Call, Platform, ServiceError};
use serde_json::{Value, json};
use std::fs;
use std::io::{self, Cursor, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Instant;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Where the gateway answers with code.
const PATH: &str = "/lambda-code/";

impl Lambda {
    pub(super) fn get(&self, call: &Call, input: Named) -> Result<Value, ServiceError> {
        let function = self.function(call, &input.function_name, input.qualifier.as_deref())?;
        let mut shown = json!({
            "Configuration": function.describe_as(input.qualifier.as_deref()),
            "Code": self.location(&call.platform, &function),
        });
        if let Some(tags) = &function.configuration.tags {
            shown["Tags"] = tags.clone();
        }
        Ok(shown)
    }

    pub(super) fn get_configuration(&self, call: &Call, input: Named) -> Result<Value, ServiceError> {
        let function = self.function(call, &input.function_name, input.qualifier.as_deref())?;
        Ok(function.describe_as(input.qualifier.as_deref()))
    }

    /// Where the code of a function can be had. What the local run does not have as files has no address.
    fn location(&self, platform: &Platform, function: &Function) -> Value {
        if let Ok(Code::Image(uri)) = function.configuration.code.code() {
            return json!({"RepositoryType": "ECR", "ImageUri": uri});
        }
        let mut location = json!({"RepositoryType": "S3"});
        if let Package::Files { files, .. } = &function.package
            && let Some(address) = self.address(platform, files)
        {
            location["Location"] = address.into();
        }
        location
    }

    /// Where a folder can be had as a zip. None before anything answers.
    pub(super) fn address(&self, platform: &Platform, folder: &Path) -> Option<String> {
        let endpoint = platform.endpoint()?;
        let token = self.downloads.offer(folder, Instant::now());
        Some(format!("{endpoint}{PATH}{token}"))
    }

    /// Answers a request for code that GetFunction has given the address of; None where it is something else.
    pub async fn download(&self, method: &Method, uri: &Uri) -> Option<Response<Body>> {
        let token = uri.path().strip_prefix(PATH).filter(|_| method == Method::GET)?;
        let folder = self.downloads.folder(token, Instant::now())?;
        let packed = tokio::task::spawn_blocking(move || packed(&folder)).await;
        let packed = packed.map_err(io::Error::other).and_then(|packed| packed);
        let (status, kind, body) = match packed {
            Ok(zip) => (StatusCode::OK, "application/zip", Body::from(zip)),
            Err(error) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "text/plain",
                Body::from(error.to_string()),
            ),
        };
        let response = Response::builder().status(status).header("content-type", kind);
        // Only a header value with line breaks could fail, and none of these has any.
        Some(response.body(body).unwrap_or_default())
    }
}

/// A folder as a zip, in the order of the names in it.
fn packed(folder: &Path) -> io::Result<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    add(&mut archive, folder, "")?;
    Ok(archive.finish()?.into_inner())
}

fn add(archive: &mut ZipWriter<Cursor<Vec<u8>>>, folder: &Path, within: &str) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let name = format!("{within}{}", entry.file_name().to_string_lossy());
        let about = fs::metadata(&path)?;
        if about.is_dir() {
            add(archive, &path, &format!("{name}/"))?;
            continue;
        }
        let options = SimpleFileOptions::default().unix_permissions(about.permissions().mode());
        archive.start_file(name, options)?;
        archive.write_all(&fs::read(&path)?)?;
    }
    Ok(())
}
