//! Text as it is drawn: how wide it is, where it may break, and how it is escaped.

/// How large and how heavy text is.
#[derive(Clone, Copy)]
pub(crate) struct Font {
    /// In pixels.
    pub(crate) size: f64,
    /// Whether it is heavy, and so wider.
    pub(crate) bold: bool,
}

/// A state's name.
pub(crate) const NAME: Font = Font { size: 14.0, bold: true };
/// Everything else.
pub(crate) const SMALL: Font = Font {
    size: 12.0,
    bold: false,
};

/// Widths of the characters from space to `~` in thousandths of the size: those of DejaVu Sans, the widest of the fonts
/// that systems come with.
const WIDTHS: [u16; 95] = [
    318, 401, 460, 838, 637, 951, 780, 275, 391, 391, 500, 838, 318, 361, 318, 337, 637, 637, 637, 637, 637, 637, 637,
    637, 637, 637, 337, 337, 838, 838, 838, 531, 1000, 685, 687, 699, 771, 632, 576, 775, 752, 296, 296, 656, 558, 863,
    749, 788, 604, 788, 695, 635, 611, 732, 685, 989, 686, 611, 686, 391, 337, 391, 838, 500, 500, 613, 635, 550, 635,
    616, 353, 635, 634, 278, 278, 580, 278, 975, 634, 612, 635, 635, 412, 521, 393, 634, 592, 818, 592, 592, 525, 637,
    337, 637, 838,
];

/// How wide a text is at most, in pixels.
pub(crate) fn width(text: &str, font: Font) -> f64 {
    let thousandths: f64 = text.chars().map(character_width).sum();
    let heavier = if font.bold { 1.13 } else { 1.0 };
    thousandths / 1000.0 * font.size * heavier
}

fn character_width(character: char) -> f64 {
    match character as u32 {
        code @ 0x20..=0x7e => f64::from(WIDTHS[code as usize - 0x20]),
        0x300..=0x36f | 0xfe00..=0xfe0f => 0.0,
        0xb7 => 318.0,
        0x80..=0x10ff => 800.0,
        0x1f000.. => 1400.0,
        _ => 1000.0,
    }
}

/// A text in lines of at most `most` pixels, broken where a reader expects it. What is left after the last line that may
/// be is cut, and says so with `…`.
pub(crate) fn wrap(text: &str, most: f64, lines: usize, font: Font) -> Vec<String> {
    let mut wrapped: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split_inclusive(' ') {
        // A word is only broken if it is too long for a line of its own, or leaves a line nearly empty.
        let (wide, before) = (width(word.trim_end(), font), width(&line, font));
        let is_long = wide > most || before > 0.0 && before < most / 3.0 && before + wide > most;
        let parts = if is_long { broken(word, most, font) } else { vec![word] };
        for part in parts {
            if !line.is_empty() && width(&format!("{line}{}", part.trim_end()), font) > most {
                wrapped.push(std::mem::take(&mut line).trim_end().to_owned());
            }
            line.push_str(part);
        }
    }
    wrapped.push(line.trim_end().to_owned());
    if wrapped.len() > lines {
        wrapped.truncate(lines);
        if let Some(last) = wrapped.last_mut() {
            while width(&format!("{last} …"), font) > most && last.pop().is_some() {}
            let shortened = last.trim_end().len();
            last.truncate(shortened);
            last.push_str(" …");
        }
    }
    wrapped
}

/// A long word in parts that fit in a line.
fn broken(word: &str, most: f64, font: Font) -> Vec<&str> {
    pieces(word)
        .into_iter()
        .flat_map(|piece| fitting(piece, most, font))
        .collect()
}

/// The pieces between which a word may break: after a sign, and before a capital letter.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut from = 0;
    let mut before = None;
    for (at, character) in text.char_indices() {
        let breaks = before.is_some_and(|before: char| {
            matches!(before, '-' | '_' | '.' | '/' | ':' | ',' | '&' | '(')
                && !matches!(character, '-' | '_' | '.' | '/' | ':' | ',' | '&' | '(' | ')' | ' ')
                || before.is_lowercase() && character.is_uppercase()
                || is_wide(character)
                || is_wide(before)
        });
        if breaks {
            pieces.push(&text[from..at]);
            from = at;
        }
        before = Some(character);
    }
    pieces.push(&text[from..]);
    pieces
}

/// Whether a line may break at both sides of a character, as in Japanese.
fn is_wide(character: char) -> bool {
    matches!(character as u32, 0x3040..=0x30ff | 0x3400..=0x9fff | 0xac00..=0xd7af)
}

/// A piece in parts that fit in a line.
fn fitting(piece: &str, most: f64, font: Font) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut from, mut so_far) = (0, 0.0);
    for (at, character) in piece.char_indices() {
        let more = width(character.encode_utf8(&mut [0; 4]), font);
        if so_far + more > most && at > from {
            parts.push(&piece[from..at]);
            (from, so_far) = (at, 0.0);
        }
        so_far += more;
    }
    parts.push(&piece[from..]);
    parts
}

/// A text in which nothing is hidden: control characters, and those that turn the direction of writing, can be seen.
pub(crate) fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character as u32 {
            code @ 0..=0x1f => shown.push(char::from_u32(0x2400 + code).unwrap_or('␀')),
            0x7f => shown.push('␡'),
            code @ (0x80..=0x9f
            | 0xad
            | 0x61c
            | 0x180e
            | 0x200b..=0x200f
            | 0x2028..=0x202e
            | 0x2060..=0x206f
            | 0xfeff
            | 0xfff9..=0xfffb
            | 0xfffe..=0xffff
            | 0xe0000..=0xe007f) => {
                shown.push_str(&format!("\\u{{{code:x}}}"));
            }
            _ => shown.push(character),
        }
    }
    shown
}

/// A text as it stands in XML, in an element or an attribute.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in shown(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(character),
        }
    }
    escaped
}
