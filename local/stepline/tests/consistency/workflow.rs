//! The workflow that deploys: who holds a token, what it takes from the job that compiles, and who waits for whom.

use super::house::{Finding, assert_none, text};
use super::pipeline::{texts, yaml_of};
use serde_json::Value;

const WORKFLOW: &str = ".github/workflows/deploy.yml";

/// What installs or compiles code that nobody pinned by hash.
const UNPINNED: &[&str] = &[
    "cargo build",
    "cargo install",
    "sam build",
    "npm install",
    "npm ci",
    "npx ",
    "curl ",
    "wget ",
];

/// What must not happen to a build that may have gone wrong: events that have no secrets, and a fork's.
const NOT_BUILT: &[&str] = &[
    "!github.event.repository.fork",
    "github.event.pull_request.head.repo.full_name == github.repository",
    "github.event.action != 'closed'",
    "github.event.sender.login != 'dependabot[bot]'",
];

fn jobs(workflow: &Value) -> impl Iterator<Item = (&String, &Value)> {
    workflow["jobs"].as_object().into_iter().flatten()
}

fn steps(job: &Value) -> &[Value] {
    job["steps"].as_array().map_or(&[], Vec::as_slice)
}

fn runs(job: &Value) -> impl Iterator<Item = &str> {
    steps(job).iter().filter_map(|step| step["run"].as_str())
}

/// Whether a job can be given a token that is exchanged for a role, or that signs.
fn holds_a_token(job: &Value) -> bool {
    job["permissions"]["id-token"] == "write"
}

/// What a workflow does that it must not.
fn faults(workflow: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut find = |thing: String, mend: &str| findings.push(Finding::new(WORKFLOW, thing, mend));
    if !workflow["concurrency"].is_null() {
        find(
            "its concurrency group holds whole runs, so that one that waits for a reviewer jams the next".into(),
            "put the group on the job that deploys",
        );
    }
    for (name, job) in jobs(workflow) {
        let group = job["concurrency"]["group"].as_str().unwrap_or_default();
        if group.starts_with("deploy-") != (name == "deploy") {
            find(
                format!("{name} has the concurrency group `{group}`"),
                "only the job that deploys is in it",
            );
        }
        if holds_a_token(job) {
            let downloads = steps(job)
                .iter()
                .position(|step| uses(step, "actions/download-artifact"));
            for run in runs(job) {
                for command in UNPINNED.iter().filter(|command| run.contains(**command)) {
                    find(
                        format!("{name} has a token and runs `{command}`"),
                        "do it in a job that has none",
                    );
                }
                if run.contains("pip install") && !run.contains("--require-hashes --only-binary=:all:") {
                    find(
                        format!("{name} has a token and installs without hashes"),
                        "--require-hashes",
                    );
                }
                if ["tar ", "unzip "].iter().any(|command| run.contains(command)) {
                    find(
                        format!("{name} unpacks an archive beside its token"),
                        "take single files by hash",
                    );
                }
            }
            if let Some(at) = downloads {
                let folder = steps(job)[at]["with"]["path"].as_str().unwrap_or_default();
                if !folder.starts_with("${{ runner.temp }}/") {
                    find(
                        format!("{name} lays an artifact over `{folder}`"),
                        "download it beside the checkout",
                    );
                }
                let next = steps(job)
                    .get(at + 1)
                    .and_then(|step| step["run"].as_str())
                    .unwrap_or_default();
                if !next.starts_with(".ci/deploy/check-functions ") {
                    find(
                        format!("{name} uses an artifact unseen"),
                        "check it by hash in the next step",
                    );
                }
            }
        } else if texts_of_permissions(job)
            .iter()
            .any(|scope| scope == "attestations: write")
        {
            find(
                format!("{name} may keep attestations and not sign"),
                "remove the permission",
            );
        }
    }
    let deploy = &workflow["jobs"]["deploy"];
    let concurrency = &deploy["concurrency"];
    if concurrency["cancel-in-progress"] != false || concurrency["queue"] != "max" {
        find(
            "a deployment can be broken off, or dropped while it waits".into(),
            "cancel-in-progress: false, queue: max",
        );
    }
    if !texts(&deploy["needs"]).contains(&"attest".to_owned())
        || !runs(deploy).any(|run| run.contains("gh attestation verify"))
    {
        find(
            "what is deployed was not verified".into(),
            "need the job `attest`, and verify what it signed",
        );
    }
    if !runs(deploy).any(|run| run.starts_with("sam/deploy ") && run.contains(" --functions ")) {
        find(
            "the templates that are deployed may not be the checkout's".into(),
            "deploy with sam/deploy --functions",
        );
    }
    let build = workflow["jobs"]["build"]["if"].as_str().unwrap_or_default();
    for condition in NOT_BUILT.iter().filter(|condition| !build.contains(**condition)) {
        find(
            format!("it builds although not `{condition}`"),
            "skip it: such a run has no secrets or nothing to deploy",
        );
    }
    if workflow["jobs"]["build"]["permissions"] != serde_json::json!({"contents": "read"}) {
        find(
            "what is compiled may do more than read".into(),
            "permissions: contents: read",
        );
    }
    findings
}

