//! The scheduled look: what a lost event left out.

use std::collections::BTreeSet;
use std::time::Duration;

use shared::parameters::GetParameters;
use shared::ports::images::{ImageDetail, Repository};
use shared::ports::{CallError, CallErrorKind};
use shared::time::{Timestamp, in_words};

use crate::decision::{Decision, Outcome};
use crate::follow::{Numbered, Occasion, Subject, left_for_the_next};
use crate::rule::Rule;
use crate::{Executions, ImagePush, Registry};

/// An image under a tag that some rules want.
#[derive(Debug)]
struct Candidate<'a> {
    subject: Subject<'a>,
    rules: Vec<Numbered<'a>>,
}

impl<R: Registry, S: Executions, P: GetParameters> ImagePush<R, S, P> {
    /// Looks through the rules' repositories and starts what was pushed within the window and has no execution: the
    /// newest first, and at most as many as may be.
    pub(crate) async fn look(&self, registry_id: &str, rules: &[Rule], mut occasion: Occasion<'_>) -> Vec<Decision> {
        let numbered: Vec<Numbered<'_>> = (1..).zip(rules).collect();
        let (mut decisions, mut listed) = (Vec::new(), Vec::new());
        let names = match self.repositories(rules, registry_id).await {
            Ok(names) => names,
            Err(error) => {
                return numbered
                    .iter()
                    .map(|rule| Decision::new(rule, None, Outcome::failed(&error)))
                    .collect();
            }
        };
        for name in names {
            let repository = Repository {
                registry_id: registry_id.to_owned(),
                name,
            };
            match self.images(&repository).await {
                Ok(images) => listed.push((repository, images)),
                Err(error) => {
                    let wanted = numbered
                        .iter()
                        .filter(|(_, rule)| rule.repository.matches(&repository.name));
                    decisions.extend(wanted.map(|rule| Decision::new(rule, None, unlisted(&repository, &error))));
                }
            }
        }
        let since = occasion.now - self.look_back;
        for Candidate { subject, rules } in candidates(&listed, &numbered, since) {
            decisions.extend(match occasion.budget {
                Some(0) => rules
                    .iter()
                    .map(|rule| subject.decision(rule, left_for_the_next()))
                    .collect(),
                _ => self.follow(&subject, &rules, &mut occasion).await,
            });
        }
        let idle = numbered
            .iter()
            .filter(|(number, _)| !decisions.iter().any(|decision| decision.rule == *number));
        let idle: Vec<_> = idle
            .map(|rule| Decision::new(rule, None, nothing_since(self.look_back)))
            .collect();
        decisions.extend(idle);
        decisions
    }

    /// The repositories that the rules want. Only wildcards make it necessary to ask which there are.
    async fn repositories(&self, rules: &[Rule], registry_id: &str) -> Result<BTreeSet<String>, CallError> {
        let plain = rules.iter().filter(|rule| rule.repository.is_plain());
        let mut names: BTreeSet<String> = plain.map(|rule| rule.repository.as_str().to_owned()).collect();
        if rules.iter().all(|rule| rule.repository.is_plain()) {
            return Ok(names);
        }
        let mut token: Option<String> = None;
        loop {
            let page = self
                .registry
                .describe_repositories(registry_id, token.as_deref())
                .await?;
            let wanted = |name: &String| rules.iter().any(|rule| rule.repository.matches(name));
            names.extend(page.names.into_iter().filter(wanted));
            token = page.next_token;
            if token.is_none() {
                return Ok(names);
            }
        }
    }
}

