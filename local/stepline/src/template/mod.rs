//! CloudFormation and SAM templates. This reads them and creates nothing.
//!
//! [`Stack::open`] reads a template with the values of its parameters, expands SAM's resources, decides the conditions,
//! and orders the resources by their dependencies. The caller creates the resources one after the other. It gets the
//! properties of each with all functions resolved ([`Stack::resource`]), and says what came of it ([`Stack::made`]).
//! Nothing here knows a service.

mod code;
mod conditions;
mod config;
mod fault;
mod format;
mod order;
mod parameters;
mod references;
mod refused;
mod resolve;
mod sam;
mod scope;
mod sections;
mod stand_in;
mod yaml;

pub use config::{Deployed, SamConfig};
pub(crate) use fault::Fault;
pub use fault::TemplateError;
use fault::known;
pub(crate) use format::check;
pub(crate) use refused::Refused;
pub use scope::Made;
pub(crate) use scope::stack_id;

use platform::account::Account;
use scope::Scope;
use sections::{ABSENT_ATTRIBUTES, ABSENT_SECTIONS, RESOURCE_ATTRIBUTES, SECTIONS};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use yaml::Source;

/// A template with values for its parameters, ready for its resources to be created.
#[derive(Debug, Clone)]
pub struct Stack {
    file: PathBuf,
    source: Source,
    /// The resources after SAM's expansion.
    resources: Map<String, Value>,
    outputs: Map<String, Value>,
    order: Vec<String>,
    scope: Scope,
    passed_over: Vec<Fault>,
}

/// A resource with its functions resolved.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Resource {
    /// Its logical id.
    pub id: String,
    /// Its type, such as `AWS::SQS::Queue`.
    pub kind: String,
    /// Its properties.
    pub properties: Map<String, Value>,
    /// The logical ids of those that it names, or depends on.
    pub needs: BTreeSet<String>,
    /// Whether it stays when the template does not have it any more: its `DeletionPolicy`.
    pub is_retained: bool,
    /// Whether it goes all the same where its stack cannot be created.
    pub is_retained_once_created: bool,
    /// Whether it stays when another one takes its place: its `UpdateReplacePolicy`.
    pub is_retained_when_replaced: bool,
}

/// An output of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Its name in the template.
    pub name: String,
    /// Its value.
    pub value: String,
    /// The name under which other stacks can import it.
    pub export: Option<String>,
    /// What the template says of it.
    pub description: Option<String>,
}

/// A template as it is written, with the long forms of its functions: nothing is checked or resolved.
///
/// # Errors
/// The file cannot be read, or is not YAML.
pub(crate) fn read(file: &Path) -> Result<Value, TemplateError> {
    let locate = |fault: Fault| fault.locate(file.to_owned(), |_| None);
    let text = std::fs::read_to_string(file).map_err(|error| locate(Fault::new(error)))?;
    Source::read(&text).map(owned).map_err(locate)
}

/// The same of a template that is given as it is.
///
/// # Errors
/// It is not YAML.
pub(crate) fn read_text(text: &str) -> Result<Value, TemplateError> {
    let locate = |fault: Fault| fault.locate(PathBuf::new(), |_| None);
    Source::read(text).map(owned).map_err(locate)
}

fn owned(source: Source) -> Value {
    Arc::unwrap_or_clone(source.value)
}

impl Stack {
    /// Reads the template of what is to be deployed; other stacks have these exports.
    ///
    /// # Errors
    /// The file cannot be read, or something in it is wrong.
    pub fn open(
        deployed: &Deployed,
        account: &Account,
        exports: &BTreeMap<String, String>,
    ) -> Result<Self, TemplateError> {
        let file = &deployed.template;
        let locate = |fault: Fault| fault.locate(file.to_owned(), |_| None);
        let text = match &deployed.text {
            Some(text) => text.clone(),
            None => std::fs::read_to_string(file).map_err(|error| locate(Fault::new(error)))?,
        };
        let source = Source::read(&text).map_err(locate)?;
        Self::build(deployed, &source, account, exports)
            .map_err(|fault| fault.locate(file.to_owned(), |path| source.position(path)))
    }

