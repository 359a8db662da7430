//! Text that programs print, as it can stand on a terminal or in a document.

/// Text without what would move a terminal's cursor, change its colours or name its window: whole escape sequences go,
/// and so do other control characters but for tabs and line ends. Of a line that a program wrote over and over (a
/// progress bar ends with a carriage return, not with a line end) what it said last is left.
pub fn printable(text: &str) -> String {
    // Line by line, so that a sequence that never ends takes no line behind it away.
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| last_state(&anstream::adapter::strip_str(line).to_string()))
        .collect();
    lines.join("\n")
}

/// What a line with carriage returns shows in the end.
fn last_state(line: &str) -> String {
    let is_shown = |character: &char| *character == '\t' || !character.is_control();
    let states = line.rsplit('\r').map(|state| state.chars().filter(is_shown).collect());
    let mut states = states.filter(|state: &String| !state.trim().is_empty());
    states.next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_controls_no_terminal() {
        for (printed, shown) in [
            ("plain, 日本語 🚀", "plain, 日本語 🚀"),
            ("\u{1b}[1;31mred\u{1b}[0m", "red"),
            ("\u{1b}[2J\u{1b}[10;4Hmoved", "moved"),
            ("\u{1b}]0;a title\u{7}text", "text"),
            (
                "\u{1b}]8;;https://example.com\u{1b}\\a link\u{1b}]8;;\u{1b}\\",
                "a link",
            ),
            ("\u{1b}P1$r\u{1b}\\device", "device"),
            ("\u{1b}(Bset\u{1b}=", "set"),
            // The same as one character; what followed it stays, as text.
            ("\u{9b}31mC1", "31mC1"),
            ("a\0b\u{8}c\u{7f}d\te", "abcd\te"),
            ("an unended \u{1b}]0;title\nnext", "an unended \nnext"),
            ("one\ntwo\r\nthree", "one\ntwo\nthree"),
        ] {
            assert_eq!(printable(printed), shown, "{printed:?}");
        }
    }

    #[test]
    fn a_progress_bar_is_what_it_says_last() {
        for (printed, shown) in [
            ("  0%|    | 0/2\r 50%|##  | 1/2\r100%|####| 2/2", "100%|####| 2/2"),
            ("\r 50%\r\u{1b}[K100%\r", "100%"),
            ("1/2\r2/2\r\u{1b}[2K\r   ", "2/2"),
            ("before\n1/2\r2/2\nafter", "before\n2/2\nafter"),
            ("\r\r", ""),
        ] {
            assert_eq!(printable(printed), shown, "{printed:?}");
        }
    }
}
