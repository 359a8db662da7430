//! The account's stacks, and what is kept of them.

use super::engine::{Engine, Shown, Summary, Wanted};
use super::rows::{ChangeSet, Event, Record, STACK, Stack};
use super::status::Status;
use platform::store::{Held, Rows, Store, StoreError};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// A stack that an earlier run has left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// What is there of it, or is to be.
    pub wanted: Wanted,
    /// The role that makes it. None where all of it was there already.
    pub role: Option<String>,
}

/// The stack in which the local run nests one of its own.
#[derive(Debug, Clone, Copy)]
pub struct Outer<'o> {
    /// Its name.
    pub stack: &'o str,
    /// The tags that its template gives to the nested one: keys and values.
    pub tags: &'o [(String, String)],
}

/// The account's stacks.
#[derive(Default)]
pub struct CloudFormation {
    /// By their names; those that are gone by their ARNs.
    stacks: Rows<Stack>,
    events: Rows<Event>,
    change_sets: Rows<ChangeSet>,
    /// What was made of the resources that last, by stack and logical id.
    records: Rows<Record>,
    /// The same of those that are made anew by each run.
    passing: Rows<Record>,
    pub(super) engine: OnceLock<Arc<dyn Engine>>,
    next_event: AtomicU64,
}

impl std::fmt::Debug for CloudFormation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("CloudFormation").field(&self.stacks).finish()
    }
}

