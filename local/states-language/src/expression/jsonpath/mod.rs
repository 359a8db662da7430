//! JSONPath in the dialect that AWS uses.
//!
//! AWS evaluates paths with [Jayway's JsonPath](https://github.com/json-path/JsonPath), which differs from RFC 9535:
//! a *definite* path (one that can match only one place) gives the value itself and is an error when there is none;
//! an *indefinite* one (with a wildcard, slice, union, filter or `..`) gives a list, which may be empty. Names may hold
//! hyphens and much else without quotes.
//!
//! `$` starts at the input, `$$` at the context object, and `$name` at a variable.

mod evaluate;
mod functions;
mod operator;
mod parse;
mod path;
mod reader;
mod reference;

pub(super) use path::PathNotFound;
pub(crate) use path::{Path, Root};
pub(crate) use reference::ReferencePath;
