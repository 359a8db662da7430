//! What a run shows: what matters, and no more than that.

use crate::chain::{self, BUILDSPEC};
use crate::world::Repository;

const RUN: [&str; 5] = ["run", "--containers", "process", "--page-port", "0"];

/// A job with colours, a progress bar, a NUL and the same line again and again.
const JOB: &str = r#"
print("\x1b[32mreading\x1b[0m\x00 \x1b]0;a title\x07data")
print("".join(f"\r{percent}%|####" for percent in range(0, 101, 10)))
print("\n".join(["still waiting"] * 30))
"#;

/// The chain, initialised.
fn repository(buildspec: &str) -> Repository {
    let repository = chain::repository();
    repository.write("container/job.py", JOB);
    repository.write("config/buildspec.yml", buildspec);
    let (code, said) = repository.stepline(&["init"]);
    assert_eq!(code, 0, "{said}");
    repository
}

/// The text of the one log below this folder, and the path by which a run names it.
fn log(repository: &Repository, group: &str) -> (String, String) {
    let mut folder = repository.root().join(".stepline/logs").join(group);
    while folder.is_dir() {
        let mut entries = std::fs::read_dir(&folder).expect("a folder of logs");
        folder = entries.next().expect("a log").expect("an entry").path();
        assert!(entries.next().is_none(), "one log in {}", folder.display());
    }
    let text = std::fs::read_to_string(&folder).expect("a log");
    let root = repository.root();
    let path = folder.strip_prefix(root).expect("below the root").display().to_string();
    (text, path)
}

#[test]
fn a_reader_that_goes_away_is_no_trouble() {
    let repository = chain::repository();
    for arguments in ["init", "check", "services", "state", "graph flow.asl.json"] {
        let (code, said) = repository.stepline_to_nobody(&arguments.split(' ').collect::<Vec<_>>());
        assert!(code != 101 && !said.contains("panicked"), "{arguments}: {code}: {said}");
    }
}

#[test]
fn a_build_that_went_well_is_quiet_and_what_a_job_prints_is_text() {
    let repository = repository(BUILDSPEC);
    let (code, said) = repository.stepline(&RUN);
    assert_eq!(code, 0, "{said}");
    for shown in [
        "Stage Build",
        "Action Build: Succeeded",
        "Dockerfile:2: RUN apt-get -y update: skipped",
        "ProcessingJobs | reading data\n",
        "ProcessingJobs | 100%|####\n",
        "Action Execute: Succeeded",
    ] {
        assert!(said.contains(shown), "{shown}:\n{said}");
    }
    for hidden in ["Running command", "chain-build |", "writing image", "Phase ", "90%"] {
        assert!(!said.contains(hidden), "{hidden}:\n{said}");
    }
    assert_eq!(said.matches("ProcessingJobs | still waiting").count(), 1, "{said}");
    assert!(said.contains("29 more lines: .stepline/logs/aws/sagemaker/"), "{said}");
    let controls: String = said.chars().filter(|it| it.is_control() && *it != '\n').collect();
    assert!(controls.is_empty(), "{controls:?}:\n{said}");
    // The files have all of it, as it was printed.
    let (build, _) = log(&repository, "aws/codebuild/chain-build");
    assert!(build.contains("[Container] Running command docker push"), "{build}");
    let (job, _) = log(&repository, "aws/sagemaker/ProcessingJobs");
    assert!(
        job.contains("\u{1b}[32mreading\u{1b}[0m\0") && job.contains("\r90%|####\r100%|####"),
        "{job:?}"
    );
    assert_eq!(job.matches("still waiting\n").count(), 30, "{job}");

    let (code, said) = repository.stepline(&[&RUN[..], &["-v"]].concat());
    assert_eq!(code, 0, "{said}");
    for shown in [
        "chain-build | [Container] Running command docker push",
        "Phase BUILD: SUCCEEDED",
    ] {
        assert!(said.contains(shown), "{shown}:\n{said}");
    }
    assert_eq!(said.matches("ProcessingJobs | still waiting").count(), 30, "{said}");
    let (code, said) = repository.stepline(&[&RUN[..], &["--json"]].concat());
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains(r#""line":"[Container] Running command docker push"#),
        "{said}"
    );
}

