//! The command's exit codes and last lines where there is nothing to run.

use std::path::Path;
use std::process::{Command, Output};

fn stepline(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stepline"));
    command.current_dir(folder).env_remove("CARGO_MANIFEST_DIR");
    command
}

fn last_line(output: &Output) -> String {
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    said.lines().last().unwrap_or_default().to_owned()
}

#[test]
fn what_cannot_be_done_has_an_exit_code_and_a_reason() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let state = elsewhere.path().join("state");
    let state = state.to_str().expect("a path");
    for (folder, arguments, code, part) in [
        (repository, vec!["fly"], 2, "--help"),
        (repository, vec!["run", "--poll-interval", "soon"], 2, "--help"),
        (repository, vec!["run", "--env", "test"], 2, "no environment `test`"),
        (repository, vec!["up", "--port", &port], 1, "--port"),
        (
            repository,
            vec!["up", "--host", "198.51.100.1", "--port", "0"],
            1,
            "--host",
        ),
        (
            repository,
            vec!["invoke", "image-push", "--event", "no-such-file.json"],
            2,
            "no-such-file.json",
        ),
        (
            repository,
            vec!["run", "--mock", "no-such-mocks.json"],
            2,
            "no-such-mocks.json",
        ),
        (
            repository,
            vec!["run", "--mock", "../../docs/mocks/test-cases.json#Hapy"],
            2,
            "no state machine has a test case `Hapy`: did you mean `Happy`?",
        ),
        (
            repository,
            vec![
                "run",
                "--fresh",
                "--state",
                state,
                "--containers",
                "process",
                "--mock",
                "../../docs/mocks/test-cases.json",
            ],
            2,
            "`ml-pipeline-dev` has the test cases Happy, NoRights: choose one with --mock \
             ../../docs/mocks/test-cases.json#CASE",
        ),
        (repository, vec!["lineage", "two words"], 2, "no deployment"),
        (
            repository,
            vec!["lineage", "3", "--env", "test"],
            2,
            "no environment `test`",
        ),
        (
            repository,
            vec!["lineage", "3", "--endpoint", "http://127.0.0.1:1"],
            1,
            "sagemaker:ListModelPackages failed: NoAnswer",
        ),
        (
            elsewhere.path(),
            vec!["run"],
            2,
            "`stepline init` writes what is missing",
        ),
        (repository, vec!["check"], 0, "Succeeded"),
        (repository, vec!["--help"], 0, "Exit code"),
    ] {
        let output = stepline(folder).args(&arguments).output().expect("the command runs");
        let last = last_line(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {last}");
        assert!(last.contains(part), "{arguments:?}: {last}");
    }
}

/// What deploys, in a folder of its own, with this done to the pipeline's template.
fn deployables(change: impl FnOnce(String) -> String) -> tempfile::TempDir {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("the root is two folders up");
    let copy = tempfile::tempdir().expect("a temporary folder");
    for folder in ["sam", "statemachine", "config", "container"] {
        let copied = Command::new("cp")
            .arg("-r")
            .arg(root.join(folder))
            .arg(copy.path())
            .status();
        assert!(copied.expect("cp runs").success());
    }
    let template = copy.path().join("sam/pipeline.yaml");
    let changed = change(std::fs::read_to_string(&template).expect("the template"));
    std::fs::write(template, changed).expect("the template can be changed");
    copy
}

#[test]
fn two_actions_that_cannot_be_told_apart_are_refused() {
    let twice = deployables(|template| {
        let action = template.find("            - Name: Execute\n").expect("the action");
        let end = template
            .find("              # An action that ends before its execution")
            .expect("its end");
        let again = template[action..end].replace("Name: Execute\n", "Name: Again\n");
        let again = again.replace("Namespace: ExecuteVariables\n", "RunOrder: 1\n");
        format!("{}{again}{}", &template[..action], &template[action..])
    });
    for arguments in [vec!["check"], vec!["run", "--containers", "process"], vec!["doctor"]] {
        let output = stepline(twice.path())
            .args(&arguments)
            .output()
            .expect("the command runs");
        let said = [&output.stdout[..], &output.stderr[..]].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        assert_ne!(output.status.code(), Some(0), "{arguments:?}: {said}");
        let part = "action `Execute` of stage `Execute` has the same user parameters as action `Again`";
        assert!(
            said.contains(part) && said.contains("pipeline.yaml"),
            "{arguments:?}: {said}"
        );
    }
}

#[test]
fn an_engine_that_is_wanted_and_does_not_answer_is_wrong_usage() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let nowhere = tempfile::tempdir().expect("a temporary folder");
    let socket = format!("unix://{}", nowhere.path().join("none.sock").display());
    for (host, part) in [
        (socket.as_str(), format!("no container engine answers at {socket}")),
        ("ssh://engine", "`ssh://engine` cannot be used here".into()),
    ] {
        let mut command = stepline(repository);
        let output = command.args(["run", "--containers", "engine"]).env("DOCKER_HOST", host);
        let output = output.output().expect("the command runs");
        let last = last_line(&output);
        assert_eq!(output.status.code(), Some(2), "{last}");
        assert!(last.contains(&part) && last.contains("--containers auto"), "{last}");
    }
}

#[test]
fn without_python_the_run_says_what_to_install() {
    let empty = tempfile::tempdir().expect("a temporary folder");
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let output = stepline(repository)
        .args(["run", "--containers", "process"])
        .env("PATH", empty.path())
        .output();
    let output = output.expect("the command runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        last_line(&output).contains("install Python 3"),
        "{}",
        last_line(&output)
    );
}
