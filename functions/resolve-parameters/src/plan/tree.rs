//! The parameters below a path, as a JSON object: each level of a name is a level of the object.

use std::collections::HashSet;

use serde_json::{Map, Value};
use shared::parameters::{Parameter, ParameterPath, Problem, ProblemKind};

use crate::typed::As;

/// Nests what is below `path`. A name cannot be both a parameter and a level above others: that is a problem.
pub(crate) fn nest(path: &ParameterPath, parameters: &[Parameter], wanted: As) -> Result<Value, Vec<Problem>> {
    let mut tree = Map::new();
    let mut problems = Vec::new();
    let leaves: HashSet<&str> = parameters
        .iter()
        .filter_map(|parameter| path.below(&parameter.name))
        .collect();
    for parameter in parameters {
        let Some(name) = path.below(&parameter.name) else {
            continue;
        };
        let above = name
            .match_indices('/')
            .map(|(slash, _)| &name[..slash])
            .find(|above| leaves.contains(above));
        match (above, wanted.value_of(parameter)) {
            (None, Ok(value)) => insert(&mut tree, name, value),
            (None, Err(problem)) => problems.push(problem),
            (Some(above), _) => problems.push(Problem::new(
                ProblemKind::ParameterInvalid,
                format!(
                    "`{path}/{above}` is a parameter and the level above `{}`: ask for one of them",
                    parameter.name
                ),
            )),
        }
    }
    if problems.is_empty() {
        Ok(Value::Object(tree))
    } else {
        Err(problems)
    }
}

fn insert(tree: &mut Map<String, Value>, name: &str, value: Value) {
    match name.split_once('/') {
        None => drop(tree.insert(name.to_owned(), value)),
        Some((level, rest)) => {
            let below = tree.entry(level).or_insert_with(|| Value::Object(Map::new()));
            // Names that are a level and a parameter at once were sorted out before.
            if let Value::Object(below) = below {
                insert(below, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::parameters::Content;
    use shared::secret::Secret;

    use super::*;

    fn parameters(names: &[&str]) -> Vec<Parameter> {
        let parameter = |(at, name): (usize, &&str)| Parameter {
            name: (*name).to_owned(),
            arn: None,
            selector: None,
            version: 1,
            modified_at: None,
            content: Content::String(Secret::new(at.to_string())),
        };
        names.iter().enumerate().map(parameter).collect()
    }

    fn path(text: &str) -> ParameterPath {
        text.parse().expect("a path")
    }

    #[test]
    fn levels_become_objects() {
        let parameters = parameters(&["/ml/a", "/ml/opt/lr", "/ml/opt/sgd/momentum", "/ml/z"]);
        let tree = nest(&path("/ml/"), &parameters, As::Integer).expect("a tree");
        assert_eq!(tree, json!({"a": 0, "opt": {"lr": 1, "sgd": {"momentum": 2}}, "z": 3}));
        assert_eq!(
            nest(&path("/"), &parameters[..1], As::String).expect("a tree"),
            json!({"ml": {"a": "0"}})
        );
        assert_eq!(
            nest(&path("/ml"), &parameters[..1], As::Reference).expect("a tree"),
            json!({"a": "/ml/a:1"})
        );
    }

    #[test]
    fn a_parameter_above_others_is_refused_even_if_it_is_an_object_itself() {
        let problems = nest(&path("/ml"), &parameters(&["/ml/a", "/ml/a/b/c"]), As::Json).expect_err("no place");
        assert_eq!(problems.len(), 1);
        assert!(
            problems[0]
                .message
                .contains("`/ml/a` is a parameter and the level above `/ml/a/b/c`"),
            "{problems:?}"
        );
    }

    #[test]
    fn every_ill_typed_value_is_told() {
        let problems = nest(&path("/ml"), &parameters(&["/ml/a", "/ml/b"]), As::Boolean).expect_err("no booleans");
        assert_eq!(problems.len(), 2);
    }
}
