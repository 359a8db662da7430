//! What the layered layout takes and gives.

/// A point, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
}

/// A rectangle, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rect {
    /// Its left side.
    pub x: f64,
    /// Its upper side.
    pub y: f64,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
}

impl Rect {
    /// Whether two rectangles have a part in common.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.x < other.x + other.width
            && other.x < self.x + self.width
            && self.y < other.y + other.height
            && other.y < self.y + self.height
    }

    /// Whether another rectangle is inside this one.
    pub fn contains(&self, other: &Self) -> bool {
        other.x >= self.x
            && other.y >= self.y
            && other.x + other.width <= self.x + self.width
            && other.y + other.height <= self.y + self.height
    }

    pub(crate) fn moved(self, by: Point) -> Self {
        Self {
            x: self.x + by.x,
            y: self.y + by.y,
            ..self
        }
    }
}

/// A node: how much room it needs at both sides of the line that ways enter and leave by, and below its upper side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Body {
    pub(crate) left: f64,
    pub(crate) right: f64,
    pub(crate) height: f64,
    /// How wide it is where ways can end.
    pub(crate) width: f64,
}

/// An edge: from and to which node, with the size of its label.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) label: Option<(f64, f64)>,
    /// Whether it is one of the usual ways, which are kept straight before others.
    pub(crate) usual: bool,
}

/// Where an edge goes: straight from knot to knot, up and down or to the side.
#[derive(Clone, Debug, Default)]
pub(crate) struct Route {
    pub(crate) knots: Vec<Point>,
    pub(crate) label: Option<Rect>,
    /// Where it joins another edge, with the number of knots before that.
    pub(crate) joint: Option<(usize, Point)>,
}

/// A layout.
#[derive(Clone, Debug, Default)]
pub(crate) struct Laid {
    pub(crate) width: f64,
    pub(crate) height: f64,
    /// For each node the middle of its upper side.
    pub(crate) nodes: Vec<Point>,
    pub(crate) edges: Vec<Route>,
}
