//! Stacks that a template nests: `AWS::CloudFormation::Stack`, and what SAM makes of its applications.
//!
//! Follows <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-stack.html>.

use super::maker::{Failure, Maker, NestedTemplate, Nesting};
use super::properties::{Properties, text};
use crate::template::{self, Fault, Made};
use serde_json::{Map, Value};
use services::cloudformation::nested_name;
use std::collections::BTreeMap;

/// `AWS::CloudFormation::Stack`: what becomes of its outputs is read by `Fn::GetAtt` with `Outputs.Name`.
pub(super) async fn stack(maker: &Maker<'_>, properties: Properties) -> Result<Made, Failure> {
    let nesting = read(maker.id, properties)?;
    let name = nested_name(maker.stack, maker.id);
    let id = template::stack_id(&maker.cloud.account, &name);
    maker.has_made(id.clone().into());
    let outputs = maker.nests.make(maker, nesting).await;
    let outputs = outputs.inspect_err(|_| {
        // Of what was refused before it began there is nothing.
        if maker.cloud.cloudformation.wanted(&name).is_none() {
            maker.take_made();
        }
    })?;
    let left_out = left_out(maker, &name, &outputs);
    let made = outputs.into_iter().fold(Made::new(id.clone()), |made, (name, value)| {
        made.with(&format!("Outputs.{name}"), value)
    });
    let made = left_out.into_iter().fold(made, |made, name| {
        // What stands for it says so itself, as of any attribute that is not here.
        made.with(&format!("Outputs.{name}"), format!("{id}.Outputs.{name}"))
    });
    Ok(made)
}

/// The outputs that the local run could not make, as they name what it does not have.
fn left_out(maker: &Maker<'_>, stack: &str, outputs: &[(String, String)]) -> Vec<String> {
    let wanted = maker.cloud.cloudformation.wanted(stack).unwrap_or_default();
    let read = template::read_text(&wanted.template).unwrap_or_default();
    let declared = read["Outputs"].as_object().into_iter().flatten();
    declared
        .filter(|(name, output)| output.get("Condition").is_none() && outputs.iter().all(|(made, _)| made != *name))
        .map(|(name, _)| name.clone())
        .collect()
}

/// Reads the properties of a nested stack.
///
/// # Errors
/// One of them is not what it must be.
pub(super) fn read(id: &str, mut properties: Properties) -> Result<Nesting, Fault> {
    let template = match properties.require("TemplateURL")? {
        Value::String(url) => NestedTemplate::Url(url),
        Value::Object(path) if path.contains_key("LocalPath") => {
            NestedTemplate::File(path["LocalPath"].as_str().unwrap_or_default().into())
        }
        _ => return Err(Fault::new("must be text").within("TemplateURL")),
    };
    let values = match properties.take("Parameters") {
        None => Map::new(),
        Some(Value::Object(values)) => values,
        Some(_) => return Err(Fault::new("must be a map").within("Parameters")),
    };
    let values: Result<BTreeMap<String, String>, Fault> = values
        .into_iter()
        .map(|(name, value)| match text(&value) {
            Ok(value) => Ok((name, value)),
            Err(_) => Err(
                Fault::new("must be text: a list is passed on as one text with commas (`!Join [\",\", …]`)")
                    .within(name)
                    .within("Parameters"),
            ),
        })
        .collect();
    let tags = properties.take_tags()?;
    // Nothing here is waited for longer than it takes.
    properties.ignore(&["TimeoutInMinutes"]);
    properties.finish()?;
    Ok(Nesting {
        logical_id: id.to_owned(),
        template,
        values: values?,
        tags,
    })
}
