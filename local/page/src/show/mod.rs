//! The small things that all views draw: statuses, times, sizes, ARNs, JSON.

mod context;
mod icons;
mod json;
mod status;
mod text;
mod time;
mod tone;
mod yaml;

pub(crate) use context::{Context, Links, Theme};
pub(crate) use icons::{icon, kind_icon};
pub(crate) use json::{payload, pretty};
pub(crate) use status::{badge, of_graph, tone};
pub(crate) use text::{arn, long_name, plain, short_id, size};
pub(crate) use time::{ago, between, duration, exact};
pub(crate) use tone::Tone;
pub(crate) use yaml::yaml;
