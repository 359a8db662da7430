//! A small chart: values one after the other as lines, each with a shape and a colour of its own.

use super::metric::short;
use crate::show::plain;
use maud::{Markup, html};

/// What is drawn.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chart<'a> {
    /// What the values are, at the vertical axis.
    pub(crate) title: &'a str,
    /// What they are counted by, at the horizontal axis.
    pub(crate) along: &'a str,
    /// The lines.
    pub(crate) lines: Vec<Line>,
}

/// A line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    /// Its name in the legend; empty where there is only one.
    pub(crate) name: String,
    /// The shape of its points.
    pub(crate) shape: usize,
    /// The points: where, what, and the shape where it is another than the line's.
    pub(crate) points: Vec<(f64, f64, Option<usize>)>,
}

const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 200.0;
/// The space around the plot: left, top, right, bottom.
const AROUND: (f64, f64, f64, f64) = (52.0, 16.0, 52.0, 40.0);
/// How far from the vertical axis the first point is.
const INSET: f64 = 12.0;
/// The most points of a line that are drawn.
const MOST: usize = 240;
/// With more points than this, only the line is drawn.
const DOTS: usize = 40;
/// How far apart the written values are.
const APART: f64 = 13.0;

/// The values that are written at an axis.
struct Axis {
    low: f64,
    high: f64,
    step: f64,
}

impl Axis {
    /// An axis with round numbers, on which all values are.
    fn around(values: impl Iterator<Item = f64> + Clone, is_whole: bool) -> Self {
        let low = values.clone().fold(f64::INFINITY, f64::min);
        let high = values.fold(f64::NEG_INFINITY, f64::max);
        let (low, high) = if low.is_finite() { (low, high) } else { (0.0, 1.0) };
        let around = if is_whole {
            1.0
        } else {
            low.abs().max(high.abs()).max(1e-9) * 0.05
        };
        let span = if high > low { high - low } else { around * 2.0 };
        let middle = f64::midpoint(low, high);
        let rough = span / if is_whole { 5.0 } else { 3.0 };
        let power = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .map(|times| times * power)
            .into_iter()
            .find(|step| *step >= rough * 0.999);
        let step = step.unwrap_or(power * 10.0);
        let step = if is_whole { step.max(1.0) } else { step };
        if is_whole {
            // One point alone stands in the middle.
            let (low, high) = if high > low {
                (low, high)
            } else {
                (low - 1.0, low + 1.0)
            };
            return Self { low, high, step };
        }
        let (from, to) = if high > low {
            (low, high)
        } else {
            (middle - around, middle + around)
        };
        Self {
            low: (from / step + 1e-6).floor() * step,
            high: (to / step - 1e-6).ceil() * step,
            step,
        }
    }

    fn ticks(&self) -> Vec<f64> {
        let first = (self.low / self.step).ceil();
        let ticks = (0..12).map(|at| (first + f64::from(at)) * self.step);
        ticks.take_while(|tick| *tick <= self.high + self.step * 1e-6).collect()
    }

    /// Where a value is, between nothing and one.
    fn place(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }

    /// A value with as many digits as the steps need.
    fn write(&self, value: f64) -> String {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between nothing and nine"
        )]
        let digits = (-self.step.log10().floor()).clamp(0.0, 9.0) as usize;
        format!("{value:.digits$}")
    }
}

/// The chart.
pub(crate) fn chart(chart: &Chart<'_>) -> Markup {
    let points = || chart.lines.iter().flat_map(|line| line.points.iter());
    let across = Axis::around(points().map(|point| point.0), true);
    let up = Axis::around(points().map(|point| point.1), false);
    let (left, top, right, bottom) = AROUND;
    let x = |value: f64| left + INSET + across.place(value) * (WIDTH - left - right - INSET);
    let y = |value: f64| HEIGHT - bottom - up.place(value) * (HEIGHT - top - bottom);
    let spans = |tick: f64| points().any(|point| point.0 >= tick) && points().any(|point| point.0 <= tick);
    html! {
        figure class="chart" {
            figcaption { strong { (plain(chart.title)) } @if chart.lines.len() > 1 { (legend(&chart.lines)) } }
            svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } width=(WIDTH) height=(HEIGHT) role="img" aria-label=(told(chart)) {
                @for tick in up.ticks() {
                    line class="grid" x1=(left) x2=(WIDTH - right) y1=(round(y(tick))) y2=(round(y(tick))) {}
                    text class="tick" x=(left - 8.0) y=(round(y(tick) + 4.0)) text-anchor="end" { (up.write(tick)) }
                }
                @for tick in across.ticks().into_iter().filter(|tick| spans(*tick)) {
                    text class="tick" x=(round(x(tick))) y=(HEIGHT - bottom + 16.0) text-anchor="middle" { (tick) }
                }
                text class="tick" x=(f64::midpoint(left, WIDTH - right)) y=(HEIGHT - 6.0) text-anchor="middle" { (chart.along) }
                @for line in &chart.lines { (drawn(line, &x, &y)) }
                @for (at, (x, value)) in spread(chart, &x, &y) { text class="value" x=(round(x)) y=(round(at)) { (short(value)) } }
            }
        }
    }
}

/// A line and its points.
fn drawn(line: &Line, x: &impl Fn(f64) -> f64, y: &impl Fn(f64) -> f64) -> Markup {
    let points = thinned(&line.points);
    let path: Vec<String> = points
        .iter()
        .map(|point| format!("{},{}", round(x(point.0)), round(y(point.1))))
        .collect();
    html! {
        @if points.len() > 1 { polyline class={ "curve mark-" (line.shape) } points=(path.join(" ")) {} }
        @if points.len() <= DOTS { @for point in &points { (mark(point.2.unwrap_or(line.shape), x(point.0), y(point.1))) } }
    }
}

