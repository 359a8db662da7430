//! Objects that come in parts.

use super::*;
use bytes::Bytes;
use md5::{Digest as _, Md5};

const PART: usize = 5 << 20;

async fn begin(platform: &Arc<Platform>, members: Value) -> Value {
    let mut input = json!({"Bucket": "data", "Key": "big"});
    input
        .as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    let begun = ok(platform, "CreateMultipartUpload", input).await;
    json!({"Bucket": "data", "Key": "big", "UploadId": begun["UploadId"]})
}

fn with(upload: &Value, members: Value) -> Value {
    let mut input = upload.clone();
    input
        .as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    input
}

async fn part(platform: &Arc<Platform>, upload: &Value, number: u16, body: Vec<u8>) -> Value {
    let input = with(upload, json!({"PartNumber": number}));
    let sent = platform.send(&Principal::Administrator, "s3", "UploadPart", input, Bytes::from(body));
    let answer = sent.await.expect("a part").output;
    let mut part = json!({"PartNumber": number, "ETag": answer["ETag"]});
    if let Some(checksum) = answer.get("ChecksumCRC32") {
        part["ChecksumCRC32"] = checksum.clone();
    }
    part
}

#[tokio::test]
async fn parts_become_an_object() {
    let platform = account().await;
    let about =
        json!({"ChecksumAlgorithm": "CRC32", "ContentType": "text/plain", "Metadata": {"a": "1"}, "Tagging": "t=1"});
    let upload = begin(&platform, about).await;
    let two = part(&platform, &upload, 2, b"end".to_vec()).await;
    let one = part(&platform, &upload, 1, vec![7; PART]).await;
    let listed = ok(&platform, "ListParts", with(&upload, json!({"MaxParts": 1}))).await;
    assert_eq!(
        (
            &listed["Parts"][0]["Size"],
            &listed["IsTruncated"],
            &listed["NextPartNumberMarker"]
        ),
        (&json!(PART), &json!(true), &json!(1))
    );
    let open = ok(&platform, "ListMultipartUploads", json!({"Bucket": "data"})).await;
    assert_eq!(open["Uploads"][0]["UploadId"], upload["UploadId"]);

    let complete = with(&upload, json!({"MultipartUpload": {"Parts": [one, two]}}));
    let done = ok(&platform, "CompleteMultipartUpload", complete.clone()).await;
    let digests = [Md5::digest(vec![7; PART]), Md5::digest(b"end")].concat();
    let etag = format!("\"{}-2\"", hex::encode(Md5::digest(digests)));
    assert_eq!(
        (&done["ETag"], &done["ChecksumType"]),
        (&json!(etag), &json!("COMPOSITE"))
    );
    assert!(done["ChecksumCRC32"].as_str().unwrap().ends_with("-2"), "{done}");
    let again = ok(&platform, "CompleteMultipartUpload", complete).await;
    assert_eq!(again, done, "whoever missed the answer asks once more");

    let head = ok(
        &platform,
        "HeadObject",
        json!({"Bucket": "data", "Key": "big", "PartNumber": 2}),
    )
    .await;
    assert_eq!(
        (
            &head["ContentLength"],
            &head["PartsCount"],
            &head["ContentType"],
            &head["TagCount"]
        ),
        (&json!(3), &json!(2), &json!("text/plain"), &json!(1))
    );
    let range = format!("bytes {PART}-{}/{}", PART + 2, PART + 3);
    assert_eq!(head["ContentRange"], range);
}

#[tokio::test]
async fn a_whole_checksum_is_of_all_bytes() {
    let platform = account().await;
    for about in [json!({}), json!({"ChecksumAlgorithm": "CRC64NVME"})] {
        let upload = begin(&platform, about).await;
        let only = part(&platform, &upload, 1, b"123456789".to_vec()).await;
        let wrong = json!({"MultipartUpload": {"Parts": [only]}, "ChecksumCRC64NVME": "AAAAAAAAAAA="});
        assert_eq!(
            refusal(&platform, "CompleteMultipartUpload", with(&upload, wrong)).await,
            "BadDigest"
        );
        let complete = with(&upload, json!({"MultipartUpload": {"Parts": [only]}}));
        let done = ok(&platform, "CompleteMultipartUpload", complete).await;
        assert_eq!(
            (&done["ChecksumCRC64NVME"], &done["ChecksumType"]),
            (&json!("rosUhgp5mIg="), &json!("FULL_OBJECT"))
        );
    }
}

