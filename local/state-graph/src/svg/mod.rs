//! The drawing as SVG.

mod neighbours;
mod sign;
mod state;
mod strip;
mod way;
mod write;

use crate::chart::Chart;
use crate::drawing;
use crate::overlay::{Options, Overlay};
use crate::text::escaped;
use std::fmt::Write;

/// One `<svg>` element, with a style of its own if it is to be a file.
pub(crate) fn element(chart: &Chart, overlay: &Overlay, options: &Options, style: Option<&str>) -> String {
    let drawing = drawing::draw(chart, overlay, &options.words);
    let (width, height) = (drawing.width, drawing.height);
    let run = if overlay.started { " has-run" } else { "" };
    let mut svg = String::new();
    let _ = write!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"state-graph{run}\" role=\"group\" aria-label=\"{}\" \
         viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\">",
        escaped(&options.words.graph),
    );
    if let Some(style) = style {
        let _ = write!(
            svg,
            "<style>{style}</style><rect class=\"ground\" width=\"{width}\" height=\"{height}\"/>"
        );
    }
    for state in drawing.boxes.iter().filter(|state| state.rect != state.header) {
        state::ground(&mut svg, chart, overlay, state);
    }
    for frame in &drawing.frames {
        let at = write::rect(frame, 8.0);
        let _ = write!(svg, "<rect class=\"branch\" fill=\"none\" {at}/>");
    }
    way::all(&mut svg, &drawing, overlay);
    for dot in &drawing.dots {
        way::dot(&mut svg, dot, &drawing, overlay);
    }
    let near = neighbours::of(&drawing.boxes);
    for (at, state) in drawing.boxes.iter().enumerate() {
        state::element(&mut svg, chart, overlay, options, state, &near[at]);
        strip::element(&mut svg, overlay, options, state);
    }
    svg.push_str("</svg>");
    svg
}
