//! Text as it is shown.

use platform::text::printable;

/// Text without line breaks, for what must be one line, and with nothing in it that controls a terminal.
pub(super) fn one_line(text: &str) -> String {
    printable(text).split_whitespace().collect::<Vec<_>>().join(" ")
}
