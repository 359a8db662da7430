//! The [Choice state](https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html).

use super::comparison::{Comparison, KEYS};
use crate::definition::common::{Assign, Common, Exit};
use crate::definition::reading::{EMPTY, Fields, Names};
use crate::expression::{QueryLanguage, Scope, StateError, Template};
use crate::text::Json;

/// How deep rules may nest.
const MAX_DEPTH: usize = 50;

/// Chooses the next state.
#[derive(Debug)]
pub(crate) struct Choice {
    rules: Vec<Rule>,
    default: Option<usize>,
}

/// A rule: when it holds, and what then.
#[derive(Debug)]
struct Rule {
    condition: Condition,
    next: usize,
    assign: Option<Assign>,
    output: Option<Template>,
}

#[derive(Debug)]
enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Comparison(Comparison),
    Expression(Template),
}

impl Choice {
    pub(crate) fn parse(fields: &Fields<'_>, names: &Names<'_>) -> Option<Choice> {
        for key in ["Next", "End"] {
            if fields.get(key).is_some() {
                fields.error(key, format!("A Choice state cannot have '{key}'"));
            }
        }
        if !fields.has("Choices") {
            fields.missing("Choices");
        }
        let items = fields.items("Choices")?;
        if items.is_empty() {
            fields.error("Choices", EMPTY);
        }
        let mut rules = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let pointer = format!("{}/{index}", fields.at("Choices"));
            let rule = fields.sub(item, pointer, format!("the choice {index} of {}", fields.what()))?;
            rules.push(Rule::parse(&rule, index, names)?);
            rule.finish();
        }
        Some(Choice {
            rules,
            default: names.resolve_optional(fields, "Default"),
        })
    }

    pub(crate) fn targets(&self) -> impl Iterator<Item = usize> {
        self.rules.iter().map(|rule| rule.next).chain(self.default)
    }

    /// What its rules assign.
    pub(crate) fn assigns(&self) -> impl Iterator<Item = &Assign> {
        self.rules.iter().filter_map(|rule| rule.assign.as_ref())
    }

    /// The state that comes next, and what is handed to it.
    pub(crate) fn run(&self, common: &Common, scope: &Scope<'_>) -> Result<(usize, Exit), StateError> {
        let input = common.effective_input(scope)?;
        let inner = scope.with_input(&input);
        for rule in &self.rules {
            if rule.condition.holds(&inner)? {
                let exit = common.hand_on(scope, rule.output.as_ref(), rule.assign.as_ref())?;
                return Ok((rule.next, exit));
            }
        }
        let Some(next) = self.default else {
            let cause = "Failed to transition out of the state. The state does not point to a next state.";
            return Err(StateError::Runtime(cause.to_owned()));
        };
        Ok((next, common.exit_unchanged(scope)?))
    }
}

impl Rule {
    fn parse(fields: &Fields<'_>, index: usize, names: &Names<'_>) -> Option<Rule> {
        fields.text("Comment");
        let output = match fields.language {
            QueryLanguage::Jsonata => fields.template("Output", &format!("Choices[{index}]/Output")),
            QueryLanguage::JsonPath => {
                fields.refuse(&["Output", "Condition"]);
                None
            }
        };
        let assign = Assign::parse(fields, &format!("Choices[{index}]/Assign"));
        if !fields.has("Next") {
            fields.missing("Next");
        }
        let next = names.resolve(fields, "Next");
        let condition = Condition::parse(fields, index, 0);
        Some(Rule {
            condition: condition?,
            next: next?,
            assign,
            output,
        })
    }
}

/// What AWS says of a rule without a condition, and of one with several.
const ONE_CONDITION: &str =
    "The object must have only one of the following fields, [And, Or, Not, Variable, Condition]";

impl Condition {
    fn parse(fields: &Fields<'_>, index: usize, depth: usize) -> Option<Condition> {
        if depth > MAX_DEPTH {
            fields.error_here(format!("Rules nest more than {MAX_DEPTH} levels deep"));
            return None;
        }
        if fields.language == QueryLanguage::Jsonata {
            fields.refuse(&["Variable", "And", "Or", "Not"]);
            fields.refuse(&KEYS.map(|(key, _)| key));
            if !fields.has("Condition") {
                fields.error_here(ONE_CONDITION);
            }
            return fields
                .template("Condition", &format!("Choices[{index}]/Condition"))
                .map(Condition::Expression);
        }
        let given = ["And", "Or", "Not", "Variable"];
        if given.iter().filter(|key| fields.has(key)).count() != 1 {
            fields.error_here(ONE_CONDITION);
            return None;
        }
        if fields.has("And") {
            return Condition::list(fields, "And", index, depth).map(Condition::And);
        }
        if fields.has("Or") {
            return Condition::list(fields, "Or", index, depth).map(Condition::Or);
        }
        if fields.has("Not") {
            let inner = fields.object("Not")?;
            let condition = Condition::parse(&inner, index, depth + 1);
            inner.finish();
            return condition.map(|condition| Condition::Not(Box::new(condition)));
        }
        Comparison::parse(fields).map(Condition::Comparison)
    }

    fn list(fields: &Fields<'_>, key: &'static str, index: usize, depth: usize) -> Option<Vec<Condition>> {
        let items = fields.items(key)?;
        if items.is_empty() {
            fields.error(key, EMPTY);
        }
        let mut conditions = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            let pointer = format!("{}/{at}", fields.at(key));
            let inner = fields.sub(item, pointer, format!("'{key}' of {}", fields.what()))?;
            conditions.push(Condition::parse(&inner, index, depth + 1)?);
            inner.finish();
        }
        Some(conditions)
    }

    fn holds(&self, scope: &Scope<'_>) -> Result<bool, StateError> {
        match self {
            Condition::And(conditions) => all(conditions, scope),
            Condition::Or(conditions) => {
                for condition in conditions {
                    if condition.holds(scope)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Condition::Not(condition) => Ok(!condition.holds(scope)?),
            Condition::Comparison(comparison) => comparison.holds(scope),
            Condition::Expression(template) => match (template, template.evaluate(scope)?) {
                (_, Json::Bool(holds)) => Ok(holds),
                (Template::Query(query), value) => Err(query.wrong_type("boolean", &value)),
                (_, value) => Err(StateError::Runtime(format!(
                    "A condition must be true or false, but was: {value}"
                ))),
            },
        }
    }
}

fn all(conditions: &[Condition], scope: &Scope<'_>) -> Result<bool, StateError> {
    for condition in conditions {
        if !condition.holds(scope)? {
            return Ok(false);
        }
    }
    Ok(true)
}
