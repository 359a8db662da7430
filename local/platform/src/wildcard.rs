//! Wildcards: `*` for any characters and `?` for one.
//!
//! Policies, event patterns and rules of repositories all have them, each with something of its own around them.

/// One piece of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// This character.
    Literal(char),
    /// Any one character.
    AnyOne,
    /// Any characters, or none.
    AnyRun,
}

/// What a character of a pattern means.
pub(crate) fn piece(character: char) -> Piece {
    match character {
        '*' => Piece::AnyRun,
        '?' => Piece::AnyOne,
        other => Piece::Literal(other),
    }
}

/// Whether the whole of a text matches a pattern.
pub fn glob(pattern: &str, text: &str) -> bool {
    let pattern: Vec<Piece> = pattern.chars().map(piece).collect();
    let text: Vec<char> = text.chars().collect();
    matches(&pattern, &text, |a, b| a == b)
}

/// Whether the whole of a text matches these pieces; `same` compares characters.
///
/// A star takes as few characters as it can. Only the last star is tried again, so the time is quadratic at worst.
pub fn matches(pattern: &[Piece], text: &[char], same: impl Fn(char, char) -> bool) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(Piece::AnyRun) => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(Piece::AnyOne) => {
                p += 1;
                t += 1;
            }
            Some(Piece::Literal(wanted)) if same(*wanted, text[t]) => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                Some((after_star, from)) => {
                    p = after_star;
                    t = from + 1;
                    retry = Some((after_star, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|piece| *piece == Piece::AnyRun)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_whole_texts() {
        for (pattern, text, matches) in [
            ("*", "", true),
            ("", "", true),
            ("a*c", "abc", true),
            ("a*c", "ac", true),
            ("a*c", "acd", false),
            ("a*b*c", "a-b-b-c", true),
            ("?", "é", true),
            ("?", "", false),
            ("release-*", "release-1.2", true),
            ("release-*", "a-release-1", false),
            ("**a", "aaa", true),
        ] {
            assert_eq!(glob(pattern, text), matches, "{pattern} {text}");
        }
    }
}
