//! Policies allow what is called, and nothing that never is.
//!
//! Every role of the templates is put to work in every scenario that the chain has, against services that enforce its
//! policies. A call that was denied fails the test, and so does an action on a resource that a policy allows and no
//! scenario needed. What only AWS itself calls is on a list, with the reason and where AWS says so; what is on the list
//! and is needed here after all fails, too.

mod exceptions;
mod grants;
mod scenarios;
mod world;

use exceptions::{EXCEPTIONS, EXPECTED_DENIALS};
use grants::{Call, Grant, calls, grants, matches};
use world::World;

#[tokio::test(flavor = "multi_thread")]
async fn policies_allow_what_is_called_and_nothing_else() {
    let world = World::new(&[]).await;
    scenarios::pipeline_succeeds(&world).await;
    scenarios::pipeline_fails_and_its_stage_is_retried(&world).await;
    scenarios::action_is_abandoned(&world).await;
    scenarios::images_are_pushed(&world).await;
    scenarios::a_look_finds_what_a_lost_event_left_out(&world).await;
    scenarios::the_day_begins(&world).await;
    scenarios::events_arrive(&world).await;
    scenarios::input_comes_from_a_file(&world).await;
    let mut findings = judge(&world);
    world.end().await;

    let world = World::new(&[("ExpressStateMachine", scenarios::EXPRESS)]).await;
    scenarios::an_express_state_machine_runs(&world).await;
    let express = judge(&world);
    // Only what is there because of the parameter is asked of this world.
    findings.extend(
        express
            .into_iter()
            .filter(|finding| finding.contains("Express") || finding.contains("denied")),
    );
    world.end().await;

    findings.sort();
    findings.dedup();
    assert!(
        findings.is_empty(),
        "{} finding(s)\n{}",
        findings.len(),
        findings.join("\n")
    );
}

/// What is too narrow or too wide, by what happened in a world.
fn judge(world: &World) -> Vec<String> {
    let grants = grants(&world.cloud);
    let calls = calls(&world.cloud);
    let denied = calls
        .iter()
        .filter(|call| !call.allowed && !is_expected(call))
        .map(|call| {
            format!(
                "denied: {} may not {} on {}; allow it in the role's policy, or do not call it",
                call.role, call.action, call.resource
            )
        });
    let unused = grants
        .iter()
        .filter(|grant| !is_used(grant, &calls) && exception(grant).is_none())
        .map(|grant| {
            format!(
                "unused: {}, {}: {} on {}; remove it, give a scenario that needs it, or list it with a reason",
                grant.role, grant.sid, grant.action, grant.resource
            )
        });
    denied.chain(unused).chain(stale(&grants, &calls)).collect()
}

fn is_used(grant: &Grant, calls: &[Call]) -> bool {
    calls.iter().any(|call| {
        call.allowed
            && call.role == grant.role
            && matches(&grant.action.to_lowercase(), &call.action.to_lowercase())
            && matches(&grant.resource, &call.resource)
    })
}

fn is_expected(call: &Call) -> bool {
    EXPECTED_DENIALS.iter().any(|expected| {
        matches(expected.role, &call.role)
            && expected.action == call.action
            && matches(expected.resource, &call.resource)
    })
}

fn exception(grant: &Grant) -> Option<&'static exceptions::Exception> {
    EXCEPTIONS.iter().find(|exception| {
        matches(exception.role, &grant.role) && exception.actions.iter().any(|action| *action == grant.action)
    })
}

/// Exceptions for what is not allowed, or is called after all.
fn stale(grants: &[Grant], calls: &[Call]) -> Vec<String> {
    let mut findings = Vec::new();
    for exception in EXCEPTIONS {
        for action in exception.actions {
            let of_role: Vec<&Grant> = grants
                .iter()
                .filter(|grant| matches(exception.role, &grant.role) && grant.action == *action)
                .collect();
            if of_role.is_empty() {
                findings.push(format!(
                    "stale: {} is an exception of {}, and no policy allows it",
                    action, exception.role
                ));
            }
            if !of_role.is_empty() && of_role.iter().all(|grant| is_used(grant, calls)) {
                findings.push(format!(
                    "stale: {} is an exception of {}, and a scenario needs it",
                    action, exception.role
                ));
            }
        }
    }
    findings
}
