//! The workflow that releases: what it builds is what is looked at, signed and told in the documents, and who holds a token
//! runs nothing that could misuse it.

use super::house::{Finding, assert_none, text};
use super::pipeline::{texts, yaml_of};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const WORKFLOW: &str = ".github/workflows/release.yml";

/// What runs code that a release is made of, or that is installed.
const RUNS_CODE: &[&str] = &[
    "cargo ",
    "rustup ",
    "sam build",
    "pip install",
    "npm ",
    "curl ",
    "wget ",
    "tar ",
    "unzip ",
];

/// The documents that say which archives there are.
const DOCUMENTS: &[&str] = &["README.md", "docs/own-repository.md"];

fn steps(job: &Value) -> &[Value] {
    job["steps"].as_array().map_or(&[], Vec::as_slice)
}

fn runs(job: &Value) -> impl Iterator<Item = &str> {
    steps(job).iter().filter_map(|step| step["run"].as_str())
}

/// The targets that the command is built for.
fn targets(workflow: &Value) -> BTreeSet<String> {
    let matrix = workflow["jobs"]["command"]["strategy"]["matrix"]["include"].as_array();
    let rows = matrix.into_iter().flatten();
    rows.filter_map(|row| row["target"].as_str().map(str::to_owned))
        .collect()
}

/// The architectures that the functions are built for.
fn architectures(workflow: &Value) -> BTreeSet<String> {
    let loops = runs(&workflow["jobs"]["functions"]).flat_map(str::lines);
    let named = loops.filter_map(|line| line.trim().strip_prefix("for architecture in ")?.strip_suffix("; do"));
    named.flat_map(str::split_whitespace).map(str::to_owned).collect()
}

/// The archives of a release, with VERSION in the place of its own.
fn archives(workflow: &Value) -> BTreeSet<String> {
    let command = targets(workflow)
        .into_iter()
        .map(|target| format!("stepline-VERSION-{target}.tar.gz"));
    let functions = architectures(workflow).into_iter();
    let functions = functions.map(|architecture| format!("stepline-functions-VERSION-{architecture}.tar.gz"));
    command.chain(functions).collect()
}

/// The archives that a text names, such as `stepline-VERSION-aarch64-apple-darwin.tar.gz`.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_alphanumeric() || "-_.".contains(c)));
    let archives = words.filter(|word| word.starts_with("stepline-") && word.ends_with(".tar.gz"));
    archives
        .filter(|word| word.contains("-VERSION-"))
        .map(str::to_owned)
        .collect()
}

/// The wheels of a release, with VERSION in the place of its own.
fn wheels(workflow: &Value) -> BTreeSet<String> {
    let matrix = workflow["jobs"]["wheels"]["strategy"]["matrix"]["include"].as_array();
    let platforms = matrix.into_iter().flatten().filter_map(|row| row["platform"].as_str());
    platforms
        .map(|platform| format!("states_language-VERSION-cp310-abi3-{platform}.whl"))
        .collect()
}

/// The arguments behind the format of a `printf` in the script of the job that signs.
fn printed(number: usize) -> Vec<&'static str> {
    let script = text(".ci/release/check");
    let list = script
        .split("printf ")
        .nth(number)
        .and_then(|rest| rest.split(")\"").next());
    let words = list.unwrap_or_default().split_whitespace();
    words.filter(|word| *word != "\\").skip(1).collect()
}

/// What the job that signs looks for.
fn looked_for() -> BTreeSet<String> {
    let words = printed(1);
    let pairs = words.chunks_exact(2);
    pairs
        .map(|pair| format!("{}-VERSION-{}.tar.gz", pair[0], pair[1]))
        .collect()
}

