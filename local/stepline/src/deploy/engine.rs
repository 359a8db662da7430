//! What stands behind CloudFormation's operations: templates that somebody gives, and the makers of their resources.

use super::asked::{AskedFor, as_nested, values};
use super::maker::{Failure, Inner, Maker, Nesting, Nests, Occasion, Place};
use super::properties::Properties;
use super::removal::STACK;
use super::stack::{self, Trouble};
use super::{lasting, needs, nested};
use crate::cloud::Cloud;
use crate::template::{self, Deployed, Made, Resource, Stack, TemplateError};
use platform::journal::Happening;
use platform::{Principal, ServiceError};
use serde_json::{Map, Value};
use services::cloudformation::{
    ACTING, Action, Change, Doing, Engine, Extent, Left, Nested, Plan, Record, Shown, Summary, Wanted, nested_name,
};
use std::sync::{Arc, Weak};

/// Has the account's CloudFormation make what somebody asks it for, in each region.
pub fn stand_behind(cloud: &Arc<Cloud>) {
    let engine = Templates(Arc::downgrade(cloud));
    cloud.cloudformation.set_engine(Arc::new(engine));
    cloud.on_new_region(stand_behind);
}

/// Makes again what others have deployed in earlier runs, as far as it has not lasted.
pub async fn resume(cloud: &Arc<Cloud>) {
    for Left { wanted, role } in cloud.cloudformation.of_others() {
        let name = wanted.stack.clone();
        let caller = match role {
            // What the last change has brought was not there yet: it is made with the permissions that the change had.
            Some(role) => cloud.iam.session(&role, ACTING, Vec::new()),
            None => Ok(Principal::Administrator),
        };
        let made = match caller {
            Ok(caller) => make(cloud, wanted, (caller, Occasion::Again)).await,
            Err(error) => Err(error.message),
        };
        if let Err(reason) = made {
            let text = format!("stack {name}, which was deployed before, is not whole: {reason}");
            cloud.journal.record(Happening::Note { text });
        }
    }
}

/// The account, which holds its CloudFormation, which holds this.
struct Templates(Weak<Cloud>);

impl Templates {
    fn cloud(&self) -> Result<Arc<Cloud>, String> {
        self.0.upgrade().ok_or_else(|| "the account is gone".to_owned())
    }
}

impl Engine for Templates {
    fn stack_id(&self, stack: &str) -> String {
        self.cloud()
            .map_or_else(|_| stack.to_owned(), |cloud| template::stack_id(&cloud.account, stack))
    }

    fn summary(&self, template: &str) -> Result<Summary, ServiceError> {
        let wrong = |reason: String| ServiceError::validation(format_args!("Template format error: {reason}"));
        let read = template::read_text(template).map_err(|error| wrong(error.to_string()))?;
        template::check(&read).map_err(|refused| match refused {
            template::Refused::Wrong(sentence) => ServiceError::validation(sentence),
            template::Refused::Absent(what) => ServiceError::not_in_local_run("cloudformation", &what),
        })?;
        needs::summary(template).map_err(wrong)
    }

    fn plan(&self, wanted: &Wanted) -> Result<Plan, String> {
        let cloud = self.cloud()?;
        let mut stack = open(&cloud, wanted)?;
        plan(&cloud, &mut stack).map_err(words)
    }

    fn make(&self, wanted: Wanted, caller: Principal) -> Doing<Vec<Shown>> {
        let cloud = self.cloud();
        Box::pin(async move { make(&cloud?, wanted, (caller, Occasion::Asked)).await })
    }

    fn remove(&self, wanted: Wanted, caller: Principal, extent: Extent) -> Doing<()> {
        let cloud = self.cloud();
        Box::pin(async move { remove(&cloud?, &wanted, &caller, extent).await })
    }
}

/// How sentences of AWS's begin.
const OF_AWS: [&str; 2] = ["Circular dependency", "Template error:"];

/// What is wrong with a template that is in no file. AWS's own sentences stand for themselves.
fn words(error: TemplateError) -> String {
    let is_whole = |start: &&str| error.message.starts_with(start);
    match error.path.is_empty() || OF_AWS.iter().any(is_whole) {
        true => error.message,
        false => format!("{}: {}", error.path, error.message),
    }
}

fn open(cloud: &Cloud, wanted: &Wanted) -> Result<Stack, String> {
    let deployed = Deployed {
        stack: wanted.stack.clone(),
        text: Some(wanted.template.clone()),
        values: wanted.values.clone(),
        ..Deployed::default()
    };
    let exports = cloud.cloudformation.exports(&wanted.stack);
    Stack::open(&deployed, &cloud.account, &exports).map_err(words)
}

