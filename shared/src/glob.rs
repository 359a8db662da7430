//! Patterns with wildcards, as IAM policies have them.

use std::fmt;

/// A pattern in which `*` stands for any run of characters (slashes too) and `?` for one.
///
/// These are the wildcards of
/// [resource ARNs in policies](https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html):
/// one meaning of a wildcard for everything that a deployment writes. A pattern without wildcards is a plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(String);

impl Glob {
    /// Makes a pattern. Every text is a pattern.
    pub fn new(pattern: impl Into<String>) -> Self {
        Self(pattern.into())
    }

    /// The pattern.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the pattern has no wildcard, and so matches one text alone.
    pub fn is_plain(&self) -> bool {
        !self.0.contains(['*', '?'])
    }

    /// Whether the whole of `text` is what the pattern says.
    ///
    /// In the worst case it takes as many steps as the product of both lengths. Only the last `*` is ever tried again.
    pub fn matches(&self, text: &str) -> bool {
        let (pattern, text): (Vec<char>, Vec<char>) = (self.0.chars().collect(), text.chars().collect());
        let (mut at, mut seen) = (0, 0);
        // The last `*`, and how much of the text it has swallowed.
        let mut star: Option<(usize, usize)> = None;
        while seen < text.len() {
            match pattern.get(at) {
                Some('*') => {
                    star = Some((at, seen));
                    at += 1;
                }
                Some(&wanted) if wanted == '?' || wanted == text[seen] => {
                    at += 1;
                    seen += 1;
                }
                _ => match star {
                    Some((star_at, swallowed)) => {
                        star = Some((star_at, swallowed + 1));
                        at = star_at + 1;
                        seen = swallowed + 1;
                    }
                    None => return false,
                },
            }
        }
        pattern[at..].iter().all(|&left| left == '*')
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Glob;

    #[test]
    fn wildcards_stand_for_what_policies_say() {
        // (pattern, what it matches, what it does not)
        let cases: [(&str, &[&str], &[&str]); 8] = [
            ("", &[""], &["a"]),
            ("*", &["", "a", "a/b"], &[]),
            ("a", &["a"], &["", "A", "ab"]),
            ("release-*", &["release-", "release-1.0"], &["release", "my-release-1"]),
            (
                "/ml/*/key",
                &["/ml/dev/key", "/ml/dev/a/key", "/ml//key"],
                &["/ml/key", "/ml/dev/keys"],
            ),
            ("v?.?", &["v1.0"], &["v1", "v1.10"]),
            ("*a*b", &["ab", "xaxb", "aabb"], &["ba", "abx"]),
            ("ü?*", &["üx", "üxy"], &["ü", "ux"]),
        ];
        for (pattern, yes, no) in cases {
            for text in yes {
                assert!(Glob::new(pattern).matches(text), "`{pattern}` should match `{text}`");
            }
            for text in no {
                assert!(
                    !Glob::new(pattern).matches(text),
                    "`{pattern}` should not match `{text}`"
                );
            }
        }
    }

    #[test]
    fn many_stars_take_no_exponential_time() {
        let pattern = Glob::new("a*".repeat(60) + "b");
        assert!(!pattern.matches(&"a".repeat(5_000)));
    }
}
