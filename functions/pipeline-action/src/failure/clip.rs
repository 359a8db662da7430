//! Texts made to fit.

/// What stands for what was left out.
const GAP: &str = " […] ";

/// How long a text is to CodePipeline, which counts as Java does: a character beyond the first 65,536 counts twice.
pub(super) fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The text itself, or its beginning and end where it is longer than `max`: never a part of a character.
#[must_use]
pub(crate) fn clip(text: &str, max: usize) -> String {
    if length(text) <= max {
        return text.to_owned();
    }
    let room = max.saturating_sub(length(GAP));
    if room == 0 {
        return text
            .chars()
            .scan(0, |used, char| fits(used, char, max).then_some(char))
            .collect();
    }
    let (at_start, at_end) = (room - room / 2, room / 2);
    let start: String = text
        .chars()
        .scan(0, |used, char| fits(used, char, at_start).then_some(char))
        .collect();
    let end: Vec<char> = text
        .chars()
        .rev()
        .scan(0, |used, char| fits(used, char, at_end).then_some(char))
        .collect();
    format!("{start}{GAP}{}", end.into_iter().rev().collect::<String>())
}

/// Counts a character in, if there is room for it.
fn fits(used: &mut usize, char: char, max: usize) -> bool {
    *used += char.len_utf16();
    *used <= max
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_stays_and_what_does_not_loses_its_middle() {
        for (text, max, expected) in [
            ("abc", 3, "abc"),
            ("", 0, ""),
            ("abcdefghij", 9, "ab […] ij"),
            ("abcdefghij", 8, "ab […] j"),
            ("abcdefghij", 5, "abcde"),
            ("abcdefghij", 0, ""),
            ("🦀🦀🦀🦀🦀🦀", 9, "🦀 […] 🦀"),
            ("🦀🦀🦀🦀🦀🦀", 10, "🦀 […] 🦀"),
        ] {
            let clipped = clip(text, max);
            assert_eq!(clipped, expected, "{text} {max}");
            assert!(length(&clipped) <= max.max(length(text).min(max)));
        }
    }
}
