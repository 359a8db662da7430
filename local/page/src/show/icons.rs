//! Signs, as SVG: each status has a shape of its own, so that colour is never the only sign.

use super::tone::Tone;
use maud::{Markup, html};

/// A sign of 16 by 16, drawn by lines in the colour of the text around.
fn sign(class: &str, path: &str) -> Markup {
    html! {
        svg class=(class) viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" {
            path d=(path) fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round" {}
        }
    }
}

/// The sign of a status.
pub(crate) fn icon(tone: Tone) -> Markup {
    let path = match tone {
        Tone::Succeeded => "M8 1.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 0 1 0-13zM5 8.2l2.1 2.1L11 6.2",
        Tone::Failed => "M5.3 1.5h5.4l3.8 3.8v5.4l-3.8 3.8H5.3l-3.8-3.8V5.3zM5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4",
        Tone::Running => "M8 1.5a6.5 6.5 0 1 1-6.5 6.5M8 4.5V8l2.4 1.6",
        Tone::Waiting => "M8 1.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 0 1 0-13zM6.3 5.6v4.8M9.7 5.6v4.8",
        Tone::Stopped => "M8 1.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 0 1 0-13zM5.8 5.8h4.4v4.4H5.8z",
        Tone::Caught => "M8 1.8l6.6 11.9H1.4zM8 6.2v3.4M8 11.7v.1",
        Tone::Quiet => "M3.5 8h9",
    };
    sign(&format!("sign {}", tone.class()), path)
}

/// The sign of something else, by its name.
pub(crate) fn kind_icon(name: &str) -> Markup {
    let path = match name {
        "search" => "M7 2.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 0 1 0-9zM10.4 10.4l3.4 3.4",
        "theme" => "M12.9 9.8A5.6 5.6 0 0 1 6.2 3.1a5.6 5.6 0 1 0 6.7 6.7z",
        "arrow" => "M3 8h10M9.5 4.5L13 8l-3.5 3.5",
        _ => "M8 3.5v9M3.5 8h9",
    };
    sign("sign", path)
}