#[test]
fn a_build_that_failed_shows_its_last_lines() {
    let failing = "version: 0.2\nphases:\n  install:\n    commands: [echo prepared]\n  build:\n    commands:\n      \
                   - \"for number in $(seq 100); do echo line $number; done; false\"\n";
    let repository = repository(failing);
    let (code, said) = repository.stepline(&RUN);
    assert_eq!(code, 1, "{said}");
    let (log, path) = log(&repository, "aws/codebuild/chain-build");
    assert!(
        log.contains("prepared\n") && log.contains("line 1\n") && log.contains("line 100\n"),
        "{log}"
    );
    let whole = format!("      the whole log: {path}\n");
    for shown in [
        "Phase BUILD: FAILED",
        "chain-build | line 100\n",
        "chain-build | [Container] Phase context status code: COMMAND_EXECUTION_ERROR",
        &whole,
        "Action Build: Failed",
    ] {
        assert!(said.contains(shown), "{shown}:\n{said}");
    }
    assert_eq!(said.matches("      chain-build | ").count(), 20, "{said}");
    assert!(
        !said.contains("Phase INSTALL") && !said.contains("chain-build | prepared"),
        "{said}"
    );
}

const FUNCTION: &str = r"
Transform: AWS::Serverless-2016-10-31
Resources:
  Own:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: own}}
    Properties: {Runtime: provided.al2023, Handler: bootstrap, CodeUri: .}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties:
      Definition: {StartAt: End, States: {End: {Type: Succeed}}}
";

/// Says what cargo says of a build that fails.
const CARGO: &str = r#"#!/usr/bin/env python3
import sys
def say(text):
    sys.stderr.write(text)
    sys.stderr.flush()
say("   Compiling own v0.1.0 (/own)\n")
for done in range(3):
    say(f"\r    Building [==>   ] {done}/3: own, other(build.rs)\r\x1b[K")
for number in range(100):
    say(f"error[E0425]: cannot find value `x{number}` in this scope\n --> src/main.rs:{number}:1\n")
say('error: could not compile `own` (bin "own") due to 100 previous errors\n')
sys.exit(101)
"#;

/// Has what is called cargo in the repository be run for it.
fn with_cargo(repository: &Repository) -> (i32, String) {
    use std::os::unix::fs::PermissionsExt;
    let cargo = repository.root().join("cargo");
    std::fs::set_permissions(&cargo, std::fs::Permissions::from_mode(0o755)).expect("a program");
    repository.stepline_with_cargo(&RUN, &cargo)
}

/// Is at work until the pipeline's own build is.
const SLOW_CARGO: &str = r#"#!/usr/bin/env python3
import os, sys, time
for _ in range(600):
    if os.path.exists("target/stepline/logs/aws/codebuild/chain-build"):
        sys.exit("error: the pipeline has begun")
    time.sleep(0.1)
sys.exit("error: the pipeline waits for the functions")
"#;

#[test]
fn the_pipeline_begins_while_the_functions_are_built() {
    let repository = repository(BUILDSPEC);
    let template = repository.read("sam/env/dev/template.yaml");
    let (_, function) = FUNCTION.split_once("Resources:\n").expect("a template");
    repository.write(
        "sam/env/dev/template.yaml",
        &template.replace("Resources:\n", &format!("Resources:\n{function}")),
    );
    repository.write("Cargo.toml", "[workspace]\n");
    repository.write("cargo", SLOW_CARGO);
    let (code, said) = with_cargo(&repository);
    assert_eq!(code, 1, "{said}");
    for part in [
        "Building the functions …\n",
        "Stage Build\n",
        "the functions do not build:\nerror: the pipeline has begun",
    ] {
        assert!(said.contains(part), "{part}:\n{said}");
    }
}

#[test]
fn functions_that_do_not_compile_are_told_in_full_and_without_the_bar() {
    let config = "version = 0.1\n[default.deploy.parameters]\nstack_name = \"own\"\nregion = \"eu-west-1\"\n";
    let repository = Repository::of(&[
        ("template.yaml", FUNCTION),
        ("samconfig.toml", config),
        ("Cargo.toml", "[workspace]\n"),
        ("cargo", CARGO),
    ]);
    let (code, said) = with_cargo(&repository);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("Building the functions …\n"), "{said}");
    assert!(
        said.contains("the functions do not build:\nerror[E0425]: cannot find value `x0`"),
        "{said}"
    );
    assert_eq!(said.matches("error[E0425]").count(), 100, "{said}");
    assert_eq!(said.matches(" --> src/main.rs:").count(), 100, "{said}");
    for hidden in ["Compiling", "[==>", "\r", "\u{1b}"] {
        assert!(!said.contains(hidden), "{hidden:?}:\n{said}");
    }
}