fn uses(step: &Value, action: &str) -> bool {
    step["uses"]
        .as_str()
        .is_some_and(|uses| uses.starts_with(&format!("{action}@")))
}

fn texts_of_permissions(job: &Value) -> Vec<String> {
    let permissions = job["permissions"].as_object().into_iter().flatten();
    permissions
        .map(|(scope, access)| format!("{scope}: {}", access.as_str().unwrap_or_default()))
        .collect()
}

#[test]
fn the_workflow_is_without_fault() {
    assert_none(faults(&yaml_of(WORKFLOW, text(WORKFLOW))));
}

#[test]
fn each_fault_that_it_had_or_could_get_is_found() {
    for (part, other, said) in [
        (
            "permissions: {}\n\n",
            "permissions: {}\n\nconcurrency: {group: deploy}\n\n",
            "holds whole runs",
        ),
        (
            "group: build-",
            "group: deploy-build-",
            "build has the concurrency group",
        ),
        ("      queue: max\n", "", "dropped while it waits"),
        (
            "      cancel-in-progress: false\n",
            "      cancel-in-progress: true\n",
            "can be broken off",
        ),
        (
            "--require-hashes --only-binary=:all: ",
            "",
            "deploy has a token and installs without hashes",
        ),
        (
            "run: echo \"region=",
            "run: sam build && echo \"region=",
            "deploy has a token and runs `sam build`",
        ),
        (
            "run: echo \"region=",
            "run: tar --extract --file x && echo \"region=",
            "deploy unpacks an archive",
        ),
        (
            "          path: ${{ runner.temp }}/functions\n      - name: Check",
            "          path: sam\n      - name: Check",
            "lays an artifact over `sam`",
        ),
        (
            "run: .ci/deploy/check-functions ",
            "run: ls ",
            "uses an artifact unseen",
        ),
        (
            "    needs: [build, attest]\n",
            "    needs: [build]\n",
            "was not verified",
        ),
        ("gh attestation verify", "echo", "was not verified"),
        (
            "run: sam/deploy \"$CONFIG_ENV\" --functions",
            "run: sam deploy --config-env \"$CONFIG_ENV\" -t",
            "may not be the checkout's",
        ),
        (
            "      && github.event.sender.login != 'dependabot[bot]'\n",
            "",
            "although not `github.event.sender.login",
        ),
        (
            "      && github.event.action != 'closed'\n",
            "",
            "although not `github.event.action != 'closed'`",
        ),
        (
            "    permissions:\n      contents: read\n    outputs:",
            "    permissions:\n      contents: read\n      id-token: write\n    outputs:",
            "build has a token and runs `sam build`",
        ),
    ] {
        let whole = text(WORKFLOW);
        assert!(whole.contains(part), "{WORKFLOW} has no {part:?} any more");
        let found = faults(&yaml_of(WORKFLOW, &whole.replace(part, other)));
        assert!(
            found.iter().any(|finding| finding.thing.contains(said)),
            "{part:?}: {found:?}"
        );
    }
}

#[test]
fn a_pull_request_that_is_closed_without_a_merge_has_its_base_deployed_again() {
    let workflow = yaml_of(WORKFLOW, text(WORKFLOW));
    assert!(texts(&workflow["on"]["pull_request"]["types"]).contains(&"closed".to_owned()));
    let restore = &workflow["jobs"]["restore"];
    let condition = restore["if"].as_str().unwrap_or_default();
    for part in ["github.event.action == 'closed'", "!github.event.pull_request.merged"] {
        assert!(condition.contains(part), "{condition}");
    }
    assert_eq!(restore["permissions"], serde_json::json!({"actions": "write"}));
    assert!(runs(restore).any(|run| run.starts_with("gh workflow run deploy.yml ") && run.contains("--ref \"$BASE\"")));
}
