//! Lifecycle policies: which images a policy expires. Nothing in here reads a clock or knows a repository.
//!
//! Follows <https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html>. ECR expires
//! images within a day, the local run at the next push. Absent, and refused by name: the storage class for archives.

use jiff::{SignedDuration, Timestamp};
use platform::wildcard::glob;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A policy as it was read: its rules, sorted by their priority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Policy(Vec<Rule>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Rule {
    priority: u16,
    tags: Tags,
    count: Count,
}

/// Which images a rule is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Tags {
    Untagged,
    Any,
    /// For each of the patterns the image has a tag that fits it.
    Fitting(Vec<String>),
}

/// Which images of a rule expire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Count {
    /// All but this many, which were pushed last.
    MoreThan(usize),
    /// Those that were pushed longer ago than this.
    OlderThan(SignedDuration),
}

/// What a policy looks at in an image.
#[derive(Debug, Clone)]
pub(super) struct Candidate<'a> {
    pub(super) digest: &'a str,
    pub(super) tags: &'a BTreeSet<String>,
    pub(super) pushed_at: Timestamp,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Document {
    rules: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    rule_priority: u16,
    #[serde(default, rename = "description")]
    _description: String,
    selection: Selection,
    action: Action,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Selection {
    tag_status: String,
    #[serde(default)]
    tag_prefix_list: Vec<String>,
    #[serde(default)]
    tag_pattern_list: Vec<String>,
    count_type: String,
    #[serde(default)]
    count_unit: Option<String>,
    count_number: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Action {
    #[serde(rename = "type")]
    kind: String,
}

impl Policy {
    /// Reads a policy's text.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let document: Document = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let mut rules = document
            .rules
            .into_iter()
            .map(Rule::read)
            .collect::<Result<Vec<_>, _>>()?;
        rules.sort_by_key(|rule| rule.priority);
        if rules.is_empty() {
            return Err("`rules` has no rule".to_owned());
        }
        if let Some(pair) = rules.windows(2).find(|pair| pair[0].priority == pair[1].priority) {
            return Err(format!("two rules have the rulePriority {}", pair[0].priority));
        }
        let last = rules.len() - 1;
        if let Some(rule) = rules[..last].iter().find(|rule| rule.tags == Tags::Any) {
            return Err(format!(
                "rule {}: the rule with the tagStatus any must have the highest rulePriority",
                rule.priority
            ));
        }
        Ok(Self(rules))
    }

    /// The digests of the images that expire. Only the first rule that is for an image decides about it. Rules with a
    /// higher number leave the image alone, even where the first one keeps it.
    pub(super) fn expired<'a>(&self, images: &[Candidate<'a>], now: Timestamp) -> Vec<&'a str> {
        let mut newest_first: Vec<&Candidate<'a>> = images.iter().collect();
        newest_first.sort_by_key(|image| std::cmp::Reverse(image.pushed_at));
        let (mut claimed, mut expired): (BTreeSet<&str>, Vec<&str>) = (BTreeSet::new(), Vec::new());
        for rule in &self.0 {
            let fitting = newest_first.iter().filter(|image| rule.tags.fit(image.tags));
            for (place, image) in fitting.enumerate() {
                let is_too_much = match rule.count {
                    Count::MoreThan(kept) => place >= kept,
                    Count::OlderThan(age) => now.duration_since(image.pushed_at) > age,
                };
                if claimed.insert(image.digest) && is_too_much {
                    expired.push(image.digest);
                }
            }
        }
        expired
    }
}

impl Rule {
    fn read(written: Written) -> Result<Self, String> {
        let priority = written.rule_priority;
        let wrong = |what: &str| format!("rule {priority}: {what}");
        if written.action.kind != "expire" {
            return Err(wrong(&format!("the local run has no action `{}`", written.action.kind)));
        }
        let selection = written.selection;
        let prefixes = selection.tag_prefix_list.iter().map(|prefix| format!("{prefix}*"));
        let patterns: Vec<String> = prefixes.chain(selection.tag_pattern_list.iter().cloned()).collect();
        let tags = match (selection.tag_status.as_str(), patterns.is_empty()) {
            ("tagged", false) => Tags::Fitting(patterns),
            ("tagged", true) => return Err(wrong("tagStatus tagged needs a tagPrefixList or a tagPatternList")),
            ("untagged", true) => Tags::Untagged,
            ("any", true) => Tags::Any,
            ("untagged" | "any", false) => return Err(wrong("only tagStatus tagged takes a list of tags")),
            (other, _) => return Err(wrong(&format!("`{other}` is not a tagStatus"))),
        };
        let number = selection.count_number;
        if number == 0 {
            return Err(wrong("countNumber must be at least 1"));
        }
        let count = match (selection.count_type.as_str(), selection.count_unit.as_deref()) {
            ("imageCountMoreThan", None) => Count::MoreThan(usize::try_from(number).unwrap_or(usize::MAX)),
            ("sinceImagePushed", Some("days")) => Count::OlderThan(SignedDuration::from_hours(24 * i64::from(number))),
            (kind @ ("imageCountMoreThan" | "sinceImagePushed"), unit) => {
                return Err(wrong(&format!("`{kind}` does not go with countUnit {unit:?}")));
            }
            (other, _) => return Err(wrong(&format!("the local run has no countType `{other}`"))),
        };
        Ok(Self { priority, tags, count })
    }
}

