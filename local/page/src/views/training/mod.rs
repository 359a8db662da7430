//! Jobs, models, what they are made of, and the images.

pub(crate) mod asking;
pub(crate) mod chart;
pub(crate) mod images;
pub(crate) mod job;
pub(crate) mod jobs;
pub(crate) mod lineage;
pub(crate) mod metric;
pub(crate) mod model;
pub(crate) mod models;
pub(crate) mod objects;
