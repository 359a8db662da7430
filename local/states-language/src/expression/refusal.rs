//! Why an expression is refused when a definition is read.

/// Why AWS does not take an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "jsonata"),
    expect(dead_code, reason = "without JSONata no expression of it is read")
)]
pub(crate) enum Refusal {
    /// It is not JSONata 2.0.6, and why, as AWS says it: without the error's code.
    Syntax(String),
    /// It refers to something that is not there, such as `name` instead of `$states.input.name`.
    Reference(String),
    /// It reads a field that `$states` does not have there.
    NotThere(String),
}
