//! The rules of conditions: which there are, what each must say, and how it is checked.
//!
//! Some do what an action does, and are done as one. See
//! <https://docs.aws.amazon.com/codepipeline/latest/userguide/rule-reference.html>.

use super::conditions::{Condition, Outcome, Rule};
use super::declaration::{Action, Stage};
use super::parts::ActionType;
use super::providers::{Kind, check_timeout};
use super::variables::{Namespaces, resolve};
use super::work::{Done, Failure};
use regex_lite::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How many rules a condition may have.
///
/// See <https://docs.aws.amazon.com/codepipeline/latest/APIReference/API_Condition.html>.
const RULES: std::ops::RangeInclusive<usize> = 1..=5;

/// What the check of a stage's conditions needs to know of the pipeline.
pub(super) struct Place<'p> {
    pub(super) is_first: bool,
    pub(super) is_v2: bool,
    /// The artifacts that the stage and those before it make.
    pub(super) artifacts: &'p BTreeSet<&'p str>,
}

/// What a rule of the local run does.
pub(super) enum Check {
    /// It compares a variable.
    Variable,
    /// It does what this action does.
    Action(Box<Action>),
}

impl Check {
    /// What such a rule does.
    ///
    /// # Errors
    /// The local run does not have it.
    pub(super) fn of(rule: &Rule) -> Result<Self, String> {
        let kind = &rule.rule_type_id;
        let owner = kind.owner.as_deref().unwrap_or("AWS");
        let version = kind.version.as_deref().unwrap_or("1");
        let action = |category: &str, provider: &str| Self::Action(Box::new(as_action(rule, category, provider)));
        match (kind.category.as_str(), owner, kind.provider.as_str(), version) {
            ("Rule", "AWS", "VariableCheck", "1") => Ok(Self::Variable),
            ("Rule", "AWS", "LambdaInvoke", "1") => Ok(action("Invoke", "Lambda")),
            ("Rule", "AWS", "Commands", "1") => Ok(action("Compute", "Commands")),
            ("Rule", "AWS", "CodeBuild", "1") => Ok(action("Build", "CodeBuild")),
            (category, owner, provider, version) => Err(format!(
                "the local run has no rule `{provider}` (category {category}, owner {owner}, version {version}): it has \
                 VariableCheck, LambdaInvoke, Commands and CodeBuild"
            )),
        }
    }
}

fn as_action(rule: &Rule, category: &str, provider: &str) -> Action {
    let text = str::to_owned;
    Action {
        name: rule.name.clone(),
        action_type_id: ActionType {
            category: text(category),
            owner: text("AWS"),
            provider: text(provider),
            version: text("1"),
        },
        run_order: 1,
        configuration: rule.configuration.clone(),
        input_artifacts: rule.input_artifacts.clone(),
        output_artifacts: Vec::new(),
        commands: rule.commands.clone(),
        output_variables: Vec::new(),
        environment_variables: Vec::new(),
        role_arn: rule.role_arn.clone(),
        region: rule.region.clone(),
        namespace: None,
        timeout_in_minutes: None,
    }
}

/// Checks a stage's conditions as AWS does when the pipeline is made.
///
/// # Errors
/// What is wrong.
pub(super) fn check(stage: &Stage, place: &Place<'_>) -> Result<(), String> {
    use Outcome::{Fail, Retry, Rollback, Skip};
    let mut places: Vec<(&str, &[Condition], &[Outcome])> = Vec::new();
    if let Some(before) = &stage.before_entry {
        places.push(("beforeEntry", &before.conditions, &[Fail, Skip]));
    }
    if let Some(after) = &stage.on_success {
        places.push(("onSuccess", &after.conditions, &[Fail, Rollback]));
    }
    if let Some(after) = &stage.on_failure {
        let outcomes = &[Fail, Rollback, Retry];
        if after.result.is_some_and(|result| !outcomes.contains(&result)) {
            return Err("the result of onFailure must be ROLLBACK, RETRY or FAIL".into());
        }
        let rolls_back = after.result == Some(Rollback);
        if place.is_first && rolls_back {
            return Err("the first stage cannot be rolled back".into());
        }
        if !after.conditions.is_empty() {
            places.push(("onFailure", &after.conditions, &[Fail, Rollback]));
        }
    }
    let has_any = stage.before_entry.is_some() || stage.on_success.is_some() || stage.on_failure.is_some();
    if has_any && !place.is_v2 {
        return Err("beforeEntry, onSuccess and onFailure are only for pipelines of the type V2".into());
    }
    for (name, conditions, outcomes) in places {
        let [condition] = conditions else {
            return Err(format!("{name} must have one condition"));
        };
        let outcome = condition.result.unwrap_or(Fail);
        if !outcomes.contains(&outcome) || (place.is_first && outcome == Rollback) {
            return Err(format!("the condition of {name} cannot have this result"));
        }
        if !RULES.contains(&condition.rules.len()) {
            return Err(format!("the condition of {name} must have 1 to 5 rules"));
        }
        for rule in &condition.rules {
            check_rule(rule, place).map_err(|message| format!("rule `{}` of {name}: {message}", rule.name))?;
        }
    }
    Ok(())
}

