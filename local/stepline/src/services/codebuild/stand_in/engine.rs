//! A real Docker engine, where one answers.

use super::Failure;
use super::image::Built;
use super::store::Store;

/// Builds with the engine; None where there is none.
pub(super) fn build(
    _args: &[&str],
    _base: &str,
    _tags: &[String],
    _store: &Store,
    _say: &mut dyn FnMut(String),
) -> Result<Option<Built>, Failure> {
    Ok(None)
}
