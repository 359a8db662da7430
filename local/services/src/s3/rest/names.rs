//! What HTTP calls the members of inputs and outputs.

use crate::s3::object::KEPT;
use platform::ServiceError;

/// Parameters of a query and the members that they are.
pub(super) const PARAMETERS: &[(&str, &str)] = &[
    ("continuation-token", "ContinuationToken"),
    ("delimiter", "Delimiter"),
    ("encoding-type", "EncodingType"),
    ("fetch-owner", "FetchOwner"),
    ("key-marker", "KeyMarker"),
    ("marker", "Marker"),
    ("max-keys", "MaxKeys"),
    ("max-parts", "MaxParts"),
    ("max-uploads", "MaxUploads"),
    ("part-number-marker", "PartNumberMarker"),
    ("partNumber", "PartNumber"),
    ("prefix", "Prefix"),
    ("start-after", "StartAfter"),
    ("upload-id-marker", "UploadIdMarker"),
    ("uploadId", "UploadId"),
    ("version-id-marker", "VersionIdMarker"),
    ("versionId", "VersionId"),
];

/// Members that are numbers, or truths; HTTP and XML write all as text.
pub(super) const NUMBERS: &[&str] = &[
    "MaxKeys",
    "MaxParts",
    "MaxUploads",
    "MpuObjectSize",
    "PartNumber",
    "PartNumberMarker",
];
pub(super) const TRUTHS: &[&str] = &["FetchOwner", "Quiet"];

/// S3's own headers of requests, and the members that they are, beside metadata. A member that an operation does not
/// have it refuses by name.
pub(super) const ASKED: &[(&str, &str)] = &[
    ("x-amz-acl", "ACL"),
    ("x-amz-checksum-algorithm", "ChecksumAlgorithm"),
    ("x-amz-checksum-crc32", "ChecksumCRC32"),
    ("x-amz-checksum-crc32c", "ChecksumCRC32C"),
    ("x-amz-checksum-crc64nvme", "ChecksumCRC64NVME"),
    ("x-amz-checksum-mode", "ChecksumMode"),
    ("x-amz-checksum-sha1", "ChecksumSHA1"),
    ("x-amz-checksum-sha256", "ChecksumSHA256"),
    ("x-amz-checksum-type", "ChecksumType"),
    ("x-amz-copy-source", "CopySource"),
    ("x-amz-copy-source-if-match", "CopySourceIfMatch"),
    ("x-amz-copy-source-if-modified-since", "CopySourceIfModifiedSince"),
    ("x-amz-copy-source-if-none-match", "CopySourceIfNoneMatch"),
    ("x-amz-copy-source-if-unmodified-since", "CopySourceIfUnmodifiedSince"),
    ("x-amz-copy-source-range", "CopySourceRange"),
    ("x-amz-metadata-directive", "MetadataDirective"),
    ("x-amz-mp-object-size", "MpuObjectSize"),
    ("x-amz-sdk-checksum-algorithm", "ChecksumAlgorithm"),
    ("x-amz-server-side-encryption", "ServerSideEncryption"),
    ("x-amz-server-side-encryption-aws-kms-key-id", "SSEKMSKeyId"),
    ("x-amz-storage-class", "StorageClass"),
    ("x-amz-tagging", "Tagging"),
    ("x-amz-tagging-directive", "TaggingDirective"),
];

/// S3's own headers that say how a request travels, not what it asks.
pub(super) const OF_THE_WAY: &[&str] = &[
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-decoded-content-length",
    "x-amz-security-token",
    "x-amz-trailer",
    "x-amz-user-agent",
];

/// Conditions, which reads have all of and writes the first two.
const CONDITIONS: &[(&str, &str)] = &[
    ("if-match", "IfMatch"),
    ("if-none-match", "IfNoneMatch"),
    ("if-modified-since", "IfModifiedSince"),
    ("if-unmodified-since", "IfUnmodifiedSince"),
];

/// Headers that all of HTTP has, where an operation takes them as members: clients send them with others too.
pub(super) fn of_http(operation: &str) -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    const MEDIA_TYPE: &[(&str, &str)] = &[("content-type", "ContentType")];
    const MATCHES: &[(&str, &str)] = &[("if-match", "IfMatch")];
    const MD5: &[(&str, &str)] = &[("content-md5", "ContentMD5")];
    const RANGE: &[(&str, &str)] = &[("range", "Range")];
    let lists: &[&[(&str, &str)]] = match operation {
        "CopyObject" => &[KEPT, MEDIA_TYPE, CONDITIONS],
        "CompleteMultipartUpload" => &[CONDITIONS],
        "CreateMultipartUpload" => &[KEPT, MEDIA_TYPE],
        "DeleteObject" => &[MATCHES],
        "GetObject" | "HeadObject" => &[CONDITIONS, RANGE],
        "PutObject" => &[KEPT, MEDIA_TYPE, MD5, CONDITIONS],
        "UploadPart" => &[MD5],
        _ => &[],
    };
    lists.iter().copied().flatten()
}

/// Members of outputs that are headers of answers, beside those that are kept with an object.
pub(super) const ANSWERED: &[(&str, &str)] = &[
    ("accept-ranges", "AcceptRanges"),
    ("content-length", "ContentLength"),
    ("content-range", "ContentRange"),
    ("content-type", "ContentType"),
    ("etag", "ETag"),
    ("location", "Location"),
    ("x-amz-bucket-region", "BucketRegion"),
    ("x-amz-checksum-crc32", "ChecksumCRC32"),
    ("x-amz-checksum-crc32c", "ChecksumCRC32C"),
    ("x-amz-checksum-crc64nvme", "ChecksumCRC64NVME"),
    ("x-amz-checksum-sha1", "ChecksumSHA1"),
    ("x-amz-checksum-sha256", "ChecksumSHA256"),
    ("x-amz-checksum-type", "ChecksumType"),
    ("x-amz-delete-marker", "DeleteMarker"),
    ("x-amz-mp-parts-count", "PartsCount"),
    ("x-amz-tagging-count", "TagCount"),
];

/// Members that are headers even where the others are a document.
pub(super) const BESIDE: &[(&str, &str)] = &[
    ("x-amz-copy-source-version-id", "CopySourceVersionId"),
    ("x-amz-server-side-encryption", "ServerSideEncryption"),
    ("x-amz-server-side-encryption-aws-kms-key-id", "SSEKMSKeyId"),
    ("x-amz-version-id", "VersionId"),
];

/// The same for what CreateMultipartUpload answers.
pub(super) const BESIDE_AN_UPLOAD: &[(&str, &str)] = &[
    ("x-amz-checksum-algorithm", "ChecksumAlgorithm"),
    ("x-amz-checksum-type", "ChecksumType"),
];

/// What HTTP has a name for, and the local run has not.
pub(super) fn not_implemented(what: impl std::fmt::Display) -> ServiceError {
    ServiceError::new(
        "NotImplemented",
        format_args!("A header or query you provided implies functionality that the local run does not have: {what}"),
    )
    .with_status(501)
}
