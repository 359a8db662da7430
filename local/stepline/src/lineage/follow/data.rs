//! From the package to the versions of the data in S3, and to what they add up to.

use crate::lineage::record::{Data, DataObject, Topic, Verdict};
use crate::lineage::trace::Trace;
use crate::lineage::values::{behind, place, text};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// More than this is not read again only to compute its SHA-256.
const READ_AT_MOST: u64 = 256 << 20;

/// More versions than this are not looked at one by one.
const LOOKED_AT_MOST: usize = 1000;

/// How many objects that are gone are named.
const NAMED_AT_MOST: usize = 3;

pub(super) async fn follow(trace: &mut Trace<'_>) -> Data {
    let data = noted(trace).await;
    if data.objects.is_empty() {
        trace.note(
            Topic::Data,
            Verdict::Broken,
            "the package does not say which data it was made of",
        );
        return data;
    }
    if !data.whole {
        let text = format!("of more objects, {} are in the record", data.objects.len());
        trace.note(Topic::Data, Verdict::Unseen, text);
    }
    let Some(bucket) = &data.bucket else {
        trace.note(Topic::Data, Verdict::Unseen, "which bucket it is in is said nowhere");
        return data;
    };
    let Some(size) = versions_are_there(trace, bucket, &data.objects).await else {
        return data;
    };
    if data.whole {
        adds_up(trace, bucket, &data, size).await;
    }
    data
}

/// What the document says, else as much of it as the package's metadata has room for.
async fn noted(trace: &mut Trace<'_>) -> Data {
    if let Some(written) = trace.document.as_ref().map(|document| document["data"].clone()) {
        return written_in_full(trace, &written).await;
    }
    let in_package = |name: &str| text(trace.package, &format!("/CustomerMetadataProperties/{name}"));
    let listed = in_package("data").unwrap_or_default();
    // Metadata has 256 characters at most: a list that fills them is cut.
    let whole = listed.chars().count() < 256;
    let mut pairs: Vec<_> = listed.split(", ").filter_map(|one| one.rsplit_once('@')).collect();
    if !whole {
        pairs.pop();
    }
    let objects = pairs.into_iter().map(|(key, version)| DataObject {
        key: key.to_owned(),
        version_id: version.to_owned(),
    });
    let model = text(trace.package, "/InferenceSpecification/Containers/0/ModelDataUrl");
    Data {
        // The training pipeline has one bucket for data and models.
        bucket: model.and_then(|url| Some(url.strip_prefix("s3://")?.split_once('/')?.0.to_owned())),
        prefix: None,
        objects: objects.collect(),
        whole,
        sha256: in_package("dataSha256"),
    }
}

/// What the document says, with its pages: `WriteDataPage` of statemachine/training-pipeline.asl.json writes them.
async fn written_in_full(trace: &mut Trace<'_>, written: &Value) -> Data {
    let mut data = Data {
        bucket: text(written, "/bucket"),
        prefix: text(written, "/prefix"),
        objects: Vec::new(),
        whole: true,
        sha256: text(trace.package, "/CustomerMetadataProperties/dataSha256").or_else(|| text(written, "/sha256")),
    };
    let url = trace.noted("lineage").unwrap_or_default();
    if let Some((bucket, folder)) = place(&url).and_then(|(bucket, key)| Some((bucket, key.rsplit_once('/')?.0))) {
        for page in 0..written["pages"].as_u64().unwrap_or_default() {
            let key = format!("{folder}/lineage-data-{page}.json");
            let answer = trace.calls.get_object(bucket, &key, None).await;
            let absent = format!("a page of the record, s3://{bucket}/{key}, is not there any more");
            let bytes = trace.there(Topic::Data, answer, (Verdict::Broken, &absent));
            match bytes.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok()) {
                Some(page) => data.objects.extend(objects(&page)),
                None => data.whole = false,
            }
        }
    }
    data.objects.extend(objects(written));
    data
}

fn objects(written: &Value) -> impl Iterator<Item = DataObject> {
    written["objects"].as_array().into_iter().flatten().filter_map(object)
}

fn object(written: &Value) -> Option<DataObject> {
    Some(DataObject {
        key: text(written, "/key")?,
        version_id: text(written, "/versionId")?,
    })
}

/// How many bytes all versions have; nothing where one of them could not be looked at.
async fn versions_are_there(trace: &mut Trace<'_>, bucket: &str, objects: &[DataObject]) -> Option<u64> {
    let (mut size, mut gone, mut unseen) = (0, Vec::new(), 0);
    for object in objects {
        let answer = trace
            .calls
            .head_object(bucket, &object.key, Some(&object.version_id))
            .await;
        match answer {
            Ok(bytes) => size += bytes,
            Err(error) if super::super::trace::is_absent(&error) => {
                gone.push(format!("{}@{}", object.key, object.version_id));
            }
            Err(error) => {
                // The first one says why.
                if unseen == 0 {
                    trace.note(Topic::Data, Verdict::Unseen, error.to_string());
                }
                unseen += 1;
            }
        }
    }
    if !gone.is_empty() {
        let named = gone.iter().take(NAMED_AT_MOST).cloned().collect::<Vec<_>>().join(", ");
        let more = match gone.len().saturating_sub(NAMED_AT_MOST) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let text = format!("not there any more in {bucket}: {named}{more}");
        trace.note(Topic::Data, Verdict::Broken, text);
        return None;
    }
    if objects.len() > LOOKED_AT_MOST {
        let text = format!(
            "of {} versions the first {LOOKED_AT_MOST} were looked at: all there",
            objects.len()
        );
        trace.note(Topic::Data, Verdict::Unseen, text);
        return None;
    }
    (unseen == 0).then(|| {
        let text = match objects.len() {
            1 => "the version is there".to_owned(),
            many => format!("all {many} versions are there"),
        };
        trace.note(Topic::Data, Verdict::Agrees, text);
        size
    })
}

/// Computes the SHA-256 as `container/app/src/prepare.py` does: of the CSV files at the top, in the order of names.
async fn adds_up(trace: &mut Trace<'_>, bucket: &str, data: &Data, size: u64) {
    let Some(noted) = &data.sha256 else { return };
    if size > READ_AT_MOST {
        let text = format!("SHA-256 not computed again: it would mean to read {} MB", size >> 20);
        trace.note(Topic::Data, Verdict::Unseen, text);
        return;
    }
    let name = |object: &DataObject| {
        let prefix = data.prefix.as_deref().unwrap_or_default();
        match object.key.strip_prefix(prefix) {
            Some(rest) if !prefix.is_empty() => rest.trim_start_matches('/').to_owned(),
            _ => behind(&object.key, '/').to_owned(),
        }
    };
    let mut read: Vec<_> = data.objects.iter().map(|object| (name(object), object)).collect();
    read.retain(|(name, _)| name.ends_with(".csv") && !name.contains('/'));
    read.sort_by(|one, other| one.0.cmp(&other.0));
    let mut found = Sha256::new();
    for (_, object) in read {
        let answer = trace
            .calls
            .get_object(bucket, &object.key, Some(&object.version_id))
            .await;
        let absent = format!("not there any more: {}@{}", object.key, object.version_id);
        match trace.there(Topic::Data, answer, (Verdict::Broken, &absent)) {
            Some(bytes) => found.update(&bytes),
            None => return,
        }
    }
    let found = hex::encode(found.finalize());
    let ends = ("the package", Some(noted.as_str()));
    trace.compare(Topic::Data, "SHA-256", ends, ("what these versions have", Some(&found)));
}
