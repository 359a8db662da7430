//! What ECR's events come to, as data: `tests/decisions.json`.
//!
//! Each case has what is pushed, in its order, and the events that follow with a decision for every rule. `{name}`
//! stands for the digest of what was pushed under that name; in a tag, for its hexadecimal digits.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use shared::fakes::images::{digest_of, manifests};

use crate::world::{START, World, event, outcomes, repository};

#[derive(Deserialize)]
struct Case {
    case: String,
    registry: Vec<Step>,
    rules: Option<Value>,
    events: Vec<Happened>,
}

/// What happens to the registry.
#[derive(Deserialize)]
#[serde(untagged)]
enum Step {
    Push(Push),
    Deleted { deleted: String },
    Archived { archived: String },
}

#[derive(Deserialize)]
struct Push {
    name: String,
    is: String,
    tag: Option<String>,
    /// What an index lists, by platform.
    #[serde(default)]
    images: serde_json::Map<String, Value>,
    #[serde(default)]
    attestations: Vec<String>,
    /// What a referrer refers to.
    of: Option<String>,
}

#[derive(Deserialize)]
struct Happened {
    r#type: String,
    action: Option<String>,
    result: Option<String>,
    repository: Option<String>,
    digest: String,
    tag: Option<String>,
    decisions: Vec<String>,
}

/// Three rules: one that runs images alone, one that takes indexes as they are, one for what has no tag.
fn rules() -> Value {
    json!([
        {"repository": "ml", "tag": "release-*", "stateMachine": "images"},
        {"repository": "ml", "tag": "release-*", "stateMachine": "indexes", "acceptIndexes": true},
        {"repository": "ml", "tag": "untagged", "stateMachine": "untagged"},
    ])
}

/// What was pushed in a case, by name.
#[derive(Default)]
struct Pushed(BTreeMap<String, Value>);

impl Pushed {
    fn digest(&self, name: &str) -> String {
        let unknown = || digest_of(name);
        self.0
            .get(name)
            .map_or_else(unknown, |manifest| digest_of(&manifest.to_string()))
    }

    /// Puts digests for names in braces.
    fn fill(&self, text: &str, digest: impl Fn(&str) -> String) -> String {
        self.0.keys().fold(text.to_owned(), |text, name| {
            text.replace(&format!("{{{name}}}"), &digest(name))
        })
    }

    fn tag(&self, tag: &str) -> String {
        self.fill(tag, |name| self.digest(name).replacen("sha256:", "", 1))
    }

    fn manifest(&self, push: &Push) -> Value {
        let known = |name: &str| self.0.get(name).expect("pushed before");
        match push.is.as_str() {
            "docker-image" => manifests::docker_image(&push.name),
            "oci-image" => manifests::oci_image(&push.name),
            "attestation" => manifests::attestation(&push.name),
            "cosign-signature" => manifests::cosign_signature(&push.name),
            "referrer" => manifests::referrer(&self.digest(push.of.as_ref().expect("a subject")), &push.name),
            "index" => {
                let name = |name: &Value| known(name.as_str().expect("a name")).clone();
                let images: Vec<(&str, Value)> = push
                    .images
                    .iter()
                    .map(|(platform, image)| (platform.as_str(), name(image)))
                    .collect();
                let images: Vec<(&str, &Value)> = images.iter().map(|(platform, image)| (*platform, image)).collect();
                let attestations: Vec<&Value> = push.attestations.iter().map(|name| known(name)).collect();
                manifests::index(&images, &attestations)
            }
            other => panic!("`{other}` is nothing that is pushed here"),
        }
    }
}

#[tokio::test]
async fn every_event_comes_to_its_decisions() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("../decisions.json")).expect("cases");
    for case in cases {
        let world = World::new();
        let mut pushed = Pushed::default();
        for step in &case.registry {
            match step {
                Step::Push(push) => {
                    let (manifest, tag) = (pushed.manifest(push), push.tag.as_ref().map(|tag| pushed.tag(tag)));
                    world.registry.push(&repository("ml"), tag.as_deref(), &manifest, START);
                    pushed.0.insert(push.name.clone(), manifest);
                }
                Step::Deleted { deleted } => world.registry.delete(&repository("ml"), &pushed.digest(deleted)),
                Step::Archived { archived } => world.registry.archive(&repository("ml"), &pushed.digest(archived)),
            }
        }
        let rules = case.rules.unwrap_or_else(rules);
        let function = world.function(&rules, &[]);
        for happened in &case.events {
            check(&case.case, &world, &function, &pushed, happened).await;
            world.pass(std::time::Duration::from_millis(1));
        }
    }
}

async fn check(case: &str, world: &World, function: &crate::world::Function<'_>, pushed: &Pushed, happened: &Happened) {
    let mut detail = json!({
        "repository-name": happened.repository.as_deref().unwrap_or("ml"),
        "image-digest": pushed.digest(&happened.digest),
        "result": happened.result.as_deref().unwrap_or("SUCCESS"),
        "action-type": happened.action,
    });
    if let Some(tag) = &happened.tag {
        detail["image-tag"] = json!(pushed.tag(tag));
    }
    let before = world.executions().len();
    let now = world.now();
    let decided = outcomes(
        function
            .handle_one(event("aws.ecr", &happened.r#type, detail), now)
            .await,
    );
    assert_eq!(decided.len(), happened.decisions.len(), "{case}: {decided:?}");
    let mut started = 0;
    for (decided, expected) in decided.iter().zip(&happened.decisions) {
        let expected = pushed.fill(expected, |name| pushed.digest(name));
        let (word, about) = expected.split_once(' ').expect("a word and what it is about");
        if word == "ignored:" {
            assert!(decided.starts_with(&expected), "{case}: {decided} is not {expected}");
            continue;
        }
        let (word_decided, name) = decided.split_once(' ').expect("a word and a name");
        assert_eq!(word_decided, word, "{case}: {decided}");
        let executions = world.executions();
        let execution = executions
            .iter()
            .find(|execution| execution.name == name)
            .expect("the execution is there");
        assert_eq!(execution.input["image"]["digest"], pushed.digest(about), "{case}");
        started += usize::from(word == "started");
    }
    let after = world.executions().len();
    assert_eq!(
        after - before,
        started,
        "{case}: as many executions as were said to be started"
    );
}
