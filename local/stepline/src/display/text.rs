//! Text as it is shown.

/// Text without line breaks, for what must be one line.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
