//! Names and sizes for people.

use maud::{Markup, html};

/// The first characters of an id or a commit.
pub(crate) fn short_id(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

/// An ARN or another long name, shortened in the middle. Selecting it copies it whole, and so does its title.
pub(crate) fn arn(whole: &str) -> Markup {
    shortened(whole, 20, 32)
}

/// A long name in a narrow place, shortened in the same way.
pub(crate) fn long_name(whole: &str) -> Markup {
    shortened(whole, 8, 16)
}

/// A text of which the first and the last characters are shown, where it is longer than both.
fn shortened(whole: &str, first: usize, last: usize) -> Markup {
    let count = whole.chars().count();
    if count <= first + last + 4 {
        return html! { span class="mono" { (plain(whole)) } };
    }
    let tail: String = whole.chars().skip(count - last).collect();
    let head: String = whole.chars().take(first).collect();
    let hidden: String = whole.chars().skip(first).take(count - first - last).collect();
    html! {
        span class="mono is-short" title=(plain(whole)) { (plain(&head)) span class="middle" { (plain(&hidden)) } (plain(&tail)) }
    }
}

/// Text as it can be shown: the escapes that colour a terminal are left out, and what else controls something is shown
/// as a sign.
pub(crate) fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1b}' if characters.peek() == Some(&'[') => {
                characters.next();
                // To the letter that ends it.
                for part in characters.by_ref() {
                    if ('@'..='~').contains(&part) {
                        break;
                    }
                }
            }
            '\n' | '\t' => shown.push(character),
            // Control characters have pictures of their own.
            '\0'..='\u{1f}' => shown.push(char::from_u32(0x2400 + u32::from(character)).unwrap_or('\u{fffd}')),
            '\u{7f}' => shown.push('\u{2421}'),
            // What changes the direction of what follows, or hides.
            '\u{80}'..='\u{9f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{feff}' => {
                shown.push_str(&format!("\\u{{{:x}}}", u32::from(character)));
            }
            _ => shown.push(character),
        }
    }
    shown
}

/// Bytes for people.
pub(crate) fn size(bytes: u64) -> String {
    let tenths = |unit: u64| format!("{}.{}", bytes / unit, bytes % unit * 10 / unit);
    match bytes {
        0..1000 => format!("{bytes} B"),
        1000..1_000_000 => format!("{} KB", tenths(1000)),
        1_000_000..1_000_000_000 => format!("{} MB", tenths(1_000_000)),
        _ => format!("{} GB", tenths(1_000_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_controls_nothing() {
        for (text, shown) in [
            ("plain", "plain"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}", "\u{241b}]0;title\u{2407}"),
            ("a\0b\rc\td\ne", "a\u{2400}b\u{240d}c\td\ne"),
            ("abc\u{202e}def", "abc\\u{202e}def"),
            ("日本語 🚀", "日本語 🚀"),
        ] {
            assert_eq!(plain(text), shown);
        }
    }

    #[test]
    fn long_names_keep_both_ends_and_are_copied_whole() {
        let whole = "arn:aws:states:us-east-1:123456789012:execution:ml-pipeline-training-dev:0123456789abcdef";
        let shown = arn(whole).into_string();
        let text: String = shown
            .split('<')
            .filter_map(|part| Some(part.split_once('>')?.1))
            .collect();
        assert_eq!(text, whole);
        assert_eq!(size(999), "999 B");
        assert_eq!(size(107_247), "107.2 KB");
    }
}
