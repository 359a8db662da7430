//! The quota on data: 256 KB for all that states hand on.

use crate::expression::StateError;
use crate::text::{Excess, Json, MAX_DEPTH};

/// The most bytes that a state may hand on.
pub(crate) const MAX_PAYLOAD: usize = 262_144;

/// Whether a value is within the quota, and nests no deeper than can be carried.
pub(crate) fn check(name: &str, value: &Json) -> Result<(), StateError> {
    value.within(MAX_PAYLOAD).map_err(|excess| match excess {
        Excess::Long => StateError::TooLong(too_long(name)),
        Excess::Deep => StateError::Runtime(format!("The data of '{name}' nests more than {MAX_DEPTH} levels deep.")),
    })
}

/// AWS's sentence about a result beyond the quota.
pub(crate) fn too_long(name: &str) -> String {
    format!(
        "The state/task '{name}' returned a result with a size exceeding the maximum number of bytes service limit."
    )
}
