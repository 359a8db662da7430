//! The names in a template that is given to CloudFormation: whatever a function names must be there.
//!
//! Follows <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>.

use super::refused::{Refused, wrong};
use super::resolve::{Piece, pieces};
use serde_json::{Map, Value};

/// What a template has, by its names.
struct Names<'t> {
    template: &'t Map<String, Value>,
}

/// Names that are nowhere, in the order in which they are met.
type Missing = Vec<String>;

/// Checks the functions of the resources and the outputs, and what the conditions name.
///
/// # Errors
/// One is written wrongly, or names what is not there.
pub(super) fn check(template: &Map<String, Value>) -> Result<(), Refused> {
    let names = Names { template };
    if let Some(conditions) = template.get("Conditions") {
        let mut missing = Missing::new();
        names.in_conditions(conditions, &mut missing);
        if !missing.is_empty() {
            return wrong(format_args!(
                "Template format error: Unresolved dependencies [{}]. Cannot reference resources in the Conditions \
                 block of the template",
                missing.join(", ")
            ));
        }
    }
    // Transforms and loops make resources of which nothing is known here.
    if template.contains_key("Transform") || template.values().any(makes_more) {
        return Ok(());
    }
    let mut missing = Missing::new();
    for resource in template["Resources"].as_object().into_iter().flat_map(Map::values) {
        let depends = match resource.get("DependsOn") {
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(one)) => vec![one.as_str()],
            _ => Vec::new(),
        };
        depends
            .into_iter()
            .filter(|name| !names.is_resource(name))
            .for_each(|name| add(&mut missing, name));
        if let Some(properties) = resource.get("Properties") {
            names.walk(properties, &mut missing)?;
        }
    }
    if !missing.is_empty() {
        return wrong(format_args!(
            "Template format error: Unresolved resource dependencies [{}] in the Resources block of the template",
            missing.join(", ")
        ));
    }
    if let Some(outputs) = template.get("Outputs") {
        names.walk(outputs, &mut missing)?;
    }
    if !missing.is_empty() {
        // AWS says this one without a word before it.
        return wrong(format_args!(
            "Unresolved resource dependencies [{}] in the Outputs block of the template",
            missing.join(", ")
        ));
    }
    Ok(())
}

/// Whether there is a function in it that makes something else of what it is in.
fn makes_more(value: &Value) -> bool {
    match value {
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| name == "Fn::Transform" || name.starts_with("Fn::ForEach") || makes_more(value)),
        Value::Array(items) => items.iter().any(makes_more),
        _ => false,
    }
}

fn add(missing: &mut Missing, name: &str) {
    if !missing.iter().any(|known| known == name) {
        missing.push(name.to_owned());
    }
}

impl Names<'_> {
    fn has(&self, section: &str, name: &str) -> bool {
        self.template
            .get(section)
            .is_some_and(|section| section.get(name).is_some())
    }

    fn is_resource(&self, name: &str) -> bool {
        self.has("Resources", name)
    }

    fn is_there(&self, name: &str) -> bool {
        name.starts_with("AWS::") || self.has("Parameters", name) || self.is_resource(name)
    }

    /// Conditions are decided before anything is made: only parameters can be named.
    fn in_conditions(&self, value: &Value, missing: &mut Missing) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match (name.as_str(), value) {
                        ("Ref", Value::String(name)) if !name.starts_with("AWS::") && !self.has("Parameters", name) => {
                            add(missing, name);
                        }
                        _ => self.in_conditions(value, missing),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.in_conditions(item, missing)),
            _ => {}
        }
    }

    fn walk(&self, value: &Value, missing: &mut Missing) -> Result<(), Refused> {
        match value {
            Value::Object(fields) => match super::resolve::function(fields) {
                Some((name, argument)) => self.call(name, argument, missing),
                None => fields.values().try_for_each(|value| self.walk(value, missing)),
            },
            Value::Array(items) => items.iter().try_for_each(|item| self.walk(item, missing)),
            _ => Ok(()),
        }
    }

    fn call(&self, name: &str, argument: &Value, missing: &mut Missing) -> Result<(), Refused> {
        match (name, argument) {
            ("Ref", Value::String(name)) if self.is_there(name) => Ok(()),
            ("Ref", Value::String(name)) => {
                add(missing, name);
                Ok(())
            }
            ("Ref", _) => wrong("Template error: every Ref object must have a single String value."),
            ("Fn::GetAtt", _) => self.get_att(argument),
            ("Fn::Sub", _) => self.sub(argument, missing),
            ("Fn::If", Value::Array(items)) => self.chosen(items, missing),
            ("Fn::FindInMap", Value::Array(items)) => match items.first() {
                Some(Value::String(map)) if !self.has("Mappings", map) => wrong(format_args!(
                    "Template error: Mapping named '{map}' is not present in the 'Mappings' section of template."
                )),
                _ => self.walk(argument, missing),
            },
            _ => self.walk(argument, missing),
        }
    }

    fn get_att(&self, argument: &Value) -> Result<(), Refused> {
        let resource = match argument {
            Value::String(dotted) => match dotted.split_once('.') {
                Some((resource, attribute)) if !resource.is_empty() && !attribute.is_empty() => resource,
                _ => {
                    return wrong(
                        "Template error: if specifying one argument to Fn::GetAtt, that argument must be a non-empty \
                         string in format <LogicalId>.<Attribute>",
                    );
                }
            },
            Value::Array(items) => match items.as_slice() {
                [Value::String(resource), attribute] if !resource.is_empty() && attribute != "" => resource,
                _ => return two_parameters(),
            },
            _ => return two_parameters(),
        };
        if self.is_resource(resource) {
            return Ok(());
        }
        wrong(format_args!(
            "Template error: instance of Fn::GetAtt references undefined resource {resource}"
        ))
    }

    fn sub(&self, argument: &Value, missing: &mut Missing) -> Result<(), Refused> {
        let (text, own) = match argument {
            Value::String(text) => (text.as_str(), None),
            Value::Array(items) => (items.first().and_then(Value::as_str).unwrap_or_default(), items.get(1)),
            _ => return Ok(()),
        };
        for piece in pieces(text).unwrap_or_default() {
            let Piece::Variable(name) = piece else { continue };
            if own.is_some_and(|own| own.get(name).is_some()) {
                continue;
            }
            match name.split_once('.') {
                Some((resource, _)) if !self.is_resource(resource) => {
                    return wrong(format_args!(
                        "Template error: instance of Fn::Sub references invalid resource attribute {name}"
                    ));
                }
                None if !self.is_there(name) => add(missing, name),
                _ => {}
            }
        }
        own.map_or(Ok(()), |own| self.walk(own, missing))
    }

    fn chosen(&self, items: &[Value], missing: &mut Missing) -> Result<(), Refused> {
        if let Some(Value::String(name)) = items.first()
            && !self.has("Conditions", name)
        {
            return wrong(format_args!(
                "Template error: unresolved condition dependency {name} in Fn::If"
            ));
        }
        items.iter().skip(1).try_for_each(|item| self.walk(item, missing))
    }
}

fn two_parameters() -> Result<(), Refused> {
    wrong(
        "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource \
         attribute",
    )
}
