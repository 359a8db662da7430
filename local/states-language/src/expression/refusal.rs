//! Why an expression is refused when a definition is read.

/// Why AWS does not take an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "jsonata"),
    expect(dead_code, reason = "without JSONata no expression of it is read")
)]
pub(crate) enum Refusal {
    /// It is not JSONata 2.0.6.
    Syntax(String),
    /// It refers to something that is not there, such as `name` instead of `$states.input.name`.
    Reference(String),
}