/// What was pushed since then and is wanted by a rule, the newest first.
fn candidates<'a>(
    listed: &'a [(Repository, Vec<ImageDetail>)],
    rules: &[Numbered<'a>],
    since: Timestamp,
) -> Vec<Candidate<'a>> {
    let mut candidates = Vec::new();
    for (repository, images) in listed {
        for image in images
            .iter()
            .filter(|image| image.pushed_at.is_some_and(|pushed_at| pushed_at >= since))
        {
            let tags = image.tags.iter().map(|tag| Some(tag.as_str()));
            for tag in tags.chain(image.tags.is_empty().then_some(None)) {
                let wants = |(_, rule): &&Numbered<'a>| rule.wants(&repository.name, tag).is_ok();
                let rules: Vec<Numbered<'a>> = rules.iter().filter(wants).copied().collect();
                if !rules.is_empty() {
                    candidates.push(Candidate {
                        subject: Subject {
                            repository,
                            image,
                            tag,
                            arrived: None,
                        },
                        rules,
                    });
                }
            }
        }
    }
    // What was pushed at the same time has an order too, so that a look is the same each time it is taken.
    let order = |candidate: &Candidate<'a>| {
        let Subject {
            repository, image, tag, ..
        } = &candidate.subject;
        (
            std::cmp::Reverse(image.pushed_at),
            *repository,
            image.digest.as_str(),
            *tag,
        )
    };
    candidates.sort_by(|one, other| order(one).cmp(&order(other)));
    candidates
}

/// A repository that is not there yet is no failure: rules can be deployed before it.
fn unlisted(repository: &Repository, error: &CallError) -> Outcome {
    match error.kind {
        CallErrorKind::NotFound => Outcome::Ignored {
            reason: format!("there is no repository `{}`", repository.name),
        },
        _ => Outcome::failed(error),
    }
}

fn nothing_since(look_back: Duration) -> Outcome {
    Outcome::Ignored {
        reason: format!("nothing that it wants was pushed in the last {}", in_words(look_back)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::ports::images::ImageStatus;

    use super::*;
    use crate::rule::parse_rules;

    fn image(digest: &str, tags: &[&str], pushed_at: i64) -> ImageDetail {
        ImageDetail {
            digest: digest.to_owned(),
            tags: tags.iter().map(ToString::to_string).collect(),
            pushed_at: Some(Timestamp::from_millis(pushed_at)),
            manifest_media_type: None,
            artifact_media_type: None,
            subject_digest: None,
            status: ImageStatus::Active,
        }
    }

    #[test]
    fn candidates_are_what_is_new_and_wanted_the_newest_first() {
        let rule = |repository: &str, tag: &str| json!({"repository": repository, "tag": tag, "stateMachine": "m"});
        let rules = json!([rule("ml", "release-*"), rule("m*", "*-1"), rule("ml", "untagged")]).to_string();
        let rules = parse_rules(&rules).expect("rules");
        let numbered: Vec<_> = (1..).zip(&rules).collect();
        let repository = |name: &str| Repository {
            registry_id: "1".to_owned(),
            name: name.to_owned(),
        };
        let unknown = ImageDetail {
            pushed_at: None,
            ..image("never", &["release-1"], 0)
        };
        let images = vec![
            image("old", &["release-0"], 99),
            image("edge", &["release-1", "main"], 100),
            image("new", &["release-2", "release-3"], 200),
            image("bare", &[], 150),
            unknown,
        ];
        let listed = [
            (repository("ml"), images),
            (repository("mx"), vec![image("other", &["release-1"], 150)]),
        ];
        let found: Vec<(String, Option<&str>, Vec<usize>)> =
            candidates(&listed, &numbered, Timestamp::from_millis(100))
                .into_iter()
                .map(|candidate| {
                    let Subject {
                        repository, image, tag, ..
                    } = candidate.subject;
                    let rules = candidate.rules.iter().map(|(number, _)| *number).collect();
                    (format!("{}/{}", repository.name, image.digest), tag, rules)
                })
                .collect();
        let expected = [
            ("ml/new".to_owned(), Some("release-2"), vec![1]),
            ("ml/new".to_owned(), Some("release-3"), vec![1]),
            ("ml/bare".to_owned(), None, vec![3]),
            ("mx/other".to_owned(), Some("release-1"), vec![2]),
            ("ml/edge".to_owned(), Some("release-1"), vec![1, 2]),
        ];
        assert_eq!(found, expected);
    }
}
