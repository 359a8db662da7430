//! What checks definitions elsewhere: the action, the hook of pre-commit and the Python package. They have one version, name
//! each other rightly, and what an action installs is looked at before.

use super::house::{Finding, assert_none, text};
use super::pipeline::yaml_of;
use serde_json::Value;
use toml::Table;

const PACKAGE: &str = "local/states-language-python";

fn toml(path: &str) -> Table {
    text(path).parse().unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The version that is released.
fn version() -> String {
    let workspace = toml("Cargo.toml");
    let version = workspace["workspace"]["package"]["version"].as_str();
    version.expect("the workspace has a version").to_owned()
}

#[test]
fn the_package_and_the_hook_have_the_version_that_is_released() {
    let version = version();
    let native = toml(&format!("{PACKAGE}/Cargo.toml"));
    assert_eq!(
        native["package"]["version"].as_str(),
        Some(&*version),
        "{PACKAGE}/Cargo.toml"
    );
    let hook = toml("pyproject.toml");
    assert_eq!(hook["project"]["version"].as_str(), Some(&*version), "pyproject.toml");
    let pinned = hook["project"]["dependencies"]
        .as_array()
        .and_then(|all| all.first()?.as_str());
    assert_eq!(pinned, Some(&*format!("states-language=={version}")), "pyproject.toml");
}

/// It has a workspace of its own, and so says again what the repository's says.
#[test]
fn the_package_keeps_the_lints_and_the_oldest_compiler_of_the_workspace() {
    let (native, workspace) = (toml(&format!("{PACKAGE}/Cargo.toml")), toml("Cargo.toml"));
    assert_eq!(native["workspace"]["lints"], workspace["workspace"]["lints"]);
    for field in ["edition", "license", "rust-version"] {
        assert_eq!(
            native["package"][field], workspace["workspace"]["package"][field],
            "{field}"
        );
    }
}

#[test]
fn the_hook_runs_a_command_that_the_package_has() {
    let hooks = yaml_of(".pre-commit-hooks.yaml", text(".pre-commit-hooks.yaml"));
    let hook = &hooks[0];
    let scripts = toml(&format!("{PACKAGE}/pyproject.toml"));
    let command = hook["entry"].as_str().and_then(|entry| entry.split_whitespace().next());
    assert!(
        scripts["project"]["scripts"].get(command.unwrap_or_default()).is_some(),
        "{hook}"
    );
    assert_eq!(
        hook["language"], "python",
        "a hook of another language asks for more than Python"
    );
    let files = hook["files"].as_str().unwrap_or_default();
    assert_eq!(
        files, r"\.asl\.(json|ya?ml)$",
        "the endings that the command looks for in folders"
    );
}

/// What an action does that it must not.
fn faults(action: &Value, install: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut find = |file: &str, thing: String, mend: &str| findings.push(Finding::new(file, thing, mend));
    if action["runs"]["using"] != "composite" {
        find("action.yml", "it is not composite".into(), "using: composite");
    }
    for step in action["runs"]["steps"].as_array().into_iter().flatten() {
        let run = step["run"].as_str().unwrap_or_default();
        if run.contains("${{") {
            find(
                "action.yml",
                format!("`{run}` has an expression"),
                "give it by `env`: an input is no code",
            );
        }
        if let Some(uses) = step["uses"].as_str() {
            find(
                "action.yml",
                format!("it uses {uses}"),
                "do it in .ci/check, where a test can see it",
            );
        }
    }
    for (name, input) in action["inputs"].as_object().into_iter().flatten() {
        if input["default"].is_null() || input["description"].is_null() {
            find(
                "action.yml",
                format!("{name} has no default or no description"),
                "say both",
            );
        }
    }
    let at = |part: &str| install.find(part);
    let (downloaded, installed) = (at("gh release download"), at("-m pip install"));
    for look in [
        "== \"$SHA256\"",
        "SHA256SUMS\" ||",
        "gh attestation verify",
        "--signer-workflow",
        "--source-ref",
    ] {
        if at(look).is_none() || at(look) < downloaded || at(look) > installed {
            let thing = format!("what is installed was not looked at by `{look}`");
            find(".ci/check/install", thing, "look between the download and pip");
        }
    }
    for line in install.lines().filter(|line| line.contains("-m pip install")) {
        if !["--require-hashes", "--no-index"].iter().any(|way| line.contains(way)) {
            find(
                ".ci/check/install",
                format!("`{}`", line.trim()),
                "by hashes, or from the file that was looked at",
            );
        }
    }
    findings
}

#[test]
fn the_action_is_without_fault() {
    let action = yaml_of("action.yml", text("action.yml"));
    assert_none(faults(&action, text(".ci/check/install")));
}

#[test]
fn each_fault_that_the_action_could_get_is_found() {
    let (action, install) = (text("action.yml"), text(".ci/check/install"));
    let composite = |action: &str, install: &str| faults(&yaml_of("action.yml", action), install);
    for (part, other, said) in [
        ("using: composite", "using: node24", "not composite"),
        (
            "run: '\"$GITHUB_ACTION_PATH/.ci/check/run\"'",
            "run: check ${{ inputs.paths }}",
            "has an expression",
        ),
        ("    default: .\n", "", "paths has no default"),
    ] {
        assert!(action.contains(part), "action.yml has no {part:?} any more");
        let found = composite(&action.replacen(part, other, 1), install);
        assert!(found.iter().any(|one| one.thing.contains(said)), "{part:?}: {found:?}");
    }
    for (part, other, said) in [
        ("gh attestation verify", "true", "attestation verify"),
        ("--require-hashes ", "", "pip install"),
        ("--no-index ", "", "pip install"),
    ] {
        assert!(install.contains(part), ".ci/check/install has no {part:?} any more");
        let found = composite(action, &install.replacen(part, other, 1));
        assert!(found.iter().any(|one| one.thing.contains(said)), "{part:?}: {found:?}");
    }
}

/// The wheels that the action asks for are those that are released.
#[test]
fn the_action_installs_what_is_released() {
    let workflow = text(".github/workflows/release.yml");
    let install = text(".ci/check/install");
    let platforms = install.lines().filter_map(|line| line.trim().split_once(") platform="));
    let platforms: Vec<&str> = platforms.filter_map(|(_, rest)| rest.strip_suffix(" ;;")).collect();
    assert_eq!(platforms.len(), 4);
    for platform in platforms {
        assert!(
            workflow.contains(&format!("- platform: {platform}\n")),
            "no wheel for {platform} is built"
        );
    }
}

/// What the book and the package's README show is what the tests run.
#[test]
fn the_test_that_is_shown_is_one_that_runs() {
    let test = text(&format!("{PACKAGE}/tests/test_training_pipeline.py"));
    let shown = test
        .split("# shown: begin\n")
        .nth(1)
        .and_then(|rest| rest.split("# shown: end").next());
    let shown = shown.expect("the part that is shown").replace("ROOT / ", "");
    for page in [&format!("{PACKAGE}/README.md"), "docs/python.md", "docs/ja/python.md"] {
        assert!(
            text(page).contains(shown.trim()),
            "{page} shows another test than runs:\n{shown}"
        );
    }
}
