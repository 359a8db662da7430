//! A state machine's definition as a drawing: SVG or Mermaid, with what a run did.
//!
//! A [`Chart`] is a definition as it is drawn. An [`Overlay`] says what a run has done to its states.
//!
//! What a page's script finds in the SVG:
//!
//! | element | what it has |
//! | --- | --- |
//! | `.state` | `data-state`, the name; `data-up`, `data-down`, `data-left` and `data-right`, the names of its neighbours |
//! | `.state + .face` | what is written in the box; it lets the pointer through |
//! | `.way` | `data-from` and `data-to`, the names of states, empty for Start and End |
//! | `.iterations` | `data-state`, `data-iterations` (how many), `data-columns`, `data-cell` (from one cell to the next, in units of the view box), `data-x` and `data-y` (the corner of the first cell): iteration = row × columns + column |
//! | `.cell` | `data-iteration`, while there are at most 200 |
//!
//! The classes `is-running`, `is-succeeded`, … are those of [`Status::class`]; `is-selected` and `is-taken` say the rest.
//!
//! ```
//! use state_graph::{Chart, Options, Overlay};
//!
//! let chart = Chart::read(r#"{"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}"#)?;
//! let svg = chart.svg(&Overlay::default(), &Options::default());
//! assert!(svg.starts_with("<svg"));
//! # Ok::<(), state_graph::Unreadable>(())
//! ```

mod chart;
mod condition;
mod drawing;
mod layers;
mod mermaid;
mod model;
mod overlay;
mod svg;
mod text;
mod words;

pub use chart::{Chart, Unreadable};
pub use drawing::{Drawing, StateBox, WayPath};
pub use layers::{Point, Rect};
pub use model::{Kind, StateOf, Way, WayKind};
pub use overlay::{IterationLink, Iterations, Link, Look, Options, Overlay, Status, Words};

/// The style of the drawing, by classes. A page sets its colours by the custom properties `--graph-…`.
pub const STYLE: &str = include_str!("style.css");

impl Chart {
    /// Where everything is.
    pub fn drawing(&self, overlay: &Overlay, options: &Options) -> Drawing {
        drawing::draw(self, overlay, &options.words)
    }

    /// One `<svg>` element to stand in a page that has [`STYLE`]: no styles and no script of its own, so that a strict
    /// content security policy lets it be.
    pub fn svg(&self, overlay: &Overlay, options: &Options) -> String {
        svg::element(self, overlay, options, None)
    }

    /// An SVG file that needs nothing else, such as for a README. It follows the reader's light or dark scheme.
    pub fn svg_file(&self, overlay: &Overlay, options: &Options) -> String {
        svg::element(self, overlay, options, Some(STYLE))
    }

    /// A Mermaid flowchart, which GitHub shows in Markdown.
    pub fn mermaid(&self, overlay: &Overlay) -> String {
        mermaid::flowchart(self, overlay)
    }
}