    fn build(
        deployed: &Deployed,
        source: &Source,
        account: &Account,
        exports: &BTreeMap<String, String>,
    ) -> Result<Self, Fault> {
        let file = &deployed.template;
        let template = source
            .value
            .as_object()
            .ok_or_else(|| Fault::new("a template must be a map"))?;
        let mut passed_over = known(template, SECTIONS, ABSENT_SECTIONS, "a template")?;
        let section = |name: &str| section(template, name);
        let in_parameters = |fault: Fault| fault.within("Parameters");
        let parameters = parameters::values(&section("Parameters")?, deployed, account).map_err(in_parameters)?;
        passed_over.extend(parameters.passed_over.into_iter().map(in_parameters));
        let mappings = Value::Object(section("Mappings")?);
        let mut scope = Scope::new(
            account.clone(),
            &deployed.stack,
            parameters.values,
            mappings,
            exports.clone(),
        );
        conditions::decide(&section("Conditions")?, &mut scope).map_err(|fault| fault.within("Conditions"))?;
        let declared = section("Resources")?;
        if declared.is_empty() {
            return Err(Fault::new("a template must have at least one resource").within("Resources"));
        }
        let in_resources = |fault: Fault| fault.within("Resources");
        let (is_sam, others) = transforms(template.get("Transform"));
        passed_over.extend(others);
        let (mut resources, mut outputs) = (declared, section("Outputs")?);
        let directory = file.parent().unwrap_or(Path::new(""));
        if deployed.text.is_some() {
            code::uploaded(&mut resources).map_err(in_resources)?;
        }
        if is_sam {
            let expanded = sam::expand(resources, &section("Globals")?, directory).map_err(in_resources)?;
            resources = expanded.resources;
            outputs.values_mut().for_each(|output| expanded.names.resolve(output));
            passed_over.extend(expanded.passed_over.into_iter().map(in_resources));
        }
        let is_in_files = deployed.text.is_none();
        code::package(&mut resources, directory, is_in_files).map_err(in_resources)?;
        let repeated = unknown_shapes(&mut resources);
        passed_over.extend(repeated.into_iter().map(in_resources));
        let absent = absent(&resources, &scope, &mut passed_over).map_err(in_resources)?;
        leave_out(&absent, (&mut resources, &outputs), &scope, is_in_files)?;
        let order = order::creation(&resources, &scope).map_err(in_resources)?;
        Ok(Self {
            file: file.clone(),
            source: source.clone(),
            resources,
            outputs,
            order,
            scope,
            passed_over,
        })
    }

    /// The stack's name.
    pub fn name(&self) -> &str {
        self.scope.stack()
    }

    /// The template's file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The template after its transforms.
    pub(crate) fn processed(&self) -> Value {
        let sections = self.source.value.as_object().into_iter().flatten();
        let processed = sections.filter(|(name, _)| !matches!(name.as_str(), "Transform" | "Globals"));
        let processed = processed.map(|(name, section)| match name.as_str() {
            "Resources" => (name.clone(), self.resources.clone().into()),
            _ => (name.clone(), section.clone()),
        });
        Value::Object(processed.collect())
    }

    /// The type of a resource, after the transforms.
    pub(crate) fn kind(&self, id: &str) -> Option<&str> {
        self.resources.get(id)?.get("Type")?.as_str()
    }

    /// The exports of other stacks that it has imported so far.
    pub(crate) fn imports(&self) -> Vec<String> {
        self.scope.imports()
    }

    /// The stack's ARN.
    pub(crate) fn id(&self) -> String {
        self.scope.stack_id()
    }

