//! The scheduled look.

use std::time::Duration;

use serde_json::{Value, json};
use shared::fakes::images::manifests;

use crate::world::{START, World, outcomes, pushed, repository, rule, scheduled};

const HOUR: Duration = Duration::from_secs(3_600);

fn tags(world: &World) -> Vec<Value> {
    world
        .executions()
        .into_iter()
        .map(|execution| execution.input["image"]["tag"].clone())
        .collect()
}

#[tokio::test]
async fn what_a_lost_event_left_out_is_found_by_the_next_look_and_by_no_other() {
    let world = World::new();
    let ml = repository("ml");
    let rules = json!([rule("ml")]);
    let seen = world
        .registry
        .push(&ml, Some("release-1"), &manifests::docker_image("1"), START);
    let function = world.function(&rules, &[]);
    function
        .handle_one(pushed("ml", &seen, Some("release-1")), START)
        .await
        .expect("handled");
    // The event of this push never comes.
    world
        .registry
        .push(&ml, Some("release-2"), &manifests::oci_image("2"), START + HOUR / 2);
    world
        .registry
        .push(&ml, Some("commit-1"), &manifests::oci_image("3"), START + HOUR / 2);
    let said = outcomes(function.handle_one(scheduled(), START + HOUR).await);
    assert!(
        said[0].starts_with("started push-release-2-") && said[1].starts_with("ignored: it has an execution"),
        "{said:?}"
    );
    let said = outcomes(function.handle_one(scheduled(), START + HOUR * 2).await);
    assert!(
        said.iter()
            .all(|outcome| outcome.starts_with("ignored: it has an execution")),
        "{said:?}"
    );
    assert_eq!(tags(&world), ["release-1", "release-2"]);
    // The event comes after all.
    let late = world.executions()[1].input["image"]["digest"].clone();
    let late = late.as_str().expect("a digest");
    let said = outcomes(
        function
            .handle_one(pushed("ml", late, Some("release-2")), START + HOUR * 3)
            .await,
    );
    assert!(said[0].starts_with("adopted push-release-2-"), "{said:?}");
    assert_eq!(world.executions().len(), 2);
}

#[tokio::test]
async fn a_look_starts_the_newest_and_leaves_the_rest_for_the_next() {
    let world = World::new();
    let ml = repository("ml");
    for n in 0..8_u32 {
        let image = manifests::docker_image(&n.to_string());
        world
            .registry
            .push(&ml, Some(&format!("release-{n}")), &image, START + HOUR * n);
    }
    let rules = json!([rule("ml")]);
    let settings = [("MAX_STARTS_PER_LOOK", "3"), ("LOOK_BACK_HOURS", "6")];
    let now = START + HOUR * 8;
    world.pass(HOUR * 8);
    let said = outcomes(world.function(&rules, &settings).handle_one(scheduled(), now).await);
    assert_eq!(tags(&world), ["release-7", "release-6", "release-5"]);
    let left = said
        .iter()
        .filter(|outcome| outcome.contains("left for the next"))
        .count();
    assert_eq!((said.len(), left), (6, 3), "what is too old is not looked at: {said:?}");
    let function = world.function(&rules, &settings);
    function.handle_one(scheduled(), now).await.expect("handled");
    assert_eq!(tags(&world)[3..], ["release-4", "release-3", "release-2"]);
    function.handle_one(scheduled(), now).await.expect("handled");
    assert_eq!(tags(&world).len(), 6);
}