/// What a workflow does that it must not.
fn faults(workflow: &Value) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut find = |thing: String, mend: &str| findings.push(Finding::new(WORKFLOW, thing, mend));
    if workflow["on"] != json!({"push": {"tags": ["v*"]}}) {
        find(
            "it runs for something else than a tag of a version".into(),
            "on: push: tags: [\"v*\"]",
        );
    }
    if workflow["permissions"] != json!({}) {
        find("its jobs may do something by default".into(), "permissions: {}");
    }
    for (name, job) in workflow["jobs"].as_object().into_iter().flatten() {
        let permissions = job["permissions"].as_object().cloned().unwrap_or_default();
        let may: BTreeSet<&str> = permissions
            .iter()
            .filter(|(_, access)| *access == "write")
            .map(|(scope, _)| scope.as_str())
            .collect();
        let expected: &[&str] = match name.as_str() {
            "attest" => &["attestations", "id-token"],
            "publish" => &["contents"],
            "pypi" => &["id-token"],
            _ => &[],
        };
        if may != expected.iter().copied().collect() {
            find(format!("{name} may write {may:?}"), "each job may do its one thing");
        }
        for command in RUNS_CODE.iter().filter(|_| !may.is_empty()) {
            if runs(job).any(|run| run.contains(command)) {
                find(
                    format!("{name} has a token and runs `{}`", command.trim()),
                    "do it in a job that has none",
                );
            }
        }
        let builds = expected.is_empty();
        if builds && !runs(job).any(|run| run.starts_with(".ci/release/version \"$GITHUB_REF_NAME\"")) {
            find(
                format!("{name} builds another version than the tag's"),
                ".ci/release/version \"$GITHUB_REF_NAME\"",
            );
        }
    }
    let jobs = &workflow["jobs"];
    let look = ".ci/release/check \"$RUNNER_TEMP/release\"";
    let looks = steps(&jobs["attest"]).iter().position(|step| step["run"] == look);
    let signs = steps(&jobs["attest"]).iter().position(|step| {
        step["uses"]
            .as_str()
            .is_some_and(|uses| uses.starts_with("actions/attest@"))
    });
    if looks.is_none() || looks > signs {
        find(
            "what is signed was not looked at".into(),
            "run .ci/release/check before actions/attest",
        );
    }
    let verified = runs(&jobs["publish"]).position(|run| run.contains("gh attestation verify"));
    let published = runs(&jobs["publish"]).position(|run| run.contains("gh release create"));
    if verified.is_none() || verified > published {
        find(
            "what is published was not verified".into(),
            "gh attestation verify, before gh release create",
        );
    }
    let needs = |name: &str| -> Vec<String> {
        match jobs[name]["needs"].as_str() {
            Some(one) => vec![one.to_owned()],
            None => texts(&jobs[name]["needs"]),
        }
    };
    let order = [
        ("attest", vec!["command", "functions", "wheels"]),
        ("publish", vec!["attest"]),
        ("pypi", vec!["publish"]),
    ];
    if order.iter().any(|(name, expected)| needs(name) != *expected) {
        find(
            "a job does not wait for what it takes".into(),
            "command, functions, wheels → attest → publish → pypi",
        );
    }
    findings
}

#[test]
fn the_workflow_is_without_fault() {
    assert_none(faults(&yaml_of(WORKFLOW, text(WORKFLOW))));
}

#[test]
fn each_fault_that_it_could_get_is_found() {
    let whole = text(WORKFLOW);
    for (part, other, said) in [
        (
            "    tags: [\"v*\"]",
            "    branches: [main]",
            "something else than a tag",
        ),
        ("permissions: {}", "permissions: {contents: write}", "by default"),
        ("      id-token: write", "      packages: write", "attest may write"),
        (
            "    permissions:\n      contents: read\n",
            "    permissions:\n      contents: write\n",
            "command may write",
        ),
        ("run: .ci/release/check ", "run: ls ", "was not looked at"),
        ("gh attestation verify", "echo", "was not verified"),
        (
            "          kind=(--latest)\n",
            "          kind=(--latest)\n          curl x\n",
            "publish has a token and runs `curl`",
        ),
        (
            "needs: [command, functions, wheels]",
            "needs: [command]",
            "does not wait",
        ),
        ("    needs: publish\n", "    needs: attest\n", "does not wait"),
        (
            "      id-token: write # is",
            "      id-token: write\n      contents: write # is",
            "pypi may write",
        ),
        ("run: .ci/release/version ", "run: echo ", "another version"),
    ] {
        assert!(whole.contains(part), "{WORKFLOW} has no {part:?} any more");
        let found = faults(&yaml_of(WORKFLOW, &whole.replacen(part, other, 1)));
        assert!(
            found.iter().any(|finding| finding.thing.contains(said)),
            "{part:?}: {found:?}"
        );
    }
}

#[test]
fn what_is_built_is_what_is_looked_for_and_what_the_documents_name() {
    let built = archives(&yaml_of(WORKFLOW, text(WORKFLOW)));
    assert_eq!(
        built.len(),
        6,
        "two systems, two processors each; two architectures of Lambda: {built:?}"
    );
    assert_eq!(looked_for(), built, ".ci/release/check");
    let wheels = wheels(&yaml_of(WORKFLOW, text(WORKFLOW)));
    let printed = printed(2);
    let looked_for = printed
        .iter()
        .map(|platform| format!("states_language-VERSION-cp310-abi3-{platform}.whl"));
    assert_eq!(looked_for.collect::<BTreeSet<_>>(), wheels, ".ci/release/check");
    assert_eq!(wheels.len(), 4, "two systems, two processors each");
    for document in DOCUMENTS {
        let told = named(text(document));
        assert!(
            told.is_subset(&built),
            "{document} names {told:?}, and a release has {built:?}"
        );
    }
    assert_eq!(
        named(text("docs/own-repository.md")),
        built,
        "docs/own-repository.md names each"
    );
}
