//! Patterns in policies: `*`, `?` and policy variables.
//!
//! Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html> and
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>.

use crate::wildcard::{Piece, matches, piece};

/// Whether a text can match at all: it has to begin as the pattern does up to its first wildcard or variable. Asked before
/// a pattern is read, since nearly all of a policy's patterns are about something else.
pub(super) fn begins_alike(pattern: &str, text: &str, same: impl Fn(&u8, &u8) -> bool) -> bool {
    let literal = pattern.bytes().take_while(|byte| !matches!(byte, b'*' | b'?' | b'$'));
    let mut text = text.bytes();
    literal
        .into_iter()
        .all(|wanted| text.next().is_some_and(|actual| same(&actual, &wanted)))
}

/// How many parts an ARN has; the last one may have colons in it.
const ARN_PARTS: usize = 6;

/// A pattern whose variables have been replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Piece>);

impl Pattern {
    /// Reads a pattern without policy variables.
    pub(super) fn plain(text: &str) -> Self {
        Self(text.chars().map(piece).collect())
    }

    /// Reads a pattern in which `${key}` stands for `value_of(key)`, `${key, 'default'}` has a default, and `${*}`,
    /// `${?}`, `${$}` are the characters themselves. None where a variable has no value: then nothing matches.
    pub(super) fn with_variables(text: &str, value_of: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let mut pieces = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            pieces.extend(rest[..start].chars().map(piece));
            let Some(length) = rest[start..].find('}') else {
                rest = &rest[start..];
                break;
            };
            let value = variable(&rest[start + 2..start + length], &value_of)?;
            // What a variable stands for is literal, even where it has a star in it.
            pieces.extend(value.chars().map(Piece::Literal));
            rest = &rest[start + length + 1..];
        }
        pieces.extend(rest.chars().map(piece));
        Some(Self(pieces))
    }

    /// The same of a `Resource`: there variables stand behind the fifth colon only. One before it is none, and since it has a
    /// colon itself, nothing matches.
    pub(super) fn of_resource(text: &str, value_of: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let colons = text.find("${").map(|start| text[..start].matches(':').count());
        if text.starts_with("arn:") && colons.is_some_and(|colons| colons < ARN_PARTS - 1) {
            return None;
        }
        Self::with_variables(text, value_of)
    }

    /// Whether the whole of `text` matches.
    pub(super) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        matches(&self.0, &text, |a, b| a == b)
    }

    /// The same without regard to case, as actions and condition keys are compared.
    pub(super) fn matches_ignoring_case(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        matches(&self.0, &text, |a, b| a.eq_ignore_ascii_case(&b))
    }

    /// Whether this, read as an ARN, matches the ARN `text` as conditions such as `ArnLike` compare them: each of the six
    /// parts by itself, so that a star never reaches over a colon of the first five.
    pub(super) fn matches_arn(&self, text: &str) -> bool {
        self.0 == [Piece::AnyRun] || self.matches_parts(&text.splitn(ARN_PARTS, ':').collect::<Vec<_>>())
    }

    /// The same as `Resource` elements compare them: a star at the very end takes whatever follows, colons too, so that
    /// `arn:aws:logs:*` has all of CloudWatch Logs.
    pub(super) fn matches_resource(&self, text: &str) -> bool {
        if self.0.last() != Some(&Piece::AnyRun) {
            return self.matches_arn(text);
        }
        let most = self.arn_parts().len();
        self.matches_parts(&text.splitn(most, ':').collect::<Vec<_>>())
    }

    fn arn_parts(&self) -> Vec<&[Piece]> {
        let parts = self.0.splitn(ARN_PARTS, |piece| *piece == Piece::Literal(':'));
        parts.collect()
    }

    fn matches_parts(&self, parts: &[&str]) -> bool {
        let patterns = self.arn_parts();
        patterns.len() == parts.len()
            && patterns.iter().zip(parts).all(|(pattern, part)| {
                let part: Vec<char> = part.chars().collect();
                matches(pattern, &part, |a, b| a == b)
            })
    }

    /// Whether this is exactly `text`, with `*` and `?` standing for themselves.
    pub(super) fn equals(&self, text: &str, same: impl Fn(char, char) -> bool) -> bool {
        let mut expected = text.chars();
        let equal = self.0.iter().all(|piece| {
            let actual = match piece {
                Piece::Literal(actual) => *actual,
                Piece::AnyOne => '?',
                Piece::AnyRun => '*',
            };
            expected.next().is_some_and(|wanted| same(actual, wanted))
        });
        equal && expected.next().is_none()
    }

    /// The text of the pattern, with wildcards as they were written.
    pub(super) fn text(&self) -> String {
        self.0
            .iter()
            .map(|piece| match piece {
                Piece::Literal(character) => *character,
                Piece::AnyOne => '?',
                Piece::AnyRun => '*',
            })
            .collect()
    }
}

