//! Checksums of objects and of their parts.
//!
//! Follows <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html>.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use platform::ServiceError;
use platform::input::Target;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha1::Sha1;
use sha2::Sha256;

/// What a checksum is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

/// What a checksum of an object in parts is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    /// The whole object.
    FullObject,
    /// The checksums of its parts.
    Composite,
}

/// A checksum as S3 keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Checksum {
    pub(super) algorithm: Algorithm,
    pub(super) kind: Kind,
    /// In Base64; behind a composite one is the number of parts.
    pub(super) value: String,
}

/// The members of an input that have to do with checksums.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Checksums {
    #[serde(rename = "ChecksumCRC32")]
    crc32: Option<String>,
    #[serde(rename = "ChecksumCRC32C")]
    crc32c: Option<String>,
    #[serde(rename = "ChecksumCRC64NVME")]
    crc64nvme: Option<String>,
    #[serde(rename = "ChecksumSHA1")]
    sha1: Option<String>,
    #[serde(rename = "ChecksumSHA256")]
    sha256: Option<String>,
    checksum_algorithm: Option<Algorithm>,
}

impl Target for Checksums {
    const MEMBERS: &'static [&'static str] = &[
        "ChecksumCRC32",
        "ChecksumCRC32C",
        "ChecksumCRC64NVME",
        "ChecksumSHA1",
        "ChecksumSHA256",
        "ChecksumAlgorithm",
    ];
}

impl Serialize for Algorithm {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Algorithm {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let found = Self::ALL.iter().find(|known| known.name() == name.to_ascii_uppercase());
        let unknown = || serde::de::Error::custom(format_args!("unknown field `ChecksumAlgorithm` of {name}"));
        found.copied().ok_or_else(unknown)
    }
}

impl Algorithm {
    const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    pub(super) fn member(self) -> String {
        format!("Checksum{}", self.name())
    }

    /// The checksum of bytes, in Base64.
    pub(super) fn of(self, bytes: &[u8]) -> String {
        match self {
            Self::Crc32 => STANDARD.encode(crc32fast::hash(bytes).to_be_bytes()),
            // Both polynomials are written from the lowest bit on.
            Self::Crc32c => STANDARD.encode(&crc(bytes, 0x82F6_3B78, u64::from(u32::MAX)).to_be_bytes()[4..]),
            Self::Crc64Nvme => STANDARD.encode(crc(bytes, 0x9A6C_9329_AC4B_C9B5, u64::MAX).to_be_bytes()),
            Self::Sha1 => STANDARD.encode(Sha1::digest(bytes)),
            Self::Sha256 => STANDARD.encode(Sha256::digest(bytes)),
        }
    }
}

/// A cyclic redundancy check that begins and ends with all bits turned.
fn crc(bytes: &[u8], polynomial: u64, all: u64) -> u64 {
    let mut table = [0_u64; 256];
    for (remainder, byte) in table.iter_mut().zip(0_u64..) {
        *remainder = (0..8).fold(byte, |rest, _| {
            if rest & 1 == 1 {
                rest >> 1 ^ polynomial
            } else {
                rest >> 1
            }
        });
    }
    let mut state = all;
    for byte in bytes {
        state = table[usize::from(state.to_le_bytes()[0] ^ byte)] ^ state >> 8;
    }
    state ^ all
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::FullObject => "FULL_OBJECT",
            Self::Composite => "COMPOSITE",
        }
    }
}

impl Checksum {
    /// The checksum of a whole object.
    pub(super) fn of(algorithm: Algorithm, bytes: &[u8]) -> Self {
        Self {
            algorithm,
            kind: Kind::FullObject,
            value: algorithm.of(bytes),
        }
    }

    /// The checksum of an object in parts: that of its parts' checksums.
    pub(super) fn of_parts<'p>(algorithm: Algorithm, parts: impl Iterator<Item = &'p Checksum>) -> Self {
        let values: Vec<Vec<u8>> = parts.filter_map(|part| STANDARD.decode(&part.value).ok()).collect();
        Self {
            algorithm,
            kind: Kind::Composite,
            value: format!("{}-{}", algorithm.of(&values.concat()), values.len()),
        }
    }

    /// Sets the members that it is in an output.
    pub(super) fn show(&self, output: &mut Map<String, Value>) {
        output.insert(self.algorithm.member(), self.value.as_str().into());
        output.insert("ChecksumType".into(), self.kind.name().into());
    }
}

impl Checksums {
    /// The checksum that came along.
    pub(super) fn given(&self) -> Result<Option<(Algorithm, &str)>, ServiceError> {
        let values = [&self.crc32, &self.crc32c, &self.crc64nvme, &self.sha1, &self.sha256];
        let mut given = Algorithm::ALL
            .into_iter()
            .zip(values)
            .filter_map(|(algorithm, value)| Some((algorithm, value.as_deref()?)));
        match (given.next(), given.next()) {
            (first, None) => Ok(first),
            (_, Some(_)) => Err(ServiceError::new(
                "InvalidRequest",
                "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
            )),
        }
    }

    /// The checksum of these bytes, which must be the one that came along. Where none did, S3 makes one itself.
    pub(super) fn check(&self, bytes: &[u8]) -> Result<Checksum, ServiceError> {
        let given = self.given()?;
        let algorithm = given.map(|(algorithm, _)| algorithm).or(self.checksum_algorithm);
        let actual = Checksum::of(algorithm.unwrap_or(Algorithm::Crc64Nvme), bytes);
        match given {
            Some((algorithm, expected)) if actual.value != expected => Err(bad_digest(algorithm.name())),
            _ => Ok(actual),
        }
    }
}

/// Compares bytes with the `Content-MD5` that came with them.
pub(super) fn check_md5(expected: Option<&str>, bytes: &[u8]) -> Result<(), ServiceError> {
    match expected {
        Some(expected) if STANDARD.encode(Md5::digest(bytes)) != expected => Err(bad_digest("Content-MD5")),
        _ => Ok(()),
    }
}

pub(super) fn bad_digest(which: &str) -> ServiceError {
    ServiceError::new(
        "BadDigest",
        format_args!("The {which} you specified did not match the calculated checksum."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_values_of_the_catalogues() {
        // <https://reveng.sourceforge.io/crc-catalogue/all.htm>, and FIPS 180 for the other two.
        for (algorithm, expected) in [
            (Algorithm::Crc32, "cbf43926"),
            (Algorithm::Crc32c, "e3069283"),
            (Algorithm::Crc64Nvme, "ae8b14860a799888"),
            (Algorithm::Sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
            (
                Algorithm::Sha256,
                "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
            ),
        ] {
            let actual = STANDARD.decode(algorithm.of(b"123456789")).expect("Base64");
            assert_eq!(hex::encode(actual), expected, "{algorithm:?}");
        }
    }
}
