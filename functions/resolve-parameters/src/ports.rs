//! The ports that the function needs: which operations of AWS it calls.

use shared::parameters::{GetParameters, GetParametersByPath};

/// What the function calls of Parameter Store.
pub trait Store: GetParameters + GetParametersByPath {}
impl<T: GetParameters + GetParametersByPath> Store for T {}
