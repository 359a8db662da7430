//! Which rules want an image, and which images a look is about.

use std::time::Duration;

use shared::ports::images::{ImageDetail, Repository};
use shared::time::Timestamp;

use super::execution::Image;
use crate::event::Arrival;
use crate::report::{Decision, Outcome};
use crate::rule::Rule;

/// A rule with its number, counted from one.
pub(crate) type Numbered<'a> = (usize, &'a Rule);

/// An image under one of its tags, or without a tag.
#[derive(Clone, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) repository: &'a Repository,
    pub(crate) image: &'a ImageDetail,
    pub(crate) tag: Option<&'a str>,
    /// When it arrived, if an event says so.
    pub(crate) arrived: Option<Timestamp>,
}

/// An image under one tag, with the rules that want it.
#[derive(Debug)]
pub(crate) struct Candidate<'a> {
    pub(crate) subject: Subject<'a>,
    pub(crate) rules: Vec<Numbered<'a>>,
}

impl Arrival {
    /// Nothing, if a rule wants the image; otherwise why not. `region` is the one that the function works in.
    pub(crate) fn is_for(&self, rule: &Rule, region: &str) -> Result<(), String> {
        rule.wants(&self.repository, self.tag.as_deref())?;
        if self.region == region {
            Ok(())
        } else {
            Err(format!(
                "it is in `{}`, and this function looks at `{region}`",
                self.region
            ))
        }
    }

    /// What became of this image for a rule.
    pub(crate) fn decision(&self, rule: &Numbered<'_>, outcome: Outcome) -> Decision {
        let tag = self.tag.as_ref().map(|tag| format!(":{tag}")).unwrap_or_default();
        Decision::new(rule, Some(format!("{}{tag}@{}", self.repository, self.digest)), outcome)
    }
}

impl Subject<'_> {
    /// When the image arrived. This is the time of its push, which an event and a look both know. Only a tag that was
    /// added to an old image, which no look would find any more, arrived at the time of its event.
    pub(crate) fn arrived_at(&self, look_back: Duration) -> Option<Timestamp> {
        match (self.image.pushed_at, self.arrived) {
            (Some(pushed), Some(arrived)) if arrived.since(pushed) > look_back => Some(arrived),
            (pushed, arrived) => pushed.or(arrived),
        }
    }

    /// What is run: this image, or one of the images that it lists.
    pub(crate) fn to_run(&self, digest: String, media_type: Option<String>) -> Image {
        Image {
            repository: self.repository.clone(),
            digest,
            tag: self.tag.map(str::to_owned),
            pushed_at: self.image.pushed_at,
            media_type,
        }
    }

    /// What became of this image for a rule.
    pub(crate) fn decision(&self, rule: &Numbered<'_>, outcome: Outcome) -> Decision {
        let tag = self.tag.map(|tag| format!(":{tag}")).unwrap_or_default();
        let image = format!("{}{tag}@{}", self.repository.name, self.image.digest);
        Decision::new(rule, Some(image), outcome)
    }
}

/// The images that were pushed since then and that a rule wants, the newest first.
pub(crate) fn candidates<'a>(
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
