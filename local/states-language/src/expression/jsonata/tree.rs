//! An expression's tree as the parser makes it: what is below a node.

use jsonata_core::ast::{AstNode, Stage};

/// Visits each node directly below this one.
pub(super) fn children(node: &mut AstNode, visit: &mut dyn FnMut(&mut AstNode)) {
    match node {
        AstNode::Path { steps } => {
            for step in steps {
                visit(&mut step.node);
                for stage in &mut step.stages {
                    if let Stage::Filter(filter) = stage {
                        visit(filter);
                    }
                }
            }
        }
        AstNode::Binary { lhs, rhs, .. } => {
            visit(lhs);
            visit(rhs);
        }
        AstNode::Unary { operand, .. } => visit(operand),
        AstNode::Function { args, .. } => args.iter_mut().for_each(visit),
        AstNode::Call { procedure, args } => {
            visit(procedure);
            args.iter_mut().for_each(visit);
        }
        AstNode::Lambda { body, .. } => visit(body),
        AstNode::Array(items) | AstNode::ArrayGroup(items) | AstNode::Block(items) => items.iter_mut().for_each(visit),
        AstNode::Object(pairs) => each(pairs, visit),
        AstNode::ObjectTransform { input, pattern } => {
            visit(input);
            each(pattern, visit);
        }
        AstNode::Conditional {
            condition,
            then_branch,
            else_branch,
        } => {
            visit(condition);
            visit(then_branch);
            else_branch.iter_mut().for_each(|branch| visit(branch));
        }
        AstNode::FunctionApplication(inner) => visit(inner),
        AstNode::Sort { input, terms } => {
            visit(input);
            terms.iter_mut().for_each(|(term, _)| visit(term));
        }
        AstNode::Transform {
            location,
            update,
            delete,
        } => {
            visit(location);
            visit(update);
            delete.iter_mut().for_each(|names| visit(names));
        }
        // Names, literals and the like have nothing below them.
        _ => {}
    }
}

fn each(pairs: &mut [(AstNode, AstNode)], visit: &mut dyn FnMut(&mut AstNode)) {
    for (key, value) in pairs {
        visit(key);
        visit(value);
    }
}
