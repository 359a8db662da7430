//! The code of functions: where it comes from, how it is kept, and what starts it.
//!
//! A function is a binary of the workspace, or files with a runtime: this machine's Python or Node.js with a small client
//! of the Runtime API, or the function's own `bootstrap`. What this machine does not have is no reason not to deploy: an
//! invocation says what is missing.

mod dockerfile;
mod given;
mod image;
mod kept;
mod launch;
mod node;
mod package;
mod python;
mod runtime;

pub(super) use given::{Code, Given};
pub(super) use kept::{Kept, Sum};
pub(super) use launch::{Installs, Launch, LayerFiles, NotHere, Parts, Prepared};
pub(super) use package::{Package, prepare};
pub(super) use runtime::Runtime;
