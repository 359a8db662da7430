//! The style of the page, of the graphs in it, and of reports.

use std::sync::LazyLock;

/// The style of the page and of the graphs in it.
pub(crate) static STYLE: LazyLock<String> = LazyLock::new(|| {
    [
        include_str!("assets/page.css"),
        include_str!("assets/causes.css"),
        include_str!("assets/definitions.css"),
        include_str!("assets/models.css"),
        include_str!("assets/report.css"),
        state_graph::STYLE,
    ]
    .join("\n")
});
