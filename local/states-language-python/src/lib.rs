//! The native part of the Python package `states-language`: what `states_language/_native.pyi` declares.
//!
//! Values cross as JSON texts, as they do on AWS, so that what cannot be carried there cannot be carried here. What tasks
//! do is the Python side's: `host` asks it.

mod findings;
mod host;
mod machine;

use pyo3::prelude::*;

/// The module `states_language._native`.
#[pymodule(name = "_native")]
mod native {
    #[pymodule_export]
    use crate::findings::{Finding, closest, validate};
    #[pymodule_export]
    use crate::machine::Machine;
}
