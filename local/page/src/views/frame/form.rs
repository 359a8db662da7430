//! What forms have in common.

use maud::{Markup, html};

/// A field that a form sends along.
pub(crate) fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}