fn variable(name: &str, value_of: &impl Fn(&str) -> Option<String>) -> Option<String> {
    match name {
        "*" | "?" | "$" => Some(name.to_owned()),
        _ => match name.split_once(',') {
            Some((key, default)) => value_of(key.trim()).or_else(|| {
                let default = default.trim();
                Some(default.strip_prefix('\'')?.strip_suffix('\'')?.to_owned())
            }),
            None => value_of(name.trim()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings() {
        for (pattern, text, expected) in [
            ("ssm:Get*", "ssm:GetParameters", true),
            ("ssm:Get*", "ssm:PutParameter", false),
            ("ssm:Get*", "ssm:G", false),
            ("*", "", true),
            ("a${b}c", "ad", true),
            ("abc", "abcd", true),
            ("?bc", "xyz", true),
        ] {
            assert_eq!(begins_alike(pattern, text, u8::eq), expected, "{pattern} {text}");
        }
        assert!(begins_alike("SSM:get*", "ssm:GetParameter", u8::eq_ignore_ascii_case));
    }

    #[test]
    fn wildcards() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abcd", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*ab*ab", "xabab", true),
            ("*ab*ab", "xab", false),
            ("ssm:Get*", "ssm:GetParameters", true),
            ("ssm:Get*", "ssm:PutParameter", false),
            ("a**b", "ab", true),
        ] {
            assert_eq!(Pattern::plain(pattern).matches(text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn arns_are_compared_part_by_part() {
        for (pattern, arn, expected) in [
            ("*", "arn:aws:s3:::bucket/key", true),
            ("arn:aws:s3:::bucket/*", "arn:aws:s3:::bucket/a/b:c", true),
            ("arn:aws:s3:::bucket", "arn:aws:s3:::bucket/a", false),
            ("arn:*:x", "arn:aws:lambda:us-east-1:123456789012:x", false),
            (
                "arn:aws:lambda:*:*:function:a*",
                "arn:aws:lambda:us-east-1:123456789012:function:a:live",
                true,
            ),
        ] {
            assert_eq!(Pattern::plain(pattern).matches_arn(arn), expected, "{pattern} on {arn}");
        }
    }

    #[test]
    fn a_star_at_the_end_of_a_resource_takes_the_rest() {
        let log = "arn:aws:logs:us-east-1:123456789012:log-group:/a:log-stream:b";
        for (pattern, as_resource, as_condition) in [
            ("*", true, true),
            ("arn:aws:logs:*", true, false),
            ("arn:aws:logs:us-east-1:*", true, false),
            ("arn:aws:logs:us-*", true, false),
            ("arn:aws:logs:*:*:*", true, true),
            ("arn:aws:sqs:*", false, false),
            ("arn:*:log-stream:b", false, false),
            ("arn:aws:logs:us-east-1:123456789012:log-group:/b*", false, false),
            (
                "arn:aws:logs:us-east-1:123456789012:log-group:/a:more:and:more*",
                false,
                false,
            ),
        ] {
            let pattern_read = Pattern::plain(pattern);
            assert_eq!(pattern_read.matches_resource(log), as_resource, "{pattern}");
            assert_eq!(pattern_read.matches_arn(log), as_condition, "{pattern}");
        }
        assert!(!Pattern::plain("arn:aws:logs:*").matches_resource("*"));
    }

    #[test]
    fn variables() {
        let value_of = |key: &str| (key == "aws:username").then(|| "a*".to_owned());
        for (pattern, text, expected) in [
            ("home/${aws:username}/x", "home/a*/x", Some(true)),
            ("home/${aws:username}/x", "home/abc/x", Some(false)),
            ("${aws:absent}", "x", None),
            ("${aws:absent, 'company'}", "company", Some(true)),
            ("${*}", "*", Some(true)),
            ("${*}", "x", Some(false)),
            ("${$}{x}", "${x}", Some(true)),
            ("${open", "${open", Some(true)),
        ] {
            let matched = Pattern::with_variables(pattern, value_of).map(|pattern| pattern.matches(text));
            assert_eq!(matched, expected, "{pattern} on {text}");
        }
    }
}
