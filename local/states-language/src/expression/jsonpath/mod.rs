//! JSONPath in the dialect that AWS uses.
//!
//! AWS evaluates paths with [Jayway's JsonPath](https://github.com/json-path/JsonPath), which differs from RFC 9535:
//! a *definite* path (one that can match only one place) gives the value itself and is an error when there is none;
//! an *indefinite* one (with a wildcard, slice, union, filter or `..`) gives a list, which may be empty. Names may hold
//! hyphens and much else without quotes.
//!
//! What AWS says and does fits Jayway's version 2.0.0 and none from 2.1.0 on; `docs::differences` says by which signs.
//! So this is 2.0.0, oddities included: no functions, no escapes in names, no operators that are words, and everything in
//! a filter that is not a path is text.
//!
//! `$` starts at the input, `$$` at the context object, and `$name` at a variable.

mod brackets;
mod compare;
mod evaluate;
mod filter;
mod items;
mod parse;
mod path;
mod reference;
mod walk;

pub(super) use path::PathNotFound;
pub(crate) use path::{Path, Root};
pub(crate) use reference::ReferencePath;