impl Tags {
    fn fit(&self, tags: &BTreeSet<String>) -> bool {
        match self {
            Self::Untagged => tags.is_empty(),
            Self::Any => true,
            Self::Fitting(patterns) => {
                let fits = |pattern: &String| tags.iter().any(|tag| glob(pattern, tag));
                !tags.is_empty() && patterns.iter().all(fits)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn rule(priority: u16, selection: Value) -> Value {
        json!({"rulePriority": priority, "selection": selection, "action": {"type": "expire"}})
    }

    fn commits(kept: u32) -> Value {
        json!({"tagStatus": "tagged", "tagPrefixList": ["commit-"], "countType": "imageCountMoreThan", "countNumber": kept})
    }

    fn older(status: &str, days: u32) -> Value {
        json!({"tagStatus": status, "countType": "sinceImagePushed", "countUnit": "days", "countNumber": days})
    }

    /// What of these images expires: each is its digest, its tags and its age in days.
    fn expired(rules: &[Value], images: &[(&str, &[&str], i64)]) -> Vec<String> {
        let policy = Policy::parse(&json!({"rules": rules}).to_string()).expect("a policy");
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().expect("a time");
        let tags: Vec<BTreeSet<String>> = images
            .iter()
            .map(|(_, tags, _)| tags.iter().map(|tag| (*tag).to_owned()).collect())
            .collect();
        let candidates: Vec<Candidate<'_>> = images
            .iter()
            .zip(&tags)
            .map(|((digest, _, age), tags)| Candidate {
                digest,
                tags,
                pushed_at: now - SignedDuration::from_hours(24 * age),
            })
            .collect();
        let mut expired: Vec<String> = policy
            .expired(&candidates, now)
            .into_iter()
            .map(str::to_owned)
            .collect();
        expired.sort();
        expired
    }

    #[test]
    fn rules_expire_what_is_theirs() {
        let images: &[(&str, &[&str], i64)] = &[
            ("a", &["commit-1"], 9),
            ("b", &["commit-2", "release-1"], 8),
            ("c", &[], 7),
            ("d", &["release-2"], 200),
            ("e", &["commit-3"], 1),
        ];
        for (rules, expected) in [
            (vec![rule(1, older("untagged", 6))], vec!["c"]),
            (vec![rule(1, older("untagged", 7))], vec![]),
            // A second tag does not take the first one's rule away: this is how a release was lost.
            (vec![rule(1, commits(1))], vec!["a", "b"]),
            (vec![rule(1, commits(2))], vec!["a"]),
            (vec![rule(1, commits(3))], vec![]),
            (vec![rule(1, older("any", 100))], vec!["d"]),
            // What a rule is for, no later rule takes, even if the first one keeps it.
            (vec![rule(2, older("any", 5)), rule(1, commits(3))], vec!["c", "d"]),
            // An image needs a tag for each of the patterns.
            (
                vec![rule(
                    1,
                    json!({"tagStatus": "tagged", "tagPatternList": ["commit-*", "*-1"], "countType": "sinceImagePushed",
                        "countUnit": "days", "countNumber": 1}),
                )],
                vec!["a", "b"],
            ),
        ] {
            assert_eq!(expired(&rules, images), expected, "{rules:?}");
        }
    }

    #[test]
    fn what_is_no_policy_is_refused_by_name() {
        let archive = json!({"rulePriority": 1, "selection": commits(1), "action": {"type": "transition"}});
        let with = |mut selection: Value, field: &str, value: Value| {
            selection[field] = value;
            rule(1, selection)
        };
        for (rules, part) in [
            (json!([]), "no rule"),
            (
                json!([rule(1, commits(1)), rule(1, commits(2))]),
                "two rules have the rulePriority 1",
            ),
            (
                json!([rule(1, older("any", 1)), rule(2, commits(1))]),
                "rule 1: the rule with the tagStatus any",
            ),
            (json!([archive]), "rule 1: the local run has no action `transition`"),
            (json!([with(commits(1), "countNumber", json!(0))]), "countNumber"),
            (
                json!([with(commits(1), "countUnit", json!("days"))]),
                "`imageCountMoreThan` does not go with",
            ),
            (
                json!([with(commits(1), "countType", json!("sinceImagePulled"))]),
                "`sinceImagePulled`",
            ),
            (
                json!([with(commits(1), "tagStatus", json!("untagged"))]),
                "only tagStatus tagged",
            ),
            (json!([rule(1, older("tagged", 1))]), "needs a tagPrefixList"),
            (json!([rule(1, older("old", 1))]), "`old` is not a tagStatus"),
            (json!([with(commits(1), "colour", json!("red"))]), "`colour`"),
        ] {
            let error = Policy::parse(&json!({"rules": rules}).to_string()).expect_err(part);
            assert!(error.contains(part), "{error}");
        }
    }
}