/// Compares a stack with what is there. What would be new is stood in for, so that what refers to it can be compared.
fn plan(cloud: &Cloud, stack: &mut Stack) -> Result<Plan, TemplateError> {
    let (mut changes, mut inner) = (Vec::new(), Vec::new());
    let name = stack.name().to_owned();
    let order = stack.order().to_vec();
    lasting::same_types(cloud, stack)?;
    for id in &order {
        let resource = stack.resource(id)?;
        let known = cloud.cloudformation.recorded(&name, id);
        let known = known.filter(|known| known.kind == resource.kind);
        let change = change(&resource, known.as_ref());
        inner.extend(nested_of(&resource));
        let stays = change.as_ref().is_none_or(|change| !change.is_replaced);
        changes.extend(change);
        let made = known.as_ref().and_then(lasting::as_made).filter(|_| stays);
        let stand_in = || {
            Made::stand_in(
                &cloud.account,
                &resource.kind,
                &resource.properties,
                &format!("{name}-{id}"),
            )
        };
        let mut made = made.unwrap_or_else(stand_in);
        // What a nested stack has as outputs is only known once it is made.
        made.is_stand_in |= resource.kind == STACK;
        stack.made(id, made);
    }
    let records = cloud.cloudformation.records(&name).into_iter();
    let gone = records.filter(|(id, _)| !order.contains(id));
    changes.extend(gone.map(|(logical_id, record)| Change {
        action: Action::Remove,
        logical_id,
        physical_id: physical_id(&record),
        kind: record.kind,
        is_replaced: false,
        properties: Vec::new(),
        change_set: None,
    }));
    // An output that cannot be resolved is known before anything is made.
    stack.outputs()?;
    Ok(Plan {
        processed: stack.processed().to_string(),
        changes,
        imports: stack.imports(),
        nested: inner,
    })
}

/// How a resource would change, if it would.
fn change(resource: &Resource, known: Option<&Record>) -> Option<Change> {
    let properties = known.map(|known| differing(&known.properties, &resource.properties));
    let (action, properties) = match properties {
        None => (Action::Add, Vec::new()),
        // Whether a nested stack changes is seen in its template, which its outer one only names.
        Some(none) if none.is_empty() && resource.kind != STACK && known.is_none_or(|known| !known.is_begun) => {
            return None;
        }
        Some(properties) => (Action::Modify, properties),
    };
    Some(Change {
        action,
        logical_id: resource.id.clone(),
        physical_id: known.and_then(physical_id),
        kind: resource.kind.clone(),
        is_replaced: properties
            .iter()
            .any(|property| lasting::REPLACING.contains(&property.as_str())),
        properties,
        change_set: None,
    })
}

/// What a resource nests. What is wrong with it is said where it is made.
fn nested_of(resource: &Resource) -> Option<Nested> {
    let is_nested = resource.kind == STACK;
    let read = is_nested.then(|| nested::read(&resource.id, Properties::new(resource.properties.clone())))?;
    read.and_then(as_nested).ok()
}

fn physical_id(record: &Record) -> Option<String> {
    record.reference.as_ref()?.as_str().map(str::to_owned)
}

/// The properties that differ.
fn differing(before: &Value, after: &Map<String, Value>) -> Vec<String> {
    let empty = Map::new();
    let before = before.as_object().unwrap_or(&empty);
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    let other = after.iter().filter(|(name, value)| before.get(*name) != Some(value));
    other.map(|(name, _)| name).chain(gone).cloned().collect()
}

async fn make(
    cloud: &Arc<Cloud>,
    wanted: Wanted,
    (caller, occasion): (Principal, Occasion),
) -> Result<Vec<Shown>, String> {
    let mut stack = open(cloud, &wanted).map_err(|reason| format!("{reason} "))?;
    let nests: &dyn Nests = if occasion == Occasion::Again {
        &Resumed
    } else {
        &AskedFor
    };
    let place = Place {
        cloud,
        stack: &wanted.stack,
        caller: &caller,
        occasion,
        nests,
    };
    match stack::make(place, &mut stack).await {
        Ok(_) => {}
        Err(Trouble::Template(error)) => return Err(format!("{} ", words(error))),
        Err(Trouble::Resource { id, failure, .. }) => {
            let known = cloud.cloudformation.recorded(&wanted.stack, &id);
            let was_there = known.is_some_and(|known| !known.properties.is_null());
            let verb = if was_there { "update" } else { "create" };
            let reason = match occasion {
                Occasion::Again => format!(" ({failure})"),
                _ => String::new(),
            };
            return Err(format!("The following resource(s) failed to {verb}: [{id}]{reason}. "));
        }
    }
    let outputs = stack.outputs().map_err(words)?;
    if occasion == Occasion::Asked {
        // Binaries that cargo builds are those of the local run's own functions.
        for passed_over in stack.passed_over() {
            let text = format!("stack {}: passed over: {passed_over}", wanted.stack);
            cloud.journal.record(Happening::Note { text });
        }
    }
    Ok(stack::shown(&outputs))
}

async fn remove(cloud: &Arc<Cloud>, wanted: &Wanted, caller: &Principal, extent: Extent) -> Result<(), String> {
    // What is there can be removed, be its template as it may.
    let order = open(cloud, wanted)
        .map(|stack| stack.order().to_vec())
        .unwrap_or_default();
    let place = Place {
        cloud,
        stack: &wanted.stack,
        caller,
        occasion: Occasion::Asked,
        nests: &AskedFor,
    };
    let removed = lasting::remove(place, &order, extent).await;
    removed.map_err(|refused| {
        let ids: Vec<String> = refused.into_iter().map(|(id, ..)| id).collect();
        format!("The following resource(s) failed to delete: [{}]. ", ids.join(", "))
    })
}

/// Makes again what is nested in stacks of an earlier run, from what is kept of it.
struct Resumed;

impl Nests for Resumed {
    fn make<'n>(&'n self, maker: &'n Maker<'n>, nesting: Nesting) -> Inner<'n> {
        Box::pin(async move {
            let name = nested_name(maker.stack, &nesting.logical_id);
            let wanted = maker.cloud.cloudformation.wanted(&name);
            let wanted = wanted.ok_or_else(|| Failure::Embedded(format!("stack {name} is not there any more")))?;
            let caller = (maker.caller.clone(), Occasion::Again);
            let made = make(maker.cloud, wanted, caller).await;
            made.map(values).map_err(Failure::Embedded)
        })
    }
}