#[tokio::test]
async fn repositories_with_wildcards_are_found_and_missing_ones_are_no_failure() {
    let world = World::new();
    for n in 0..5 {
        world.registry.push(
            &repository(&format!("team-{n}/ml")),
            Some("release-1"),
            &manifests::docker_image("1"),
            START,
        );
    }
    world.registry.push(
        &repository("others"),
        Some("release-1"),
        &manifests::docker_image("1"),
        START,
    );
    let rule = |repository: &str, machine: &str| json!({"repository": repository, "tag": "release-*", "stateMachine": machine});
    let wild = world.function(
        &json!([rule("team-*/ml", "ml"), rule("none", "ml"), rule("team-9*", "ml")]),
        &[],
    );
    let said = outcomes(wild.handle_one(scheduled(), START + HOUR).await);
    assert_eq!(world.executions().len(), 5);
    assert!(
        said.iter()
            .any(|outcome| outcome == "ignored: there is no repository `none`"),
        "{said:?}"
    );
    assert!(
        said[6].starts_with("ignored: nothing that it wants was pushed in the last 24 h"),
        "{said:?}"
    );
    let before = world.registry.calls().len();
    let plain = world.function(&json!([rule("others", "ml")]), &[]);
    plain.handle_one(scheduled(), START + HOUR).await.expect("handled");
    assert_eq!(
        world.registry.calls()[before..],
        ["DescribeImages"],
        "no repository has to be searched for"
    );
}

#[tokio::test]
async fn untagged_images_are_started_once_it_is_clear_that_no_index_claims_them() {
    let world = World::new();
    let ml = repository("ml");
    let lone = world.registry.push(&ml, None, &manifests::oci_image("lone"), START);
    let child = manifests::oci_image("child");
    let claimed = world.registry.push(&ml, None, &child, START);
    world
        .registry
        .push(&ml, None, &manifests::attestation("provenance"), START);
    let function = world.function(
        &json!([{"repository": "ml", "tag": "untagged", "stateMachine": "ml"}]),
        &[],
    );
    for digest in [&lone, &claimed] {
        let said = outcomes(
            function
                .handle_one(pushed("ml", digest, None), START + Duration::from_secs(3))
                .await,
        );
        assert!(
            said[0].contains("it was pushed 3.0 s ago and may belong to an index"),
            "{said:?}"
        );
    }
    world.registry.push(
        &ml,
        Some("v1"),
        &manifests::index(&[("linux/amd64", &child)], &[]),
        START + Duration::from_secs(5),
    );
    function.handle_one(scheduled(), START + HOUR).await.expect("handled");
    let digests: Vec<Value> = world
        .executions()
        .into_iter()
        .map(|seen| seen.input["image"]["digest"].clone())
        .collect();
    assert_eq!(digests, [json!(lone)]);
    // An event that comes late enough needs no look.
    world.pass(HOUR);
    let late = world.registry.push(&ml, None, &manifests::docker_image("late"), START);
    let said = outcomes(function.handle_one(pushed("ml", &late, None), START + HOUR).await);
    assert!(said[0].starts_with("started push-untagged-"), "{said:?}");
}

#[tokio::test]
async fn an_untagged_image_stands_for_itself_two_minutes_after_its_push_and_no_sooner() {
    let world = World::new();
    let ml = repository("ml");
    let digest = world.registry.push(&ml, None, &manifests::docker_image("lone"), START);
    let function = world.function(
        &json!([{"repository": "ml", "tag": "untagged", "stateMachine": "ml"}]),
        &[],
    );
    for (millis, expected) in [(119_999, "ignored: it was pushed"), (1, "started")] {
        world.pass(Duration::from_millis(millis));
        let said = outcomes(function.handle_one(pushed("ml", &digest, None), world.now()).await);
        assert!(said[0].starts_with(expected), "{said:?}");
    }
}

#[tokio::test]
async fn a_look_that_may_start_no_more_asks_the_registry_nothing_more() {
    let world = World::new();
    for tag in ["release-1", "release-2"] {
        world
            .registry
            .push(&repository("ml"), Some(tag), &manifests::oci_image(tag), START);
    }
    let function = world.function(&json!([rule("ml")]), &[("MAX_STARTS_PER_LOOK", "1")]);
    let said = outcomes(function.handle_one(scheduled(), START + HOUR).await);
    assert!(
        said[1].starts_with("ignored: this look has started as many as it may"),
        "{said:?}"
    );
    assert_eq!(world.registry.calls(), ["DescribeImages", "BatchGetImage"]);
}
