//! What SAM makes of its own resources: functions, layers, roles, rules, permissions, versions and aliases, under the logical
//! ids that SAM gives them.
//!
//! Follows <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-generated-resources.html>.

mod application;
mod connector;
mod events;
mod function;
mod globals;
mod layer;
mod parent;
mod policies;
mod policy_templates;
mod state_machine;

use super::fault::Fault;
use parent::{Generated, Parent};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::Path;

/// Names that SAM gives to what it generates, such as `Function.Alias`, and the logical ids that they mean.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeMap<String, String>);

impl Names {
    /// Adds those of a function.
    fn add(&mut self, id: &str, generated: &Generated) {
        for (own, resource) in generated {
            let kind = resource.get("Type").and_then(Value::as_str);
            let kind = kind.and_then(|kind| kind.strip_prefix("AWS::Lambda::"));
            if let Some(kind) = kind.filter(|kind| matches!(*kind, "Alias" | "Version")) {
                self.0.insert(format!("{id}.{kind}"), own.clone());
            }
        }
    }

    /// Has every `Ref` in a value that is one of these names lead to the resource.
    pub(super) fn resolve(&self, value: &mut Value) {
        match value {
            Value::Object(fields) => {
                if let Some(reference) = fields.get_mut("Ref")
                    && let Some(id) = reference.as_str().and_then(|name| self.0.get(name))
                {
                    *reference = id.clone().into();
                }
                fields.values_mut().for_each(|field| self.resolve(field));
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.resolve(item)),
            _ => {}
        }
    }
}

/// What came of SAM's resources.
pub(super) struct Expanded {
    /// All resources of the template, under their logical ids.
    pub(super) resources: Map<String, Value>,
    /// The names of what SAM has generated.
    pub(super) names: Names,
    /// What the local run does not have.
    pub(super) passed_over: Vec<Fault>,
}

/// An event's type, the property that names an API of one's own, and the resources that SAM makes where it does not.
type Implicit = (&'static str, &'static str, [(&'static str, &'static str); 2]);

/// The APIs that SAM makes for functions with events of an API that nobody describes, so that what names them finds
/// something.
///
/// See <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-api.html>.
fn implicit_apis(declared: &Map<String, Value>) -> Map<String, Value> {
    const APIS: &[Implicit] = &[
        (
            "Api",
            "RestApiId",
            [
                ("ServerlessRestApi", "AWS::ApiGateway::RestApi"),
                ("ServerlessRestApiProdStage", "AWS::ApiGateway::Stage"),
            ],
        ),
        (
            "HttpApi",
            "ApiId",
            [
                ("ServerlessHttpApi", "AWS::ApiGatewayV2::Api"),
                ("ServerlessHttpApiApiGatewayDefaultStage", "AWS::ApiGatewayV2::Stage"),
            ],
        ),
    ];
    let mut apis = Map::new();
    let events = declared
        .values()
        .flat_map(|resource| resource["Properties"]["Events"].as_object().into_iter().flatten());
    for (_, event) in events {
        let api = APIS
            .iter()
            .find(|(kind, named, _)| event["Type"] == *kind && event["Properties"].get(*named).is_none());
        for (id, kind) in api.into_iter().flat_map(|(.., resources)| resources) {
            if !declared.contains_key(*id) {
                apis.insert((*id).to_owned(), serde_json::json!({ "Type": kind }));
            }
        }
    }
    apis
}

/// A template's resources with those of SAM expanded; `directory` is where the template's relative paths start. Types that
/// are not here stay as they are.
pub(super) fn expand(
    mut declared: Map<String, Value>,
    globals: &Map<String, Value>,
    directory: &Path,
) -> Result<Expanded, Fault> {
    globals::check(globals)?;
    let (mut resources, mut names) = (Map::new(), Names::default());
    let left = connector::expand(&mut declared).into_iter();
    let mut passed_over: Vec<Fault> = left.map(|(id, fault)| fault.within(id)).collect();
    resources.extend(implicit_apis(&declared));
    for (id, resource) in declared {
        match resource.get("Type").and_then(Value::as_str) {
            Some(
                kind @ ("AWS::Serverless::Application"
                | "AWS::Serverless::Function"
                | "AWS::Serverless::LayerVersion"
                | "AWS::Serverless::StateMachine"),
            ) => {
                let parent = Parent::read(&id, kind, &resource, globals).map_err(|fault| fault.within(&id))?;
                let expanded = match kind {
                    "AWS::Serverless::Application" => application::expand(&parent, directory),
                    "AWS::Serverless::Function" => function::expand(&parent, directory),
                    "AWS::Serverless::LayerVersion" => layer::expand(&parent, directory),
                    _ => state_machine::expand(&parent, directory),
                };
                let expanded = match expanded {
                    // As a resource of a type that the local run does not have.
                    Err(fault) if fault.is_absent() => {
                        passed_over.push(fault.within(&id));
                        vec![(id.clone(), resource)]
                    }
                    expanded => {
                        let expanded = expanded.map_err(|fault| fault.within(&id))?;
                        passed_over.extend(parent.passed_over());
                        expanded
                    }
                };
                names.add(&id, &expanded);
                for (id, generated) in expanded {
                    if resources.insert(id.clone(), generated).is_some() {
                        return Err(Fault::new("is also the id of a resource that SAM generates").within(id));
                    }
                }
            }
            _ => {
                if resources.insert(id.clone(), resource).is_some() {
                    return Err(Fault::new("is also the id of a resource that SAM generates").within(id));
                }
            }
        }
    }
    resources.values_mut().for_each(|resource| names.resolve(resource));
    Ok(Expanded {
        resources,
        names,
        passed_over,
    })
}
