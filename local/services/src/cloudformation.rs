//! CloudFormation, as far as it says which stacks there are. A deployment adds its stack here.
//!
//! Follows <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/Welcome.html>.

use jiff::Timestamp;
use platform::store::{Rows, Store, StoreError};
use platform::{Call, ErrorKind, Operation, Operations, Platform, Served, ServiceError};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

/// The account's stacks.
#[derive(Debug, Default)]
pub struct CloudFormation {
    stacks: Mutex<BTreeMap<String, Stack>>,
    /// What was made of the resources that last, by stack and logical id.
    records: Rows<Record>,
}

/// What was made of a resource that lasts longer than a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its type, such as `AWS::SQS::Queue`.
    pub kind: String,
    /// What it was asked for with.
    pub properties: Value,
    /// What `Ref` gives of it. None while it is being made.
    pub reference: Option<Value>,
    /// What `Fn::GetAtt` gives of it.
    pub attributes: BTreeMap<String, Value>,
    /// Whether it stays when the template does not have it any more.
    pub is_retained: bool,
}

/// A stack that has been deployed.
#[derive(Debug)]
struct Stack {
    created: Timestamp,
    resources: Vec<StackResource>,
}

/// A resource of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackResource {
    /// Its name in the template.
    pub logical_id: String,
    /// What `Ref` gives of it.
    pub physical_id: String,
    /// Its type, such as `AWS::SQS::Queue`.
    pub kind: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DescribeStacks {
    stack_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct DescribeStackResources {
    stack_name: Option<String>,
    physical_resource_id: Option<String>,
}

impl Served for CloudFormation {
    const SIGNING_NAME: &'static str = "cloudformation";

    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<CloudFormation>> = LazyLock::new(|| {
            Operations::new([
                Operation::on(
                    "DescribeStacks",
                    |platform, input: &DescribeStacks| all_of(platform, input.stack_name.as_deref()),
                    CloudFormation::describe_stacks,
                ),
                Operation::on(
                    "DescribeStackResources",
                    |platform, input: &DescribeStackResources| all_of(platform, input.stack_name.as_deref()),
                    CloudFormation::describe_stack_resources,
                ),
            ])
        });
        &TABLE
    }
}

impl CloudFormation {
    /// CloudFormation with what this store keeps of it.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(store: &Store) -> Result<Self, StoreError> {
        Ok(Self {
            stacks: Mutex::default(),
            records: Rows::open(store, "cloudformation/resources")?,
        })
    }

    /// What was made of a stack's resource, in this run or an earlier one.
    pub fn recorded(&self, stack: &str, logical_id: &str) -> Option<Record> {
        self.records.lock().get(&key(stack, logical_id)).cloned()
    }

    /// Notes what is made of a stack's resource.
    pub fn record(&self, stack: &str, logical_id: &str, record: Record) {
        self.records.lock().insert(key(stack, logical_id), record);
    }

    /// The resources of a stack that last, by their logical ids.
    pub fn records(&self, stack: &str) -> Vec<(String, Record)> {
        let records = self.records.lock();
        let prefix = key(stack, "");
        let of_stack = records
            .iter()
            .filter_map(|(key, record)| Some((key.strip_prefix(&prefix)?.to_owned(), record.clone())));
        of_stack.collect()
    }

    /// Forgets a resource that is gone.
    pub fn forget(&self, stack: &str, logical_id: &str) {
        self.records.lock().remove(&key(stack, logical_id));
    }

    fn stacks(&self) -> MutexGuard<'_, BTreeMap<String, Stack>> {
        self.stacks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a stack that has been deployed.
    pub fn deployed(&self, name: &str, resources: Vec<StackResource>) {
        let created = Timestamp::now();
        self.stacks().insert(name.to_owned(), Stack { created, resources });
    }

    /// Whether a stack of this name has been deployed.
    pub fn has(&self, name: &str) -> bool {
        self.stacks().contains_key(name)
    }

    fn describe_stacks(&self, call: &Call, input: DescribeStacks) -> Result<Value, ServiceError> {
        let stacks = self.stacks();
        let asked = stacks
            .iter()
            .filter(|(name, _)| input.stack_name.as_ref().is_none_or(|asked| asked == *name));
        let described: Vec<Value> = asked
            .map(|(name, stack)| {
                json!({
                    "StackName": name,
                    "StackId": arn(&call.platform, name),
                    "CreationTime": stack.created.to_string(),
                    "StackStatus": "CREATE_COMPLETE",
                })
            })
            .collect();
        match &input.stack_name {
            Some(asked) if described.is_empty() => {
                let message = format_args!("Stack with id {asked} does not exist");
                Err(ServiceError::validation(message).of_kind(ErrorKind::NotFound))
            }
            _ => Ok(json!({"Stacks": described})),
        }
    }

    /// The resources of one stack. The stack is given by its name, or by the id of one of its resources.
    fn describe_stack_resources(&self, call: &Call, input: DescribeStackResources) -> Result<Value, ServiceError> {
        let stacks = self.stacks();
        let found = match (&input.stack_name, &input.physical_resource_id) {
            (Some(name), None) => stacks.get_key_value(name),
            (None, Some(id)) => stacks
                .iter()
                .find(|(_, stack)| stack.resources.iter().any(|resource| resource.physical_id == *id)),
            _ => {
                let message = "either `StackName` or `PhysicalResourceId` must be given";
                return Err(ServiceError::validation(message));
            }
        };
        let (name, stack) = found.ok_or_else(|| {
            let asked = input.stack_name.as_ref().or(input.physical_resource_id.as_ref());
            ServiceError::validation(format_args!(
                "Stack for {} does not exist",
                asked.map_or("", String::as_str)
            ))
        })?;
        let resources: Vec<Value> = stack
            .resources
            .iter()
            .map(|resource| {
                json!({
                    "StackName": name,
                    "StackId": arn(&call.platform, name),
                    "LogicalResourceId": resource.logical_id,
                    "PhysicalResourceId": resource.physical_id,
                    "ResourceType": resource.kind,
                    "Timestamp": stack.created.to_string(),
                    "ResourceStatus": "CREATE_COMPLETE",
                })
            })
            .collect();
        Ok(json!({"StackResources": resources}))
    }
}

fn key(stack: &str, logical_id: &str) -> String {
    format!("{stack}/{logical_id}")
}

/// The ARN of every stack of a name, or of every stack where no name is given.
fn all_of(platform: &Platform, stack: Option<&str>) -> String {
    let stack = format_args!("stack/{}/*", stack.unwrap_or("*"));
    platform.account.arn("cloudformation", stack)
}

fn arn(platform: &Platform, stack: &str) -> String {
    platform
        .account
        .arn("cloudformation", format_args!("stack/{stack}/local"))
}
