//! What makes the resources of templates. CloudFormation itself knows no template's language and no resource: it keeps
//! the stacks, and tells the engine what to do.

use platform::{Principal, ServiceError};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::pin::Pin;

/// What an engine is doing; where it fails, it says why, for people.
pub type Doing<T> = Pin<Box<dyn Future<Output = Result<T, String>> + Send>>;

/// A stack as somebody wants it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// The stack's name.
    pub stack: String,
    /// Its template, as it was given.
    pub template: String,
    /// The values of the template's parameters.
    pub values: BTreeMap<String, String>,
}

/// What a template says of itself, whatever values its parameters have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Its description.
    pub description: Option<String>,
    /// Its parameters, in order.
    pub parameters: Vec<Declared>,
    /// The types of its resources.
    pub kinds: Vec<String>,
    /// Its transforms.
    pub transforms: Vec<String>,
    /// What must be acknowledged before it is deployed, and why.
    pub capability: Option<(&'static str, String)>,
    /// Whether it nests stacks. Their own templates say what must be acknowledged for them.
    pub nests: bool,
}

/// A parameter of a template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Declared {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// The value that it has without another one.
    pub default: Option<String>,
    /// Whether its value is not shown.
    pub is_hidden: bool,
    /// Its description.
    pub description: Option<String>,
    /// The values that it can have, if not every one.
    pub allowed: Vec<String>,
}

/// What a template with its values would make.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The template after its transforms.
    pub processed: String,
    /// How it differs from what is there.
    pub changes: Vec<Change>,
    /// The exports of other stacks that it imports.
    pub imports: Vec<String>,
    /// The stacks that it nests.
    pub nested: Vec<Nested>,
}

/// A stack that a template nests, as its resource wants it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Nested {
    /// Its name in the outer template.
    pub logical_id: String,
    /// Where its template is.
    pub template_url: String,
    /// The values of its parameters.
    pub values: BTreeMap<String, String>,
    /// Its own tags: keys and values.
    pub tags: Vec<(String, String)>,
}

/// How one resource would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// `Add`, `Modify` or `Remove`.
    pub action: Action,
    /// Its name in the template.
    pub logical_id: String,
    /// What `Ref` gives of it, if it is there.
    pub physical_id: Option<String>,
    /// Its type.
    pub kind: String,
    /// Whether another one takes its place.
    pub is_replaced: bool,
    /// The properties that differ.
    pub properties: Vec<String>,
    /// The change set of the stack that the resource is, if there is one.
    #[serde(default)]
    pub change_set: Option<String>,
}

/// What a change does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Action {
    /// It makes a resource.
    Add,
    /// It changes one.
    Modify,
    /// It removes one.
    Remove,
}

/// An output of a stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Its name in the template.
    pub name: String,
    /// Its value.
    pub value: String,
    /// The name under which other stacks can import it.
    pub export: Option<String>,
    /// Its description.
    #[serde(default)]
    pub description: Option<String>,
}

/// How much of a stack is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// What its template does not have any more.
    Gone,
    /// All of it.
    All,
    /// All of it, because it could not be created: what is retained but for that goes, too.
    NotCreated,
}

/// Makes the resources of templates. Errors are sentences for people.
pub trait Engine: Send + Sync {
    /// The ARN of a stack of this name.
    fn stack_id(&self, stack: &str) -> String;

    /// Reads a template.
    ///
    /// # Errors
    /// It is none, or has what the local run does not have.
    fn summary(&self, template: &str) -> Result<Summary, ServiceError>;

    /// Reads a template with its values, and compares it with what is there.
    ///
    /// # Errors
    /// A value does not fit, or something in the template is wrong.
    fn plan(&self, wanted: &Wanted) -> Result<Plan, String>;

    /// Makes and changes the resources of a stack, as the principal. What the template does not have stays.
    ///
    /// It fails with the first failure, whose resource an event names.
    fn make(&self, wanted: Wanted, caller: Principal) -> Doing<Vec<Shown>>;

    /// Removes of a stack what is to be removed.
    ///
    /// It fails with what could not be removed.
    fn remove(&self, stack: Wanted, caller: Principal, extent: Extent) -> Doing<()>;
}
