//! Why the function looks at images in this call.

use shared::place::Place;
use shared::time::Timestamp;

/// What holds for all images of one call.
#[derive(Debug)]
pub(super) struct Occasion<'a> {
    /// Where this function runs.
    pub(super) place: &'a Place,
    /// When it was called.
    pub(super) now: Timestamp,
    /// How many executions a look may still start. An event has no limit: it is about one image.
    pub(super) budget: Option<usize>,
}