impl CloudFormation {
    /// CloudFormation with what this store keeps of it.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(store: &Store) -> Result<Self, StoreError> {
        let events: Rows<Event> = Rows::open(store, "cloudformation/events")?;
        let last = events.lock().keys().next_back().and_then(|key| number(key));
        let stacks: Rows<Stack> = Rows::open(store, "cloudformation/stacks")?;
        let mut held = stacks.lock();
        let under_way = held.iter().filter(|(_, stack)| stack.status.is_under_way());
        let under_way: Vec<String> = under_way.map(|(name, _)| name.clone()).collect();
        for stack in &under_way {
            if let Some(stack) = held.get_mut(stack) {
                stack.status = stack.status.cut_off();
                stack.reason = Some("the local run ended meanwhile".to_owned());
            }
        }
        drop(held);
        Ok(Self {
            stacks,
            events,
            change_sets: Rows::open(store, "cloudformation/change-sets")?,
            records: Rows::open(store, "cloudformation/resources")?,
            next_event: AtomicU64::new(last.map_or(0, |last| last + 1)),
            ..Self::default()
        })
    }

    /// Says what makes the resources; the first one counts.
    pub fn set_engine(&self, engine: Arc<dyn Engine>) {
        self.engine.get_or_init(|| engine);
    }

    /// What was made of a stack's resource, in this run or an earlier one.
    pub fn recorded(&self, stack: &str, logical_id: &str) -> Option<Record> {
        let key = key(stack, logical_id);
        let lasting = self.records.lock().get(&key).cloned();
        lasting.or_else(|| self.passing.lock().get(&key).cloned())
    }

    /// Notes what is made of a stack's resource that lasts from run to run.
    pub fn record(&self, stack: &str, logical_id: &str, record: Record) {
        self.records.lock().insert(key(stack, logical_id), record);
    }

    /// Notes what is made of a resource that each run makes anew.
    pub fn record_passing(&self, stack: &str, logical_id: &str, record: Record) {
        self.passing.lock().insert(key(stack, logical_id), record);
    }

    /// The resources of a stack, by their logical ids.
    pub fn records(&self, stack: &str) -> Vec<(String, Record)> {
        let prefix = key(stack, "");
        let mut of_stack = Vec::new();
        for rows in [&self.records, &self.passing] {
            let rows = rows.lock();
            let records = rows
                .iter()
                .filter_map(|(key, record)| Some((key.strip_prefix(&prefix)?.to_owned(), record.clone())));
            of_stack.extend(records);
        }
        of_stack
    }

    /// Forgets a resource that is gone.
    pub fn forget(&self, stack: &str, logical_id: &str) {
        for rows in [&self.records, &self.passing] {
            rows.lock().remove(&key(stack, logical_id));
        }
    }

    /// What the stacks export, but for one of them: names and values.
    pub fn exports(&self, but: &str) -> BTreeMap<String, String> {
        let others = self.all().into_iter().filter(|stack| stack.wanted.stack != but);
        let outputs = others.flat_map(|stack| stack.outputs);
        outputs
            .filter_map(|output| Some((output.export?, output.value)))
            .collect()
    }

    /// One of these exports that another stack imports, and which one does.
    pub(super) fn imported<'e>(
        &self,
        exporting: &str,
        mut exports: impl Iterator<Item = &'e str>,
    ) -> Option<(&'e str, String)> {
        let stacks = self.all();
        exports.find_map(|export| {
            let imports =
                |other: &&Stack| other.wanted.stack != exporting && other.imports.iter().any(|it| it == export);
            let importing = stacks.iter().find(imports)?;
            Some((export, importing.wanted.stack.clone()))
        })
    }

    /// Why a stack cannot have these outputs where it had those before: another one has an export of that name, or
    /// imports one that would be another or gone.
    ///
    /// See <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html>.
    pub(super) fn export_conflict(&self, stack: &str, before: &[Shown], after: &[Shown]) -> Option<String> {
        fn exported(outputs: &[Shown]) -> impl Iterator<Item = (&str, &String)> {
            outputs
                .iter()
                .filter_map(|output| Some((output.export.as_deref()?, &output.value)))
        }
        let changed = exported(before).filter(|export| exported(after).all(|other| other != *export));
        if let Some((used, by)) = self.imported(stack, changed.map(|(name, _)| name)) {
            return Some(format!("Export {used} cannot be updated as it is in use by {by}"));
        }
        let others = self.all().into_iter().filter(|other| other.wanted.stack != stack);
        others.into_iter().find_map(|other| {
            let (taken, _) = exported(&other.outputs).find(|(name, _)| exported(after).any(|(own, _)| own == *name))?;
            let by = &other.wanted.stack;
            Some(format!("Export with name {taken} is already exported by stack {by}"))
        })
    }

    /// Notes a stack that the local run itself begins to deploy, alone or as a part of another one.
    pub fn begin_own(&self, id: String, wanted: Wanted, summary: &Summary, outer: Option<Outer<'_>>) {
        let name = wanted.stack.clone();
        let before = self.find(&name).filter(|stack| stack.deleted.is_none());
        self.events.lock().retain(|_, event| event.stack != name);
        let stack = Stack::new(id, wanted.clone());
        let (status, stack) = match before {
            Some(before) => {
                let stable = Some(Box::new(before.clone().stable()));
                let stack = Stack {
                    wanted,
                    stable,
                    ..before
                };
                (Status::UpdateInProgress, stack)
            }
            None => (Status::CreateInProgress, stack),
        };
        let mut stack = Stack { is_own: true, ..stack };
        stack.say(summary);
        if let Some(Outer { stack: outer, tags }) = outer
            && let Some(parent) = self.find(outer)
        {
            stack.nest_in(&parent, tags);
        }
        stack.status = status;
        stack.reason = None;
        let id = stack.id.clone();
        self.put(stack);
        self.note(&name, (&name, &id), STACK, status, None);
    }

    /// Notes that the local run has deployed it. What its template says of itself is asked of the engine.
    pub fn end_own(&self, name: &str, processed: String, outputs: Vec<Shown>) {
        let mut ended = (Status::CreateComplete, String::new());
        self.change(name, |stack| {
            if stack.status == Status::UpdateInProgress {
                ended.0 = Status::UpdateComplete;
            }
            ended.1.clone_from(&stack.id);
            stack.status = ended.0;
            stack.reason = None;
            stack.processed = processed;
            stack.outputs = outputs;
            stack.stable = None;
        });
        self.note(name, (name, &ended.1), STACK, ended.0, None);
    }

    /// Notes that the local run could not deploy it.
    pub fn fail_own(&self, name: &str, reason: &str) {
        self.tell(name, Status::UpdateFailed, Some(reason.to_owned()));
    }

    /// Whether a stack of this name has been deployed in this run.
    pub fn has(&self, name: &str) -> bool {
        let prefix = key(name, "");
        self.passing.lock().keys().any(|key| key.starts_with(&prefix))
    }

    /// The stacks that somebody else has deployed, whose resources are there. One whose change has failed is what the change
    /// would make of it, with the role that it has; without one, it is what it was before. Those come last: a stack before
    /// them may have their role.
    pub fn of_others(&self) -> Vec<Left> {
        let stacks = self.all().into_iter();
        let with_resources = stacks.filter(|stack| {
            // What was removed in part is not made again.
            let is_there = matches!(
                stack.status,
                Status::CreateComplete
                    | Status::UpdateComplete
                    | Status::UpdateFailed
                    | Status::UpdateRollbackComplete
                    | Status::UpdateRollbackFailed
            );
            // What a template nests is made with its outer stack.
            is_there && !stack.is_own && stack.parent_id.is_none()
        });
        let left = with_resources.map(|stack| match (stack.status, stack.stable) {
            (Status::UpdateFailed, Some(stable)) if stack.role_arn.is_none() => Left {
                wanted: stable.wanted,
                role: None,
            },
            (Status::UpdateFailed, _) => Left {
                wanted: stack.wanted,
                role: stack.role_arn,
            },
            (_, _) => Left {
                wanted: stack.wanted,
                role: None,
            },
        });
        let mut left: Vec<Left> = left.collect();
        left.sort_by_key(|left| left.role.is_some());
        left
    }

    /// A stack by its name, or by its ARN.
    pub(super) fn find(&self, name: &str) -> Option<Stack> {
        self.look(name, Stack::clone)
    }

    /// What is to be known of a stack that has this name or ARN: its templates are long, and not copied for it.
    pub(super) fn look<T>(&self, name: &str, at: impl FnOnce(&Stack) -> T) -> Option<T> {
        let stacks = self.stacks.lock();
        let by_id = || stacks.values().find(|stack| stack.id == name);
        stacks.get(name).or_else(by_id).map(at)
    }

    /// What a stack is made of that is there.
    pub fn wanted(&self, name: &str) -> Option<Wanted> {
        let found = self.find(name).filter(|stack| stack.deleted.is_none());
        found.map(|stack| stack.wanted)
    }

    /// The stacks that are there and that this one's template nests.
    pub(super) fn nested_in(&self, id: &str) -> Vec<Stack> {
        let nested = self.all().into_iter();
        nested.filter(|stack| stack.parent_id.as_deref() == Some(id)).collect()
    }

    /// The stacks that are there.
    pub(super) fn all(&self) -> Vec<Stack> {
        let stacks = self.with_the_deleted().into_iter();
        stacks.filter(|stack| stack.deleted.is_none()).collect()
    }

    pub(super) fn with_the_deleted(&self) -> Vec<Stack> {
        self.stacks.lock().values().cloned().collect()
    }

    /// Keeps a stack. One that had its ARN and is gone is forgotten then: the ARN comes from the name.
    pub(super) fn put(&self, stack: Stack) {
        self.insert(&mut self.stacks.lock(), stack);
    }

    fn insert(&self, stacks: &mut Held<'_, Stack>, stack: Stack) {
        if stacks.remove(&stack.id).is_some() {
            self.events.lock().retain(|_, event| event.stack_id != stack.id);
        }
        stacks.insert(stack.wanted.stack.clone(), stack);
    }

    /// Keeps a stack with which something begins, unless something else has begun with the one that is there: its status
    /// then.
    pub(super) fn claim(&self, stack: Stack, is_creation: bool) -> Result<(), Status> {
        let mut stacks = self.stacks.lock();
        let known = stacks.get(&stack.wanted.stack).filter(|known| known.deleted.is_none());
        let taken = known.map(|known| known.status).filter(|status| match is_creation {
            true => *status != Status::ReviewInProgress,
            false => status.is_under_way(),
        });
        if let Some(status) = taken {
            return Err(status);
        }
        for change_set in self
            .change_sets
            .lock()
            .values_mut()
            .filter(|it| it.stack_id == stack.id)
        {
            change_set.is_obsolete = true;
        }
        self.insert(&mut stacks, stack);
        Ok(())
    }

    pub(super) fn change(&self, name: &str, change: impl FnOnce(&mut Stack)) {
        if let Some(stack) = self.stacks.lock().get_mut(name) {
            change(stack);
        }
    }

    /// Puts a stack that is gone where only its ARN finds it.
    pub(super) fn bury(&self, name: &str) {
        let mut stacks = self.stacks.lock();
        if let Some(stack) = stacks.remove(name) {
            stacks.insert(stack.id.clone(), stack);
        }
    }

    pub(super) fn keep_event(&self, event: Event) {
        let number = self.next_event.fetch_add(1, Ordering::Relaxed);
        self.events.lock().insert(format!("{number:012}"), event);
    }

    /// What happened to a stack, in order.
    pub(super) fn events_of(&self, stack_id: &str) -> Vec<Event> {
        let events = self.events.lock();
        let of_stack = events.values().filter(|event| event.stack_id == stack_id);
        of_stack.cloned().collect()
    }

    pub(super) fn put_change_set(&self, change_set: ChangeSet) {
        self.change_sets.lock().insert(change_set.id.clone(), change_set);
    }

    pub(super) fn change_set_of_id(&self, id: &str) -> Option<ChangeSet> {
        self.change_sets.lock().get(id).cloned()
    }

    pub(super) fn change_sets_of(&self, stack_id: &str) -> Vec<ChangeSet> {
        let change_sets = self.change_sets.lock();
        let of_stack = change_sets
            .values()
            .filter(|change_set| change_set.stack_id == stack_id);
        of_stack.cloned().collect()
    }

    /// The change sets of nested stacks that are part of this one.
    pub(super) fn change_sets_below(&self, root: &str) -> Vec<ChangeSet> {
        let change_sets = self.change_sets.lock();
        let below = change_sets.values();
        below
            .filter(|change_set| change_set.root_id.as_deref() == Some(root))
            .cloned()
            .collect()
    }

    /// Forgets a stack of which there is nothing but a change set.
    fn forget_stack(&self, name: &str) {
        let forgotten = self.stacks.lock().remove(name);
        if let Some(stack) = forgotten {
            self.events.lock().retain(|_, event| event.stack_id != stack.id);
        }
    }

    /// Forgets the stacks that are nested in one and of which there is nothing but change sets.
    pub(super) fn forget_reviewed(&self, outer: &str) {
        for nested in self.nested_in(outer) {
            self.forget_reviewed(&nested.id);
            if nested.status == Status::ReviewInProgress {
                self.forget_stack(&nested.wanted.stack);
            }
        }
    }

    pub(super) fn forget_change_set(&self, id: &str) {
        self.change_sets.lock().remove(id);
    }

    /// Forgets a stack's change sets, with those of nested stacks that are part of them.
    pub(super) fn forget_change_sets(&self, stack_id: &str) {
        let mut change_sets = self.change_sets.lock();
        let own = change_sets
            .values()
            .filter(|change_set| change_set.stack_id == stack_id);
        let own: BTreeSet<String> = own.map(|change_set| change_set.id.clone()).collect();
        let is_of_own = |change_set: &ChangeSet| change_set.root_id.as_ref().is_some_and(|root| own.contains(root));
        change_sets.retain(|id, change_set| !own.contains(id) && !is_of_own(change_set));
    }
}

fn key(stack: &str, logical_id: &str) -> String {
    format!("{stack}/{logical_id}")
}

fn number(key: &str) -> Option<u64> {
    key.parse().ok()
}
