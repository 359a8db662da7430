//! Policies allow what is called, and nothing that never is.
//!
//! Both environments are deployed into one account, with everything switched on that the templates leave open, against
//! services that enforce their policies. Every scenario of the chain runs there. What a policy allows is taken as triples:
//! who, which action, on which resource. A triple that no scenario used fails the test, and so does a call that was denied
//! and that no scenario asked for. What only AWS itself calls is on a [list](exceptions), with the reason and where AWS
//! says so; what is on the list and was used after all, or is not allowed any more, fails, too.
//!
//! The two environments are the same template twice, so that a triple counts for both: only what differs has to be used
//! in prod.

mod deployers;
mod environments;
mod exceptions;
mod grants;
mod judge;
mod promotion;
mod releases;
mod scenarios;
mod serving;
mod training;
mod world;

use exceptions::EXCEPTIONS;
use grants::{calls, grants};
use judge::judge;
use world::World;

#[tokio::test(flavor = "multi_thread")]
async fn policies_allow_what_is_called_and_nothing_else() {
    let world = World::new().await;
    scenarios::pipeline_succeeds(&world).await;
    scenarios::pipeline_fails_and_its_stage_is_retried(&world).await;
    scenarios::execution_is_stopped_and_its_stage_is_retried(&world).await;
    scenarios::action_is_abandoned(&world).await;
    scenarios::images_are_released(&world).await;
    releases::a_build_cannot_release(&world).await;
    releases::no_role_of_the_templates_can_release(&world);
    scenarios::a_look_finds_what_a_lost_event_left_out(&world).await;
    scenarios::the_day_begins(&world).await;
    scenarios::an_express_state_machine_runs(&world).await;
    scenarios::events_arrive(&world).await;
    scenarios::input_comes_from_a_file(&world).await;
    promotion::prod_rehearses_and_asks(&world).await;
    promotion::a_rehearsal_is_abandoned(&world).await;
    promotion::approvals_are_looked_for(&world).await;
    training::models_are_trained(&world).await;
    serving::models_are_served(&world).await;
    // What it removes is not there any more.
    scenarios::nothing_can_be_delivered(&world).await;
    let findings = judge(
        &grants(&world.cloud),
        &calls(&world.cloud),
        EXCEPTIONS,
        &world.expected_denials(),
    );
    world.end().await;
    assert!(
        findings.is_empty(),
        "{} finding(s)\n{}",
        findings.len(),
        findings.join("\n")
    );
}