    /// The value of a parameter that is text.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let value = self.scope.reference(name).ok()??;
        value.as_str().map(str::to_owned)
    }

    /// The names of the template's parameters.
    pub fn parameters(&self) -> Vec<String> {
        let declared = self.source.value["Parameters"].as_object();
        declared.into_iter().flat_map(Map::keys).cloned().collect()
    }

    /// Whether a condition of the template holds. A condition that it does not have does not hold.
    pub(crate) fn condition(&self, name: &str) -> bool {
        self.scope.condition(name).unwrap_or_default()
    }

    /// The logical ids in the order in which the resources can be created.
    pub fn order(&self) -> &[String] {
        &self.order
    }

    /// A resource whose dependencies have been made.
    ///
    /// # Errors
    /// A function in it cannot be resolved.
    pub fn resource(&mut self, id: &str) -> Result<Resource, TemplateError> {
        let mut passed_over = Vec::new();
        let resolved = self.resolved(id, &mut passed_over);
        let within = |fault: Fault| fault.within(id).within("Resources");
        self.passed_over.extend(passed_over.into_iter().map(within));
        resolved.map_err(|fault| self.locate(within(fault)))
    }

    /// The resource, without those of its properties that name what the local run does not have.
    fn resolved(&self, id: &str, passed_over: &mut Vec<Fault>) -> Result<Resource, Fault> {
        let declared = self.resources.get(id).and_then(Value::as_object);
        let declared = declared.ok_or_else(|| Fault::new("there is no such resource"))?;
        if order::is_unexpanded(&self.resources[id]) {
            // Nothing is made of it, but what refers to it wants its name.
            let properties = declared.get("Properties").and_then(Value::as_object);
            let texts = properties.into_iter().flatten().filter(|(_, value)| value.is_string());
            return Ok(Resource {
                id: id.to_owned(),
                kind: declared
                    .get("Type")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned(),
                properties: texts.map(|(name, value)| (name.clone(), value.clone())).collect(),
                ..Resource::default()
            });
        }
        let kind = declared.get("Type").and_then(Value::as_str);
        let kind = kind.ok_or_else(|| Fault::new("has no `Type`"))?;
        let mut properties = Map::new();
        match declared.get("Properties") {
            None => {}
            Some(Value::Object(declared)) => {
                for (name, value) in declared {
                    let within = |fault: Fault| fault.within(name).within("Properties");
                    match resolve::resolve(value, &self.scope).map_err(within) {
                        Ok(value) => properties.extend(value.map(|value| (name.clone(), value))),
                        Err(fault) if fault.is_absent() => passed_over.push(fault),
                        Err(fault) => return Err(fault),
                    }
                    passed_over.extend(self.scope.take_passed_over().into_iter().map(within));
                }
            }
            Some(_) => return Err(Fault::new("must be a map").within("Properties")),
        }
        let policy = |name: &str| declared.get(name).and_then(Value::as_str);
        let deletion = policy("DeletionPolicy");
        Ok(Resource {
            id: id.to_owned(),
            kind: kind.to_owned(),
            properties,
            needs: order::dependencies(&self.resources[id], &self.scope)?,
            is_retained: deletion.is_some_and(|policy| policy.starts_with("Retain")),
            is_retained_once_created: deletion == Some("RetainExceptOnCreate"),
            is_retained_when_replaced: policy("UpdateReplacePolicy") == Some("Retain"),
        })
    }

    /// What the local run does not have of the template, and goes on without: each at its place in the file.
    pub fn passed_over(&self) -> Vec<TemplateError> {
        self.passed_over
            .iter()
            .map(|fault| self.locate(fault.clone()))
            .collect()
    }

    /// Passes over something in the properties of a resource.
    pub(crate) fn pass_over(&mut self, fault: Fault) {
        self.passed_over.push(fault);
    }

    /// Says what came of a resource: the values of its `Ref` and `Fn::GetAtt`.
    pub fn made(&mut self, id: &str, made: Made) {
        self.scope.add(id, made);
    }

    /// The stack's outputs, once all resources have been made.
    ///
    /// # Errors
    /// A function in one cannot be resolved.
    pub fn outputs(&self) -> Result<Vec<Output>, TemplateError> {
        let mut outputs = Vec::new();
        for (name, output) in &self.outputs {
            match self.output(name, output) {
                // What stands for it elsewhere is passed over there.
                Err(fault) if fault.is_absent() => {}
                output => outputs.extend(output.map_err(|fault| self.locate(fault.within(name).within("Outputs")))?),
            }
        }
        Ok(outputs)
    }

    fn output(&self, name: &str, output: &Value) -> Result<Option<Output>, Fault> {
        if let Some(condition) = output.get("Condition").and_then(Value::as_str)
            && !self.scope.condition(condition)?
        {
            return Ok(None);
        }
        let text = |value: &Value| -> Result<String, Fault> {
            let value = resolve::resolve(value, &self.scope)?;
            resolve::plain(&value.unwrap_or_default())
        };
        let value = output.get("Value").ok_or_else(|| Fault::new("has no `Value`"))?;
        Ok(Some(Output {
            name: name.to_owned(),
            value: text(value).map_err(|fault| fault.within("Value"))?,
            export: output.pointer("/Export/Name").map(text).transpose()?,
            description: output.get("Description").and_then(Value::as_str).map(str::to_owned),
        }))
    }

    /// A fault at its place in the file.
    pub(crate) fn locate(&self, fault: Fault) -> TemplateError {
        fault.locate(self.file.clone(), |path| self.source.position(path))
    }
}