#[tokio::test]
async fn what_uploads_refuse() {
    let platform = account().await;
    let upload = begin(&platform, json!({"ChecksumAlgorithm": "CRC32"})).await;
    let one = part(&platform, &upload, 1, b"short".to_vec()).await;
    let two = part(&platform, &upload, 2, b"end".to_vec()).await;
    let mut unchecked = one.clone();
    unchecked.as_object_mut().unwrap().remove("ChecksumCRC32");
    let mut changed = one.clone();
    changed["ETag"] = "\"other\"".into();
    let three = json!({"PartNumber": 3, "ETag": one["ETag"], "ChecksumCRC32": one["ChecksumCRC32"]});
    for (parts, code) in [
        (json!([one, two]), "EntityTooSmall"),
        (json!([two, one]), "InvalidPartOrder"),
        (json!([one, one]), "InvalidPartOrder"),
        (json!([changed]), "InvalidPart"),
        (json!([three]), "InvalidPart"),
        (json!([unchecked]), "InvalidRequest"),
        (json!([]), "MalformedXML"),
    ] {
        let input = with(&upload, json!({"MultipartUpload": {"Parts": parts}}));
        assert_eq!(
            refusal(&platform, "CompleteMultipartUpload", input).await,
            code,
            "{parts}"
        );
    }
    for (number, members, code) in [
        (0, json!({}), "InvalidArgument"),
        (10_001, json!({}), "InvalidArgument"),
        (
            1,
            json!({"ChecksumSHA1": "2jmj7l5rSw0yVb/vlWAYkK/YBwk="}),
            "InvalidRequest",
        ),
        (1, json!({"ChecksumCRC32": "AAAAAQ=="}), "BadDigest"),
        (1, json!({"ContentMD5": "AAAA"}), "BadDigest"),
    ] {
        let input = with(&with(&upload, members), json!({"PartNumber": number}));
        assert_eq!(refusal(&platform, "UploadPart", input).await, code, "{number}");
    }
    let odd = json!({"Bucket": "data", "Key": "k", "ChecksumAlgorithm": "SHA256", "ChecksumType": "FULL_OBJECT"});
    assert_eq!(refusal(&platform, "CreateMultipartUpload", odd).await, "InvalidRequest");
    ok(&platform, "AbortMultipartUpload", upload.clone()).await;
    for operation in ["AbortMultipartUpload", "ListParts"] {
        assert_eq!(refusal(&platform, operation, upload.clone()).await, "NoSuchUpload");
    }
}

#[tokio::test]
async fn uploads_are_asked_of_iam() {
    let statements = json!([{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}]);
    let (platform, role) = account_with_role(statements).await;
    let encrypted = json!({"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "1234"});
    let upload = begin(&platform, encrypted).await;
    for (operation, input, action) in [
        ("UploadPart", with(&upload, json!({"PartNumber": 1})), "kms:Decrypt"),
        ("AbortMultipartUpload", upload.clone(), "s3:AbortMultipartUpload"),
        ("ListParts", upload.clone(), "s3:ListMultipartUploadParts"),
        (
            "ListMultipartUploads",
            json!({"Bucket": "data"}),
            "s3:ListBucketMultipartUploads",
        ),
        (
            "UploadPartCopy",
            with(&upload, json!({"PartNumber": 1, "CopySource": "data/k"})),
            "s3:GetObject",
        ),
    ] {
        let denied = call(&role, &platform, operation, input).await.expect_err(operation);
        assert!(denied.message.contains(&format!("perform: {action} ")), "{denied}");
    }
}
