//! Where a failure lies in the repository, and which statement would have prevented it.

use crate::account::{Definitions, outermost};
use platform::journal::{Happening, Kept};
use state_graph::Chart;

/// The file and line of a state, of the definition that has the same outermost states as the one that ran.
pub(super) fn of_state(definitions: &Definitions, ran: &Chart, state: &str) -> Option<String> {
    let states = outermost(ran);
    let mut all = definitions.all().into_iter();
    let definition = all.find(|definition| definition.outermost() == states)?;
    let name = &definition.name;
    Some(match definition.lines_of(state) {
        Some(span) => format!("{name}:{}", span.from),
        None if definition.has_positions => return None,
        None => name.clone(),
    })
}

/// The least statement that would allow the call that `cause` says was denied.
pub(super) fn statement_for(entries: &[Kept], cause: &str) -> Option<String> {
    let (_, denied) = cause.split_once("not authorized to perform: ")?;
    let action = denied.split([' ', '\n']).next()?;
    entries.iter().rev().find_map(|kept| match &kept.entry.happening {
        Happening::Authorized {
            action: of,
            resource,
            allowed: false,
            reason: Some(reason),
            ..
        } if of == action && cause.contains(&**resource) => reason.least.as_deref().map(str::to_owned),
        _ => None,
    })
}
