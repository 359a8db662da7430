//! What the names in a template mean: parameters, conditions, mappings, and the resources that are there already.

use super::fault::Fault;
use platform::account::Account;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// A created resource, as the rest of its template sees it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Made {
    /// The value of `Ref`.
    pub reference: Value,
    /// The values of `Fn::GetAtt`, by attribute.
    pub attributes: BTreeMap<String, Value>,
    /// Whether it only stands for a resource that the local run does not have.
    pub is_stand_in: bool,
}

impl Made {
    /// A resource with this value of `Ref`.
    pub fn new(reference: impl Into<Value>) -> Self {
        Self {
            reference: reference.into(),
            ..Self::default()
        }
    }

    /// The same with one more attribute.
    #[must_use]
    pub fn with(mut self, attribute: &str, value: impl Into<Value>) -> Self {
        self.attributes.insert(attribute.to_owned(), value.into());
        self
    }
}

/// All names and their meaning.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    account: Account,
    stack: String,
    parameters: BTreeMap<String, Value>,
    mappings: Value,
    conditions: BTreeMap<String, bool>,
    made: BTreeMap<String, Made>,
    exports: BTreeMap<String, String>,
    /// Those of them that were imported.
    imports: Arc<Mutex<BTreeSet<String>>>,
    /// What could not be resolved here since it was last asked for.
    passed_over: Arc<Mutex<Vec<Fault>>>,
}

impl Scope {
    /// A scope with these parameters, the template's mappings, and the exports of other stacks.
    pub(crate) fn new(
        account: Account,
        stack: &str,
        parameters: BTreeMap<String, Value>,
        mappings: Value,
        exports: BTreeMap<String, String>,
    ) -> Self {
        Self {
            account,
            stack: stack.to_owned(),
            parameters,
            mappings,
            conditions: BTreeMap::new(),
            made: BTreeMap::new(),
            exports,
            imports: Arc::default(),
            passed_over: Arc::default(),
        }
    }

    /// Says whether a condition holds.
    pub(super) fn decided(&mut self, condition: &str, holds: bool) {
        self.conditions.insert(condition.to_owned(), holds);
    }

    /// Whether a condition has been decided.
    pub(super) fn has_decided(&self, condition: &str) -> bool {
        self.conditions.contains_key(condition)
    }

    /// Makes a resource known.
    pub(crate) fn add(&mut self, id: &str, made: Made) {
        self.made.insert(id.to_owned(), made);
    }

    /// The value of `Ref`; None for `AWS::NoValue`.
    pub(super) fn reference(&self, name: &str) -> Result<Option<Value>, Fault> {
        let account = &self.account;
        let value: Value = match name {
            "AWS::NoValue" => return Ok(None),
            "AWS::AccountId" => account.id.as_str().into(),
            "AWS::Region" => account.region.as_str().into(),
            "AWS::Partition" => account.partition.as_str().into(),
            "AWS::URLSuffix" if account.partition == "aws-cn" => "amazonaws.com.cn".into(),
            "AWS::URLSuffix" => "amazonaws.com".into(),
            "AWS::StackName" => self.stack.as_str().into(),
            "AWS::StackId" => self.stack_id().into(),
            "AWS::NotificationARNs" => Value::Array(Vec::new()),
            _ => {
                let parameter = self.parameters.get(name);
                let value = parameter.or_else(|| self.made.get(name).map(|made| &made.reference));
                value
                    .cloned()
                    .ok_or_else(|| Fault::new(format_args!("there is no parameter or resource `{name}`")))?
            }
        };
        Ok(Some(value))
    }

    /// The value of `Fn::GetAtt`.
    pub(super) fn attribute(&self, resource: &str, attribute: &str) -> Result<Value, Fault> {
        let made = self
            .made
            .get(resource)
            .ok_or_else(|| Fault::new(format_args!("there is no resource `{resource}`")))?;
        if let Some(value) = made.attributes.get(attribute) {
            return Ok(value.clone());
        }
        if let Some(output) = attribute.strip_prefix("Outputs.").filter(|_| !made.is_stand_in) {
            let stack = made.reference.as_str().unwrap_or_default();
            return Err(Fault::new(format_args!(
                "Output '{output}' not found in stack '{stack}'"
            )));
        }
        let value = made.plausible(attribute);
        if !made.is_stand_in {
            self.pass_over(Fault::absent(format_args!(
                "the resource `{resource}` has no attribute `{attribute}` in the local run: {value} stands for it"
            )));
        }
        Ok(value)
    }

    /// Notes what the local run does not have, and goes on without.
    pub(super) fn pass_over(&self, fault: Fault) {
        let mut faults = self.passed_over.lock().unwrap_or_else(PoisonError::into_inner);
        faults.push(fault);
    }

    /// What was passed over since this was last asked.
    pub(super) fn take_passed_over(&self) -> Vec<Fault> {
        std::mem::take(&mut self.passed_over.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether a condition of the template holds.
    pub(super) fn condition(&self, name: &str) -> Result<bool, Fault> {
        self.conditions
            .get(name)
            .copied()
            .ok_or_else(|| Fault::new(format_args!("there is no condition `{name}`")))
    }

    /// The value of `Fn::FindInMap`.
    pub(super) fn find_in_map(&self, map: &str, first: &str, second: &str) -> Result<Value, Fault> {
        let found = [map, first, second]
            .iter()
            .try_fold(&self.mappings, |value, key| value.get(*key));
        found.cloned().ok_or_else(|| {
            Fault::new(format_args!(
                "Template error: Unable to get mapping for {map}::{first}::{second}"
            ))
        })
    }

    /// The value of `Fn::ImportValue`.
    pub(super) fn import(&self, name: &str) -> Result<Value, Fault> {
        let value = self.exports.get(name);
        self.imports
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.to_owned());
        value
            .map(|value| value.as_str().into())
            .ok_or_else(|| Fault::new(format_args!("No export named {name} found")))
    }

    /// The names that were imported.
    pub(super) fn imports(&self) -> Vec<String> {
        let imports = self.imports.lock().unwrap_or_else(PoisonError::into_inner);
        imports.iter().cloned().collect()
    }

    /// The region.
    pub(super) fn region(&self) -> &str {
        &self.account.region
    }

    /// The stack's name.
    pub(crate) fn stack(&self) -> &str {
        &self.stack
    }

    /// The stack's ARN.
    pub(crate) fn stack_id(&self) -> String {
        stack_id(&self.account, &self.stack)
    }
}

/// The ARN of a stack. The id at its end comes from the name, so that it is the same in every run.
pub(crate) fn stack_id(account: &Account, stack: &str) -> String {
    use sha2::Digest as _;
    let hash = hex::encode(sha2::Sha256::digest(stack));
    let id = [&hash[..8], &hash[8..12], &hash[12..16], &hash[16..20], &hash[20..32]].join("-");
    account.arn("cloudformation", format_args!("stack/{stack}/{id}"))
}
