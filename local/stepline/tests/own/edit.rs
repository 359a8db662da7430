//! The edit loop: a part of a run, and what a change touches.

use crate::world::Repository;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

const TEMPLATE: &str = r"
Transform: AWS::Serverless-2016-10-31
Resources:
  Flow:
    Type: AWS::Serverless::StateMachine
    Properties:
      Name: flow
      DefinitionUri: flow.asl.json
";

/// Reads a number, decides, and works with it.
fn flow(least: u32, work: &str) -> String {
    format!(
        r#"{{
  "QueryLanguage": "JSONata",
  "StartAt": "Read",
  "States": {{
    "Read": {{"Type": "Pass", "Assign": {{"at": "{{% $states.context.Execution.Name %}}"}}, "Output": {{"rows": 7}}, "Next": "Gate"}},
    "Gate": {{"Type": "Choice", "Choices": [{{"Condition": "{{% $states.input.rows >= {least} %}}", "Next": "Work it"}}], "Default": "TooFew"}},
    "TooFew": {{"Type": "Fail", "Error": "TooFew", "Cause": "there are too few rows"}},
    "Work it": {{"Type": "Pass", "Output": {{"did": "{work}", "rows": "{{% $states.input.rows %}}"}}, "End": true}}
  }}
}}"#
    )
}

fn repository(least: u32) -> Repository {
    Repository::of(&[("template.yaml", TEMPLATE), ("flow.asl.json", &flow(least, "one"))])
}

#[test]
fn a_run_goes_on_from_a_state_and_is_stopped_after_one() {
    let repository = repository(9);
    let (code, said) = repository.stepline(&["run", "--from", "Gate"]);
    assert_eq!(code, 2, "{said}");
    assert!(
        said.contains("no execution of `flow` has come to the state `Gate` yet: run it from its beginning first"),
        "{said}"
    );

    let (code, said) = repository.stepline(&["run"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("TooFew"), "{said}");

    repository.write("flow.asl.json", &flow(5, "two"));
    let (code, said) = repository.stepline(&["run", "--from", "Gate", "--until", "Gate"]);
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("flow begins with the state Gate, with the results of "),
        "{said}"
    );
    assert!(!said.contains("State Read"), "{said}");
    assert!(
        said.lines()
            .any(|line| line.starts_with("Stopped: ") && line.contains(r#"{"rows":7}"#)),
        "{said}"
    );

    let (code, said) = repository.stepline(&["run", "--from", "Work it"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains(r#"{"did":"two","rows":7}"#), "{said}");

    let (code, said) = repository.stepline(&["run", "--until", "Read"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("to go on from here: stepline run --from Gate"), "{said}");

    let (code, said) = repository.stepline(&["run", "--from", "Gat"]);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("no state `Gat`"), "{said}");
}

/// A run that watches, and the lines that it says.
struct Watching {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Watching {
    fn start(repository: &Repository) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stepline"));
        command.current_dir(repository.root()).args(["run", "--watch"]);
        for variable in ["CARGO_MANIFEST_DIR", "CARGO_TARGET_DIR", "DOCKER_HOST"] {
            command.env_remove(variable);
        }
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the command runs");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        Self { child, lines }
    }

    /// What is said up to the last line of a run.
    fn run(&mut self) -> String {
        let mut said = String::new();
        for line in self.lines.by_ref() {
            let line = line.expect("a line");
            said.push_str(&line);
            said.push('\n');
            if ["Succeeded: ", "Failed: ", "Stopped: "]
                .iter()
                .any(|end| line.starts_with(end))
            {
                return said;
            }
        }
        panic!("the run ended: {said}")
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // The run that it holds ends with it.
        let interrupt = Command::new("kill")
            .args(["-INT", &self.child.id().to_string()])
            .status();
        let _ = interrupt.and_then(|_| self.child.wait());
    }
}

#[test]
fn what_a_change_touches_is_run_again() {
    let repository = repository(9);
    let mut watching = Watching::start(&repository);
    let said = watching.run();
    assert!(said.contains("State Read") && said.contains("Failed: "), "{said}");

    // The gate is mended: what was read is there.
    repository.write("flow.asl.json", &flow(5, "one"));
    let said = watching.run();
    assert!(said.contains("Changed: flow.asl.json"), "{said}");
    assert!(said.contains("begins with the state Gate"), "{said}");
    assert!(
        !said.contains("State Read") && said.contains(r#"Succeeded: state machine flow"#),
        "{said}"
    );

    // What ran well is run again from what has changed.
    repository.write("flow.asl.json", &flow(5, "two"));
    let said = watching.run();
    assert!(
        said.contains("begins with the state Work it") && said.contains(r#"{"did":"two","rows":7}"#),
        "{said}"
    );

    // A file that does not run changes nothing; a template is deployed, and everything is run.
    repository.write("README.md", "# Flow\n");
    repository.write("template.yaml", &TEMPLATE.replace("Name: flow", "Name: flow-2"));
    let said = watching.run();
    assert!(
        said.contains("Changed: template.yaml\n") && said.contains("State Read"),
        "{said}"
    );
    assert!(said.contains("Succeeded: state machine flow-2"), "{said}");

    // What cannot be deployed waits for the next change.
    repository.write("flow.asl.json", "{");
    repository.write("template.yaml", TEMPLATE);
    assert!(matches!(watching.child.try_wait(), Ok(None)));
}
