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

/// Whether there is a text that matches both patterns.
pub(crate) fn meet(one: &[Piece], other: &[Piece]) -> bool {
    let is_run = |piece: Option<&Piece>| piece == Some(&Piece::AnyRun);
    // Whether what is left of both meets, from the last piece of `one` to its first: a row has each place in `other`.
    let mut below: Vec<bool> = Vec::new();
    for left in (0..=one.len()).map(|at| one.get(one.len() - at)) {
        let mut row = vec![false; other.len() + 1];
        for at in (0..=other.len()).rev() {
            let right = other.get(at);
            let beside = row.get(at + 1).copied().unwrap_or_default();
            let under = |at: usize| below.get(at).copied().unwrap_or_default();
            row[at] = match (left, right) {
                (None, None) => true,
                _ if is_run(left) || is_run(right) => left.is_some() && under(at) || right.is_some() && beside,
                (Some(Piece::Literal(left)), Some(Piece::Literal(right))) => left == right && under(at + 1),
                (Some(_), Some(_)) => under(at + 1),
                (None, Some(_)) | (Some(_), None) => false,
            };
        }
        below = row;
    }
    below.first().copied().unwrap_or_default()
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

    #[test]
    fn patterns_meet_where_a_text_matches_both() {
        for (one, other, expected) in [
            ("", "", true),
            ("*", "", true),
            ("abc", "abc", true),
            ("abc", "abd", false),
            ("a*", "*c", true),
            ("a*d", "b*", false),
            ("job/train-*", "job/*-eval", true),
            ("job/a?", "job/ab*", true),
            ("job/a?", "job/abc*", false),
            ("*x*", "abc", false),
            ("a*b*c", "a*c", true),
            ("?", "*", true),
        ] {
            let pieces = |text: &str| text.chars().map(piece).collect::<Vec<_>>();
            assert_eq!(meet(&pieces(one), &pieces(other)), expected, "{one} {other}");
            assert_eq!(meet(&pieces(other), &pieces(one)), expected, "{other} {one}");
        }
    }
}
