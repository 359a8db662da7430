//! A state machine whose work is done by workers, played by the command.

use crate::world::Repository;

const TEMPLATE: &str = r#"
Resources:
  Painters: {Type: AWS::StepFunctions::Activity, Properties: {Name: painters}}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {Service: states.amazonaws.com}, Action: "sts:AssumeRole"}]
  Machine:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      StateMachineName: paint
      RoleArn: !GetAtt Role.Arn
      DefinitionString: !Sub >-
        {"StartAt": "Paint", "TimeoutSeconds": 1,
        "States": {"Paint": {"Type": "Task", "Resource": "${Painters}", "End": true}}}
"#;

const RUN: [&str; 5] = ["run", "--containers", "process", "--page-port", "0"];

#[test]
fn a_run_says_that_a_worker_is_missing_and_a_mock_stands_for_it() {
    let repository = Repository::of(&[
        ("template.yaml", TEMPLATE),
        ("mocks.json", r#"{"paint": {"Paint": {"result": {"painted": true}}}}"#),
    ]);
    let (code, said) = repository.stepline(&["check"]);
    assert_eq!(code, 0, "{said}");
    assert!(!said.contains("painters"), "nothing is wrong with it: {said}");

    let (code, said) = repository.stepline(&RUN);
    assert_eq!(code, 1, "{said}");
    for shown in [
        "State Paint waits for a worker of the activity painters, and nobody asks for its tasks:",
        "start the worker, or give the state an outcome with --mock FILE (docs/mocks.md)",
        "Execution: TIMED_OUT",
    ] {
        assert!(said.contains(shown), "{shown}:\n{said}");
    }

    let (code, said) = repository.stepline(&[&RUN[..], &["--mock", "mocks.json"]].concat());
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("State Paint (Task, mocked): succeeded"), "{said}");
    assert!(!said.contains("waits for a worker"), "{said}");
}