/// Where the last value of each line is written, so that none is over another.
fn spread(chart: &Chart<'_>, x: &impl Fn(f64) -> f64, y: &impl Fn(f64) -> f64) -> Vec<(f64, (f64, f64))> {
    let last = chart.lines.iter().filter_map(|line| line.points.last());
    let mut places: Vec<_> = last
        .map(|point| (y(point.1) + 4.0, (x(point.0) + 8.0, point.1)))
        .collect();
    places.sort_by(|one, other| one.0.total_cmp(&other.0));
    for at in 1..places.len() {
        places[at].0 = places[at].0.max(places[at - 1].0 + APART);
    }
    // Nor below the plot.
    let mut lowest = HEIGHT - AROUND.3 + 4.0;
    for place in places.iter_mut().rev() {
        place.0 = place.0.min(lowest);
        lowest = place.0 - APART;
    }
    places
}

/// A shape at a point: a filled circle, a hollow diamond, a cross, a hollow square.
fn mark(shape: usize, x: f64, y: f64) -> Markup {
    let (x, y) = (round(x), round(y));
    let path = match shape % SHAPES {
        0 => format!("M{x} {y}m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z"),
        1 => format!("M{x} {y}m0 -5l5 5l-5 5l-5 -5z"),
        2 => format!("M{x} {y}m-4 -4l8 8m0 -8l-8 8"),
        _ => format!("M{x} {y}m-4 -4h8v8h-8z"),
    };
    html! { path class={ "mark mark-" (shape % SHAPES) } d=(path) {} }
}

/// How many shapes there are.
pub(crate) const SHAPES: usize = 4;

/// A shape with its name.
pub(crate) fn key(shape: usize, name: &str) -> Markup {
    html! {
        span class="key" { svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" { (mark(shape, 8.0, 8.0)) } (plain(name)) }
    }
}

fn legend(lines: &[Line]) -> Markup {
    html! { span class="legend" { @for line in lines { (key(line.shape, &line.name)) } } }
}

/// The chart in words.
fn told(chart: &Chart<'_>) -> String {
    let lines = chart.lines.iter().map(|line| {
        let (first, last) = (
            line.points.first().map_or(0.0, |it| it.1),
            line.points.last().map_or(0.0, |it| it.1),
        );
        let values = if line.points.len() > 1 {
            format!("{} → {}", short(first), short(last))
        } else {
            short(last)
        };
        format!("{} {values}", line.name)
    });
    plain(&format!("{}: {}", chart.title, lines.collect::<Vec<_>>().join(", ")))
}

/// At most [`MOST`] of the points, and of each stretch the lowest and the highest.
fn thinned(points: &[(f64, f64, Option<usize>)]) -> Vec<(f64, f64, Option<usize>)> {
    if points.len() <= MOST {
        return points.to_vec();
    }
    let stretch = points.len().div_ceil(MOST / 2);
    let mut kept = Vec::new();
    for part in points.chunks(stretch) {
        let by_value = |one: &&(f64, f64, Option<usize>), other: &&(f64, f64, Option<usize>)| one.1.total_cmp(&other.1);
        let ends = [part.iter().min_by(by_value), part.iter().max_by(by_value)];
        let mut ends: Vec<_> = ends.into_iter().flatten().copied().collect();
        ends.sort_by(|one, other| one.0.total_cmp(&other.0));
        kept.extend(ends);
    }
    kept
}

/// To a tenth of a pixel.
fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_at_an_axis_are_round_and_all_values_are_on_it() {
        for (values, ticks) in [
            (vec![0.89, 0.92], vec!["0.89", "0.90", "0.91", "0.92"]),
            (vec![0.0, 100.0], vec!["0", "50", "100"]),
            (vec![3.0], vec!["2.8", "2.9", "3.0", "3.1", "3.2"]),
        ] {
            let axis = Axis::around(values.iter().copied(), false);
            assert!(
                values.iter().all(|value| (0.0..=1.0).contains(&axis.place(*value))),
                "{values:?}"
            );
            let written: Vec<String> = axis.ticks().into_iter().map(|tick| axis.write(tick)).collect();
            assert_eq!(written, ticks);
        }
    }

    #[test]
    fn a_long_line_keeps_its_lowest_and_its_highest_value() {
        let mut points: Vec<_> = (0..100_000).map(|at| (f64::from(at), 0.0, None)).collect();
        points[7777].1 = -5.0;
        points[55_555].1 = 9.0;
        let kept = thinned(&points);
        assert!(kept.len() <= MOST + 2);
        assert!(kept.iter().any(|point| point.1 == -5.0) && kept.iter().any(|point| point.1 == 9.0));
        assert!(kept.is_sorted_by(|one, other| one.0 <= other.0));
    }

    #[test]
    fn one_point_is_a_dot_with_its_value() {
        let line = Line {
            name: "train".into(),
            shape: 0,
            points: vec![(1.0, 0.8934, None)],
        };
        let drawn = chart(&Chart {
            title: "accuracy",
            along: "n",
            lines: vec![line],
        })
        .into_string();
        assert!(
            drawn.contains(">0.8934</text>") && !drawn.contains("polyline"),
            "{drawn}"
        );
    }
}
