//! Small pieces of SVG.

use crate::layers::Rect;
use crate::text::escaped;
use std::fmt::Write;

/// A rectangle's attributes.
pub(super) fn rect(rect: &Rect, radius: f64) -> String {
    let Rect { x, y, width, height } = rect;
    format!("x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{radius}\"")
}

/// Lines of text, one below the other: `y` is the base of the first one.
pub(super) fn lines(svg: &mut String, class: &str, lines: &[String], x: f64, y: f64, height: f64) {
    for (at, line) in lines.iter().enumerate() {
        let y = y + at as f64 * height;
        let _ = write!(
            svg,
            "<text class=\"{class}\" x=\"{x}\" y=\"{y}\">{}</text>",
            escaped(line)
        );
    }
}
