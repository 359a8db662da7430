//! Where a text is an expression of JSONata.

/// The expression within `{% %}`, where a string is one.
pub(crate) fn delimited(text: &str) -> Option<&str> {
    text.strip_prefix("{%")?.strip_suffix("%}").map(str::trim)
}
