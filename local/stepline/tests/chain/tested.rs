//! The stage Test: what its tests say, and that nothing is built of what fails them.

use crate::world::World;
use crate::{message, path};
use platform::journal::{FailedTest, Happening};
use serde_json::json;

/// What the test report said.
fn report(world: &World) -> Option<(String, usize, Vec<FailedTest>)> {
    let mut entries = world.cloud.journal.entries().into_iter();
    entries.find_map(|entry| match entry.happening {
        Happening::Report {
            report_group,
            passed,
            failures,
            ..
        } => Some((report_group, passed, failures)),
        _ => None,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn tests_that_pass_are_reported_and_the_build_follows() {
    let world = World::tested("def test_one():\n    pass\n").await;
    assert_eq!(world.run_pipeline().await, "Succeeded", "{:?}", message(&world, "Test"));
    let path = path(&world);
    let stages = path.iter().filter(|step| step.starts_with("stage "));
    assert_eq!(
        stages.collect::<Vec<_>>(),
        [
            "stage Source: Succeeded",
            "stage Test: Succeeded",
            "stage Build: Succeeded",
            "stage Execute: Succeeded",
        ]
    );
    assert_eq!(report(&world), Some(("stepline-test-dev-pytest".into(), 1, Vec::new())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_test_stops_the_pipeline_before_anything_is_built() {
    let tests = "def test_one():\n    pass\n\n\ndef test_two():\n    raise ValueError('1 is not 2')\n";
    let world = World::tested(tests).await;
    assert_eq!(world.run_pipeline().await, "Failed");
    let path = path(&world);
    let tail: Vec<&str> = path.iter().rev().take(3).map(String::as_str).collect();
    assert_eq!(tail, ["pipeline: Failed", "stage Test: Failed", "action Test: Failed"]);
    assert!(!path.iter().any(|step| step.contains("Build")), "{path:?}");
    // CodeBuild says which command failed, and its report which test.
    let said = message(&world, "Test").expect("a failure's message");
    for part in [
        "Build terminated with state: FAILED. Phase: BUILD, Code: COMMAND_EXECUTION_ERROR",
        "python3 -m pytest",
        "exit status 1",
    ] {
        assert!(said.contains(part), "{part} is not in: {said}");
    }
    let (_, passed, failures) = report(&world).expect("a report");
    let failed = FailedTest {
        test: "test_it.test_two".into(),
        message: "ValueError: 1 is not 2".into(),
    };
    assert_eq!((passed, failures), (1, vec![failed]));

    let listed = world
        .call("codebuild", "ListReports", json!({"filter": {"status": "FAILED"}}))
        .await;
    assert_eq!(listed["reports"].as_array().map(Vec::len), Some(1));
}
