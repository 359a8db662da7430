//! From the package to its image in ECR.

use crate::lineage::record::{Image, Topic, Verdict};
use crate::lineage::trace::Trace;
use crate::lineage::values::{text, time};
use serde_json::json;

pub(super) async fn follow(trace: &mut Trace<'_>) -> Image {
    let of_package = text(trace.package, "/InferenceSpecification/Containers/0/Image");
    let uri = trace.noted("image").or_else(|| of_package.clone()).unwrap_or_default();
    let noted = ("its metadata", Some(uri.as_str()));
    trace.compare(Topic::Image, "image", ("the package", of_package.as_deref()), noted);
    let Some((registry, repository, digest)) = parts(&uri) else {
        let text = format!("`{uri}` names no image of ECR by its digest");
        trace.note(Topic::Image, Verdict::Broken, text);
        return Image {
            uri,
            ..Image::default()
        };
    };
    let input = json!({"registryId": registry, "repositoryName": repository, "imageIds": [{"imageDigest": digest}]});
    let answer = trace.calls.ask("ecr", "DescribeImages", input).await;
    let absent = format!("{repository} has no image {digest} any more");
    let found = trace.there(Topic::Image, answer, (Verdict::Broken, &absent));
    let Some(found) = found.as_ref().and_then(|found| found.pointer("/imageDetails/0")) else {
        return Image {
            uri,
            ..Image::default()
        };
    };
    let in_ecr = text(found, "/imageDigest");
    let ends = ("the package", Some(digest));
    trace.compare(Topic::Image, "digest", ends, ("ECR", in_ecr.as_deref()));
    let tags = found["imageTags"].as_array().into_iter().flatten();
    Image {
        tags: tags.filter_map(|tag| tag.as_str().map(str::to_owned)).collect(),
        pushed_at: time(found, "/imagePushedAt"),
        uri,
    }
}

/// The account, the repository and the digest of `ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY@sha256:…`.
fn parts(uri: &str) -> Option<(&str, &str, &str)> {
    let (image, digest) = uri.split_once('@')?;
    let (host, repository) = image.split_once('/')?;
    let (registry, _) = host.split_once(".dkr.ecr")?;
    Some((registry, repository, digest))
}
