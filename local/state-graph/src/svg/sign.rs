//! Signs: of the types of states, and of how states stand. Each has a shape of its own, so that none needs its colour.

use crate::model::Kind;
use crate::overlay::Status;

/// The sign of a type, in a square of 20 pixels.
pub(super) fn of_kind(kind: &Kind) -> &'static str {
    match kind {
        Kind::Task => {
            "<path d=\"M10 2.5l6.5 3.75v7.5L10 17.5l-6.5-3.75v-7.5z\"/><circle cx=\"10\" cy=\"10\" r=\"2.5\"/>"
        }
        Kind::Choice => "<path d=\"M10 2.5l7.5 7.5-7.5 7.5L2.5 10z\"/><path d=\"M10 7v3m0 0l-2.5 2.5M10 10l2.5 2.5\"/>",
        Kind::Parallel => "<path d=\"M10 2v4M4 14V6h12v8M10 6v8M4 14h12M10 14v4\"/>",
        Kind::Map => "<path d=\"M3 8h9v9H3z\"/><path d=\"M6 8V5h9v9h-3M9 5V2.500h8.500V11H15\"/>",
        Kind::Pass => "<path d=\"M2.5 10h14M11.5 5l5 5-5 5\"/>",
        Kind::Wait => "<circle cx=\"10\" cy=\"10\" r=\"7.5\"/><path d=\"M10 5.500V10l3 2\"/>",
        Kind::Succeed => "<circle cx=\"10\" cy=\"10\" r=\"7.5\"/><path d=\"M6.5 10.200l2.5 2.5 4.5-5\"/>",
        Kind::Fail => "<circle cx=\"10\" cy=\"10\" r=\"7.5\"/><path d=\"M7.2 7.200l5.6 5.600M12.8 7.200l-5.6 5.6\"/>",
        Kind::Unknown(_) | Kind::Missing => {
            "<path d=\"M7 7.500a3 3 0 1 1 4.5 2.600c-1 .6-1.5 1.2-1.5 2.400M10 15.500v.5\"/>"
        }
    }
}

/// The sign of a status, in a square of 16 pixels.
pub(super) fn of_status(status: Status) -> &'static str {
    match status {
        Status::NotReached => "",
        Status::Running => {
            "<circle class=\"ring\" cx=\"8\" cy=\"8\" r=\"6.5\"/><circle class=\"solid\" cx=\"8\" cy=\"8\" r=\"3\"/>"
        }
        Status::Waiting => {
            "<circle class=\"ring\" cx=\"8\" cy=\"8\" r=\"6.5\"/><path class=\"ring\" d=\"M6.2 5.500v5M9.8 5.500v5\"/>"
        }
        Status::Succeeded => {
            "<circle class=\"solid\" cx=\"8\" cy=\"8\" r=\"7.5\"/><path class=\"cut\" d=\"M4.7 8.200l2.3 2.3 4.3-4.7\"/>"
        }
        Status::Caught => {
            "<path class=\"solid\" d=\"M8 1l7.3 13.500H.7z\"/><path class=\"cut\" d=\"M8 6v3.800M8 11.800v.7\"/>"
        }
        Status::Failed => {
            "<path class=\"solid\" d=\"M5 .8h6L15.2 5v6L11 15.200H5L.8 11V5z\"/>\
             <path class=\"cut\" d=\"M5.5 5.500l5 5M10.5 5.500l-5 5\"/>"
        }
        Status::TimedOut => {
            "<circle class=\"solid\" cx=\"8\" cy=\"8\" r=\"7.5\"/><path class=\"cut\" d=\"M8 4v4.300l2.8 1.7\"/>"
        }
        Status::Aborted => {
            "<rect class=\"solid\" x=\"1\" y=\"1\" width=\"14\" height=\"14\" rx=\"3\"/><path class=\"cut\" d=\"M4.7 8h6.6\"/>"
        }
    }
}

/// The sign of retriers, in a square of 12 pixels.
pub(super) const RETRY: &str = "<path d=\"M10 6a4 4 0 1 1-1.3-3M9 .8v2.400H6.6\"/>";
