//! What the evaluator reads and AWS does not: operators that JSONata got after 2.0.6, and references to a document that a
//! state's expression does not have.

use jsonata_core::ast::{AstNode, BinaryOp, Stage};
use jsonata_core::value::with_stack;

use super::tree::children;
use crate::expression::refusal::Refusal;

/// The fields of `$states`.
pub(super) const OF_STATES: [&str; 4] = ["input", "context", "result", "errorOutput"];

/// Looks for what AWS refuses of an expression in this field.
pub(super) fn check(tree: &mut AstNode, field: &str) -> Result<(), Refusal> {
    let mut found = Ok(());
    look(tree, Place::Top, &mut found);
    if found.is_ok() {
        find_missing(tree, field.starts_with("Catch["), &mut found);
    }
    found
}

/// Looks for fields that `$states` does not have: an error's output is nowhere but where it is caught.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html#reserved-variable-states>
fn find_missing(node: &mut AstNode, is_caught: bool, found: &mut Result<(), Refusal>) {
    if let AstNode::Path { steps } = node
        && let [root, field, ..] = steps.as_slice()
        && let (AstNode::Variable(variable), AstNode::Name(field)) = (&root.node, &field.node)
        && variable == "states"
        && (!OF_STATES.contains(&field.as_str()) || field == "errorOutput" && !is_caught)
    {
        *found = Err(Refusal::NotThere(field.clone()));
    }
    if found.is_ok() {
        with_stack(|| children(node, &mut |child| find_missing(child, is_caught, found)));
    }
}

/// What a node can refer to by `$` and by a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Nothing: there is no document.
    Top,
    /// Nothing, and `1..3` may stand here.
    TopOfArray,
    /// What a path, a predicate or a function's caller hands in.
    Within,
    /// The same, and `1..3` may stand here.
    WithinArray,
}

impl Place {
    fn is_top(self) -> bool {
        matches!(self, Place::Top | Place::TopOfArray)
    }

    fn in_array(self) -> Place {
        if self.is_top() {
            Place::TopOfArray
        } else {
            Place::WithinArray
        }
    }

    fn out_of_array(self) -> Place {
        if self.is_top() { Place::Top } else { Place::Within }
    }
}

fn look(node: &mut AstNode, place: Place, found: &mut Result<(), Refusal>) {
    if found.is_ok() {
        *found = judge(node, place);
    }
    if found.is_err() {
        return;
    }
    with_stack(|| below(node, place, found));
}

/// What is wrong with this one node.
fn judge(node: &AstNode, place: Place) -> Result<(), Refusal> {
    let syntax = |what: &str| Err(Refusal::Syntax(what.to_owned()));
    let reference = |name: &str| Err(Refusal::Reference(name.to_owned()));
    match node {
        AstNode::Binary { op, lhs, .. } => match op {
            BinaryOp::Coalesce => {
                syntax("The symbol \"?\" cannot be used as a unary operator (?? is not in JSONata 2.0.6)")
            }
            BinaryOp::Default => {
                syntax("The symbol \":\" cannot be used as a unary operator (?: is not in JSONata 2.0.6)")
            }
            BinaryOp::ColonEqual if !matches!(**lhs, AstNode::Variable(_)) => {
                syntax("The left side of := must be a variable name (start with $)")
            }
            BinaryOp::Range if !matches!(place, Place::TopOfArray | Place::WithinArray) => {
                syntax("Expected \"]\", got \"..\" (a range has brackets of its own: [[0..1]])")
            }
            _ => Ok(()),
        },
        AstNode::Name(name) if place.is_top() => reference(name),
        AstNode::Variable(name) if name.is_empty() && place.is_top() => reference("$"),
        AstNode::ParentVariable(_) if place.is_top() => reference("$$"),
        _ => Ok(()),
    }
}

fn below(node: &mut AstNode, place: Place, found: &mut Result<(), Refusal>) {
    let here = place.out_of_array();
    match node {
        AstNode::Path { steps } => {
            for (at, step) in steps.iter_mut().enumerate() {
                look(&mut step.node, if at == 0 { here } else { Place::Within }, found);
                for stage in &mut step.stages {
                    if let Stage::Filter(filter) = stage {
                        look(filter, Place::Within, found);
                    }
                }
            }
        }
        AstNode::Array(items) | AstNode::ArrayGroup(items) => {
            items.iter_mut().for_each(|item| look(item, here.in_array(), found));
        }
        AstNode::ObjectTransform { input, pattern } => {
            look(input, here, found);
            for (key, value) in pattern {
                look(key, Place::Within, found);
                look(value, Place::Within, found);
            }
        }
        AstNode::Sort { input, terms } => {
            look(input, here, found);
            terms.iter_mut().for_each(|(term, _)| look(term, Place::Within, found));
        }
        // A function's body has the document of whoever made it, or is a path's step: not judged.
        AstNode::Lambda { .. } | AstNode::Transform { .. } => {
            children(node, &mut |child| look(child, Place::Within, found));
        }
        _ => children(node, &mut |child| look(child, here, found)),
    }
}
