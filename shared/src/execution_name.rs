//! Names of executions. A name comes from what the execution is for, never from a clock: whoever asks twice gets one
//! execution.

use std::fmt;

use sha2::{Digest, Sha256};

/// The longest name. A SageMaker job can have it too: it allows 63 characters, and an execution 80.
///
/// <https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html>
pub const MAX_LENGTH: usize = 63;

/// How many hexadecimal digits of the hash a name ends in: 48 bits.
pub(crate) const HASH_LENGTH: usize = 12;

/// How many hexadecimal digits tell the family, where a name has one: 32 bits, for the few that share a prefix.
const FAMILY_LENGTH: usize = 8;

/// How many tell the member of a family. With a UUID before it, a name leaves ten characters of [`MAX_LENGTH`] to what
/// a state machine adds to it for a job.
const MEMBER_LENGTH: usize = 8;

/// An execution's name: 1 to 63 of `[A-Za-z0-9-]`, beginning and ending in a letter or digit.
///
/// <https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html>
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExecutionName(String);

impl ExecutionName {
    /// A text as a name; nothing if it is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=MAX_LENGTH).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !text.starts_with('-')
            && !text.ends_with('-');
        fits.then(|| Self(text.to_owned()))
    }

    /// `<prefix>-<hash of the parts>`: the same parts always give the same name, different ones a different one.
    ///
    /// A character that a name may not have becomes `-` in the prefix. A prefix that is too long is cut. Parts are
    /// hashed with their lengths, so that `["ab", "c"]` and `["a", "bc"]` differ.
    #[must_use]
    pub fn derive(prefix: &str, parts: &[&str]) -> Self {
        Self::after(prefix, short_hash::<HASH_LENGTH>(parts))
    }

    /// `<prefix>-<hash of the family><hash of the parts>`: as [`ExecutionName::derive`], but members of one family can
    /// be told from others with the same prefix.
    #[must_use]
    pub fn derive_in_family(prefix: &str, family: &str, parts: &[&str]) -> Self {
        let family = short_hash::<FAMILY_LENGTH>(&[family]);
        Self::after(prefix, family + &short_hash::<MEMBER_LENGTH>(parts))
    }

    /// Whether a name was derived with that prefix in that family.
    #[must_use]
    pub fn is_of_family(name: &str, prefix: &str, family: &str) -> bool {
        Self::after_prefix(name, prefix).is_some_and(|hash| hash.starts_with(&short_hash::<FAMILY_LENGTH>(&[family])))
    }

    /// Whether a name was derived with that prefix in any family.
    #[must_use]
    pub fn has_prefix(name: &str, prefix: &str) -> bool {
        Self::after_prefix(name, prefix).is_some()
    }

    /// The hashes of a name that was derived with that prefix in some family.
    fn after_prefix<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
        let hash = name.strip_prefix(&Self::prefix(prefix)?)?;
        is_hash(hash).then_some(hash)
    }

    fn after(prefix: &str, hash: String) -> Self {
        Self(Self::prefix(prefix).unwrap_or_default() + &hash)
    }

    /// How every name that is derived with this prefix begins, its `-` included; nothing if no character of it can
    /// stay.
    fn prefix(prefix: &str) -> Option<String> {
        let cleaned: String = prefix
            .chars()
            .map(|char| if char.is_ascii_alphanumeric() { char } else { '-' })
            .collect();
        let cleaned = cleaned.trim_matches('-');
        let cut = &cleaned[..cleaned.len().min(MAX_LENGTH - FAMILY_LENGTH - MEMBER_LENGTH - 1)];
        let cut = cut.trim_end_matches('-');
        (!cut.is_empty()).then(|| format!("{cut}-"))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ExecutionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether a text is what a name in a family ends in.
fn is_hash(text: &str) -> bool {
    text.len() == FAMILY_LENGTH + MEMBER_LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The first digits of the SHA-256 of some texts, lengths included.
fn short_hash<const LENGTH: usize>(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hasher
        .finalize()
        .iter()
        .take(LENGTH / 2)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_parts_give_the_same_name_and_others_another() {
        let name = |parts: &[&str]| ExecutionName::derive("run", parts);
        assert_eq!(name(&["ab", "c"]), name(&["ab", "c"]));
        assert_ne!(name(&["ab", "c"]), name(&["a", "bc"]));
        assert_ne!(name(&["ab"]), name(&["ab", ""]));
    }

    #[test]
    fn a_name_keeps_what_it_can_of_its_prefix_and_fits_a_job() {
        let long = "x".repeat(100);
        for (prefix, start) in [
            (
                "0f8a6c2e-5a1b-4b61-9f5e-0d6a3a8f6b11",
                "0f8a6c2e-5a1b-4b61-9f5e-0d6a3a8f6b11-",
            ),
            ("team/model_a:latest", "team-model-a-latest-"),
            ("--odd--", "odd-"),
            (long.as_str(), "xxxxxxxx"),
            ("é", ""),
            ("", ""),
        ] {
            for name in [
                ExecutionName::derive(prefix, &["job"]),
                ExecutionName::derive_in_family(prefix, "train", &["job"]),
            ] {
                assert!(name.as_str().starts_with(start), "{name}");
                assert_eq!(ExecutionName::parse(name.as_str()).as_ref(), Some(&name), "{name}");
            }
        }
    }

    #[test]
    fn a_prefix_is_recognised_and_a_longer_one_is_not_mistaken_for_it() {
        let name = ExecutionName::derive_in_family("run", "train", &["job"]);
        assert!(ExecutionName::has_prefix(name.as_str(), "run"));
        assert!(!ExecutionName::has_prefix(
            ExecutionName::derive_in_family("run-2", "train", &["job"]).as_str(),
            "run"
        ));
        for by_hand in ["run-by-hand", "run-once-and-by-hand", "run-2026"] {
            assert!(!ExecutionName::has_prefix(by_hand, "run"), "{by_hand}");
        }
        assert!(!ExecutionName::has_prefix(name.as_str(), ""));
    }

    #[test]
    fn members_of_a_family_are_told_from_others_with_the_same_prefix() {
        let name = |family, job| ExecutionName::derive_in_family("run", family, &[job]);
        assert_ne!(name("train", "1"), name("train", "2"));
        assert_eq!(name("train", "1").as_str().len(), "run-".len() + 16);
        for (family, expected) in [("train", true), ("test", false)] {
            assert_eq!(
                ExecutionName::is_of_family(name(family, "2").as_str(), "run", "train"),
                expected
            );
        }
        assert!(!ExecutionName::is_of_family(
            name("train", "1").as_str(),
            "other",
            "train"
        ));
        assert!(!ExecutionName::is_of_family("run-ü", "run", "train"));
    }

    #[test]
    fn a_pipeline_s_many_actions_have_families_of_their_own_and_leave_a_job_ten_characters() {
        const ID: &str = "5f2c1a6e-8f0b-4d3e-9a57-3b1f0c9e7d42";
        let name = ExecutionName::derive_in_family(ID, "train", &["job"]);
        assert_eq!(MAX_LENGTH - name.as_str().len(), 10);
        // Sixteen bits would have some of these collide.
        let families: std::collections::BTreeSet<String> = (0..1_000)
            .map(|action| ExecutionName::derive_in_family(ID, &format!("action {action}"), &["job"]).0)
            .map(|name| name[..name.len() - MEMBER_LENGTH].to_owned())
            .collect();
        assert_eq!(families.len(), 1_000);
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["", "-a", "a-", "a_b", "a b", &"a".repeat(64)] {
            assert_eq!(ExecutionName::parse(text), None, "{text}");
        }
    }
}
