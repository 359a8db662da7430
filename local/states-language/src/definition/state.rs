//! A state of any type.

use std::sync::Arc;

use super::catch::Catcher;
use super::common::{Assign, Common};
use super::flow::Flow;
use super::kinds::StateKind;
use super::reading::{Fields, Names};
use super::retry::Retrier;
use super::states::choice::Choice;
use super::states::fail::Fail;
use super::states::map::Map;
use super::states::parallel::Parallel;
use super::states::pass::Pass;
use super::states::task::Task;
use super::states::wait::Wait;
use crate::expression::QueryLanguage;

/// A state of any type.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) common: Common,
    /// The next state; nothing at an end.
    pub(crate) next: Option<usize>,
    pub(crate) retry: Vec<Retrier>,
    pub(crate) catch: Vec<Catcher>,
    pub(crate) body: Body,
}

/// What is particular to a type.
#[derive(Debug)]
pub(crate) enum Body {
    Pass(Pass),
    Task(Box<Task>),
    Choice(Choice),
    Wait(Wait),
    Succeed,
    Fail(Fail),
    Parallel(Parallel),
    Map(Box<Map>),
}

impl State {
    /// Reads a state.
    pub(super) fn parse(name: &Arc<str>, mut fields: Fields<'_>, names: &Names<'_>) -> Option<State> {
        let of_machine = fields.machine_language;
        fields.language = fields.query_language().unwrap_or(of_machine);
        if of_machine == QueryLanguage::Jsonata && fields.language == QueryLanguage::JsonPath {
            fields.error_here("'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine");
        }
        fields.text("Comment");
        let body = match fields.required_text("Type")? {
            "Pass" => Body::Pass(Pass::parse(&fields)),
            "Task" => Body::Task(Box::new(Task::parse(&fields)?)),
            "Choice" => Body::Choice(Choice::parse(&fields, names)?),
            "Wait" => Body::Wait(Wait::parse(&fields)?),
            "Succeed" => Body::Succeed,
            "Fail" => Body::Fail(Fail::parse(&fields)),
            "Parallel" => Body::Parallel(Parallel::parse(&fields)?),
            "Map" => Body::Map(Box::new(Map::parse(&fields)?)),
            _ => {
                let known = "Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map";
                fields.error(
                    "Type",
                    format!("The field 'Type' should have one of these values: [{known}]"),
                );
                return None;
            }
        };
        let kind = body.kind();
        let common = Common::parse(name, &fields, kind);
        let (retry, catch) = if kind.does_work() {
            (Retrier::parse_all(&fields), Catcher::parse_all(&fields, names))
        } else {
            Default::default()
        };
        let next = match kind {
            StateKind::Choice | StateKind::Succeed | StateKind::Fail => None,
            _ => transition(&fields, names),
        };
        fields.finish();
        Some(State {
            common,
            next,
            retry,
            catch,
            body,
        })
    }

    /// The states that can come next.
    pub(crate) fn targets(&self) -> Vec<usize> {
        let mut targets: Vec<usize> = self
            .next
            .into_iter()
            .chain(self.catch.iter().map(|it| it.next))
            .collect();
        if let Body::Choice(choice) = &self.body {
            targets.extend(choice.targets());
        }
        targets
    }

    /// The variables that it can assign in the scope in which it stands.
    pub(super) fn variables(&self) -> impl Iterator<Item = &Arc<str>> {
        let rules = match &self.body {
            Body::Choice(choice) => Some(choice.assigns()),
            _ => None,
        };
        let caught = self.catch.iter().filter_map(Catcher::assign);
        let assigns = self.common.assign().into_iter().chain(caught);
        assigns.chain(rules.into_iter().flatten()).flat_map(Assign::names)
    }

    /// The variables that it assigns when it has caught an error.
    pub(super) fn caught_variables(&self) -> impl Iterator<Item = &Arc<str>> {
        self.catch.iter().filter_map(Catcher::assign).flat_map(Assign::names)
    }

    /// Whether it assigns this variable when nothing has failed.
    pub(super) fn assigns(&self, variable: &str) -> bool {
        let assign = self.common.assign();
        assign.is_some_and(|assign| assign.names().any(|name| **name == *variable))
    }

    /// The flows within it.
    pub(crate) fn flows(&self) -> &[Arc<Flow>] {
        match &self.body {
            Body::Parallel(parallel) => &parallel.branches,
            Body::Map(map) => std::slice::from_ref(&map.processor),
            _ => &[],
        }
    }
}

impl Body {
    /// The type.
    pub(crate) fn kind(&self) -> StateKind {
        match self {
            Body::Pass(_) => StateKind::Pass,
            Body::Task(_) => StateKind::Task,
            Body::Choice(_) => StateKind::Choice,
            Body::Wait(_) => StateKind::Wait,
            Body::Succeed => StateKind::Succeed,
            Body::Fail(_) => StateKind::Fail,
            Body::Parallel(_) => StateKind::Parallel,
            Body::Map(_) => StateKind::Map,
        }
    }
}

/// `Next` or `End`, of which there must be one.
fn transition(fields: &Fields<'_>, names: &Names<'_>) -> Option<usize> {
    let is_end = fields.boolean("End");
    let has_next = fields.has("Next");
    match (has_next, is_end) {
        (true, Some(true)) => fields.error_here("There should only be one of the following fields: [Next, End]"),
        (false, None | Some(false)) => fields.error_here("A state must have either 'Next' or 'End'"),
        _ => {}
    }
    if has_next { names.resolve(fields, "Next") } else { None }
}