fn check_rule(rule: &Rule, place: &Place<'_>) -> Result<(), String> {
    rule.timeout_in_minutes.map_or(Ok(()), check_timeout)?;
    let unknown = rule
        .input_artifacts
        .iter()
        .find(|artifact| !place.artifacts.contains(&*artifact.name));
    if let Some(artifact) = unknown {
        return Err(format!(
            "no action before it makes its input artifact `{}`",
            artifact.name
        ));
    }
    match Check::of(rule)? {
        Check::Action(action) => Kind::of(&action.action_type_id)?.check(&action),
        Check::Variable => {
            let known = ["Variable", "Value", "Operator"];
            for key in known {
                if !rule.configuration.contains_key(key) {
                    return Err(format!("its configuration is missing `{key}`"));
                }
            }
            if let Some(unknown) = rule.configuration.keys().find(|key| !known.contains(&key.as_str())) {
                return Err(format!("its configuration contains unknown `{unknown}`"));
            }
            match rule.configuration["Operator"].as_str() {
                "EQ" | "NE" | "CONTAINS" => Ok(()),
                "MATCHES" => pattern(&rule.configuration["Value"]).map(drop),
                other => Err(format!("its Operator is `{other}`: EQ, NE, CONTAINS or MATCHES")),
            }
        }
    }
}

/// A regular expression for a whole text. Java has some that are not here, such as those that look ahead.
fn pattern(text: &str) -> Result<Regex, String> {
    Regex::new(&format!("^(?:{text})$")).map_err(|error| format!("its Value is no pattern of the local run: {error}"))
}

/// Whether a variable is as a rule wants it.
///
/// # Errors
/// Why not.
pub(super) fn compare(configuration: &BTreeMap<String, String>, namespaces: &Namespaces) -> Result<(), String> {
    let of = |key: &str| resolve(configuration.get(key).map_or("", String::as_str), namespaces);
    let (variable, value, operator) = (of("Variable")?, of("Value")?, of("Operator")?);
    let holds = match operator.as_str() {
        "EQ" => variable == value,
        "NE" => variable != value,
        "CONTAINS" => variable.contains(&value),
        _ => pattern(&value)?.is_match(&variable),
    };
    if holds {
        return Ok(());
    }
    Err(format!("`{variable}` {operator} `{value}` does not hold"))
}

/// What a rule's work brings, if it brings it within the minutes that the rule gives it.
///
/// # Errors
/// The work's own, or that it takes too long.
pub(super) async fn in_time(
    minutes: Option<u32>,
    work: impl Future<Output = Result<Done, Failure>>,
) -> Result<Done, Failure> {
    let Some(minutes) = minutes else { return work.await };
    let most = Duration::from_secs(u64::from(minutes) * 60);
    let late = |_| Failure::new("JobTimedOut", format!("It has not ended after {minutes} minutes"));
    tokio::time::timeout(most, work).await.map_err(late)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_has_the_minutes_that_a_rule_gives_it() {
        let late = in_time(Some(0), std::future::pending()).await.err();
        assert_eq!(
            late.map(|late| late.message).as_deref(),
            Some("It has not ended after 0 minutes")
        );
        for minutes in [None, Some(5)] {
            assert!(in_time(minutes, async { Ok(Done::default()) }).await.is_ok());
        }
    }

    #[test]
    fn variables_are_compared() {
        let own = BTreeMap::from([("A".to_owned(), "main".to_owned())]);
        let namespaces = Namespaces::from([("S".to_owned(), own)]);
        for (variable, operator, value, holds) in [
            ("#{S.A}", "EQ", "main", true),
            ("#{S.A}", "EQ", "mai", false),
            ("#{S.A}", "NE", "dev", true),
            ("#{S.A}", "CONTAINS", "ai", true),
            ("#{S.A}", "MATCHES", "m.*n", true),
            ("#{S.A}", "MATCHES", "m|ma", false),
            ("#{S.B}", "NE", "dev", false),
        ] {
            let configuration = [("Variable", variable), ("Operator", operator), ("Value", value)];
            let configuration = configuration.map(|(key, value)| (key.to_owned(), value.to_owned()));
            let compared = compare(&configuration.into(), &namespaces);
            assert_eq!(compared.is_ok(), holds, "{variable} {operator} {value}: {compared:?}");
        }
    }
}