/// Whether SAM's is among the transforms of a template, and those that the local run does not have.
fn transforms(declared: Option<&Value>) -> (bool, Vec<Fault>) {
    let all = match declared {
        None => &[][..],
        Some(Value::Array(several)) => several,
        Some(one) => std::slice::from_ref(one),
    };
    let (sam, others): (Vec<&Value>, Vec<&Value>) = all.iter().partition(|name| **name == "AWS::Serverless-2016-10-31");
    let others = others.into_iter();
    let others =
        others.map(|name| Fault::absent(format_args!("the local run has no transform {name}")).within("Transform"));
    (!sam.is_empty(), others.collect())
}

/// Takes away what is no resource but stands for several: `Fn::ForEach`.
fn unknown_shapes(resources: &mut Map<String, Value>) -> Vec<Fault> {
    let loops: Vec<String> = resources.keys().filter(|id| id.starts_with("Fn::")).cloned().collect();
    loops
        .into_iter()
        .map(|id| {
            resources.shift_remove(&id);
            Fault::absent("the local run has no such function").within(id)
        })
        .collect()
}

/// The resources that a condition leaves out. This also checks the shape of all resources.
fn absent(resources: &Map<String, Value>, scope: &Scope, passed_over: &mut Vec<Fault>) -> Result<Vec<String>, Fault> {
    let mut absent = Vec::new();
    for (id, resource) in resources {
        let mut check = || -> Result<bool, Fault> {
            let fields = resource
                .as_object()
                .ok_or_else(|| Fault::new("a resource must be a map"))?;
            let others = known(fields, RESOURCE_ATTRIBUTES, ABSENT_ATTRIBUTES, "a resource")?.into_iter();
            passed_over.extend(others.map(|fault| fault.within(id).within("Resources")));
            match fields.get("Condition") {
                None => Ok(true),
                Some(Value::String(condition)) => scope.condition(condition).map_err(|fault| fault.within("Condition")),
                Some(_) => Err(Fault::new("must be the name of a condition").within("Condition")),
            }
        };
        if !check().map_err(|fault| fault.within(id))? {
            absent.push(id.clone());
        }
    }
    Ok(absent)
}

/// Takes away the resources that a condition leaves out. Where a template is in no file, no other may name them.
fn leave_out(
    absent: &[String],
    (resources, outputs): (&mut Map<String, Value>, &Map<String, Value>),
    scope: &Scope,
    is_in_files: bool,
) -> Result<(), Fault> {
    resources.retain(|id, _| !absent.contains(id));
    match is_in_files {
        true => Ok(()),
        false => order::refuse_absent(absent, resources, outputs, scope),
    }
}

fn section(template: &Map<String, Value>, name: &str) -> Result<Map<String, Value>, Fault> {
    match template.get(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(section)) => Ok(section.clone()),
        Some(_) => Err(Fault::new("must be a map").within(name)),
    }
}
