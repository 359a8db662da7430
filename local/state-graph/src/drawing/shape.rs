//! What a drawing is made of, before it is written as SVG.

use crate::layers::{Point, Rect, Route};

/// A chart with everything in its place.
#[derive(Clone, Debug, Default)]
pub struct Drawing {
    /// How wide it is.
    pub width: f64,
    /// How high it is.
    pub height: f64,
    /// The states: a Parallel or Map before those in it.
    pub boxes: Vec<StateBox>,
    /// The frames around branches.
    pub frames: Vec<Rect>,
    /// The ways.
    pub paths: Vec<WayPath>,
    /// Starts and ends.
    pub(crate) dots: Vec<Dot>,
}

/// A state in its place.
#[derive(Clone, Debug)]
pub struct StateBox {
    /// Its name.
    pub name: String,
    /// Where it is, with all that is in it.
    pub rect: Rect,
    /// Where its own name and sign are.
    pub header: Rect,
    pub(crate) state: usize,
    pub(crate) content: Content,
}

/// What is written in a state's box.
#[derive(Clone, Debug, Default)]
pub(crate) struct Content {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) name: Vec<String>,
    pub(crate) does: Vec<String>,
    pub(crate) took: Option<String>,
    /// The last line: its retriers, or how often it was tried.
    pub(crate) retry: Option<String>,
    /// Whether the last line says what happened.
    pub(crate) is_retried: bool,
    pub(crate) note: Vec<String>,
    pub(crate) strip: Option<Strip>,
}

/// The cells of a Map's iterations.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Strip {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    /// From one cell to the next.
    pub(crate) pitch: f64,
    /// How large a cell is.
    pub(crate) cell: f64,
}

/// A way in its place.
#[derive(Clone, Debug, Default)]
pub struct WayPath {
    /// The state that it leaves; empty for Start.
    pub from: String,
    /// The state that it enters; empty for End.
    pub to: String,
    /// Where its label is, with the lines of the text.
    pub label: Option<(Rect, Vec<String>)>,
    /// Through which points it goes.
    pub knots: Vec<Point>,
    pub(crate) is_catch: bool,
    /// Where it joins another way, with the number of knots before that.
    pub(crate) joint: Option<(usize, Point)>,
    /// All that there is to say of it.
    pub(crate) title: String,
}

/// A start or an end.
#[derive(Clone, Debug)]
pub(crate) struct Dot {
    pub(crate) rect: Rect,
    /// What stands in it; nothing in the flows of Parallel and Map.
    pub(crate) text: String,
    pub(crate) is_end: bool,
    /// The state that a start leads to.
    pub(crate) leads_to: String,
}

impl Drawing {
    /// Adds all parts of another drawing, moved.
    pub(super) fn add(&mut self, other: Self, by: Point) {
        self.boxes.extend(other.boxes.into_iter().map(|mut state| {
            state.rect = state.rect.moved(by);
            state.header = state.header.moved(by);
            state
        }));
        self.frames
            .extend(other.frames.into_iter().map(|frame| frame.moved(by)));
        self.dots.extend(other.dots.into_iter().map(|mut dot| {
            dot.rect = dot.rect.moved(by);
            dot
        }));
        self.paths.extend(other.paths.into_iter().map(|path| path.moved(by)));
    }
}

impl WayPath {
    pub(super) fn along(mut self, route: Route, lines: Vec<String>) -> Self {
        self.label = route.label.map(|rect| (rect, lines));
        self.knots = route.knots;
        self.joint = route.joint;
        self
    }

    fn moved(mut self, by: Point) -> Self {
        for knot in &mut self.knots {
            *knot = Point {
                x: knot.x + by.x,
                y: knot.y + by.y,
            };
        }
        if let Some((_, joint)) = &mut self.joint {
            *joint = Point {
                x: joint.x + by.x,
                y: joint.y + by.y,
            };
        }
        if let Some((rect, _)) = &mut self.label {
            *rect = rect.moved(by);
        }
        self
    }
}
