//! Reads a pattern into its branches.
//!
//! What is refused, and in which words, is AWS's own: `JsonRuleCompiler` of <https://github.com/aws/event-ruler>, whose
//! errors EventBridge hands on.

use super::branch::Branch;
use super::event::below;
use super::operators;
use super::tokens::{Token, Tokens};

/// How many combinations of alternatives a pattern may have: one of each `$or`, times each other.
///
/// See <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html#eb-filtering-complex-example-or>.
const MOST_COMBINATIONS: usize = 1000;

/// How many fields a branch may have.
const MOST_FIELDS: usize = 256;

/// Names that no field inside of `$or` can have: they are operators, or may become some.
const RESERVED: [&str; 25] = [
    "exactly",
    "equals-ignore-case",
    "prefix",
    "suffix",
    "anything-but",
    "exists",
    "wildcard",
    "numeric",
    "cidr",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
    "$or",
];

/// What was read: branches of which one has to match, and the paths of the `$or`s that they come from.
pub(super) struct Compiled {
    pub(super) branches: Vec<Branch>,
    pub(super) or: Vec<String>,
}

/// # Errors
/// EventBridge's words for the first mistake, with its place.
pub(super) fn compile(text: &str) -> Result<Compiled, String> {
    let mut reading = Reading {
        tokens: Tokens::new(text),
        or: Vec::new(),
    };
    if text.trim().is_empty() || reading.tokens.next()? != Token::ObjectStart {
        return Err(reading.tokens.fault("Filter is not an object"));
    }
    let mut branches = Vec::new();
    reading.object(&mut branches, None, false)?;
    if branches.iter().any(|branch: &Branch| branch.fields.len() > MOST_FIELDS) {
        return Err(format!("Size of rule exceeds max value of {MOST_FIELDS}"));
    }
    Ok(Compiled {
        branches,
        or: reading.or,
    })
}

struct Reading {
    tokens: Tokens,
    or: Vec<String>,
}

impl Reading {
    /// The fields of an object go into each of the branches.
    fn object(&mut self, branches: &mut Vec<Branch>, path: Option<&str>, in_or: bool) -> Result<(), String> {
        let mut is_empty = true;
        while self.tokens.next()? != Token::ObjectEnd {
            is_empty = false;
            let name = self.tokens.text()?.to_owned();
            let path = below(path, &name);
            if name == "$or" {
                self.or.push(path.clone());
                self.alternatives(branches, path.strip_suffix(".$or"))?;
                continue;
            }
            if in_or && RESERVED.contains(&name.as_str()) {
                let reason = format!("{name} is Ruler reserved fieldName which cannot be used inside $or.");
                return Err(self.tokens.fault(reason));
            }
            match self.tokens.next()? {
                Token::ObjectStart => self.object(branches, Some(&path), in_or)?,
                Token::ArrayStart => self.values(branches, &path)?,
                _ => {
                    return Err(self
                        .tokens
                        .fault(format_args!("\"{name}\" must be an object or an array")));
                }
            }
        }
        if is_empty {
            return Err(self.tokens.fault("Empty objects are not allowed"));
        }
        Ok(())
    }

    /// Each alternative makes branches of its own of those that are there.
    fn alternatives(&mut self, branches: &mut Vec<Branch>, path: Option<&str>) -> Result<(), String> {
        let before = std::mem::take(branches);
        if self.tokens.next()? != Token::ArrayStart {
            return Err(self.tokens.fault("It must be an Array followed with $or."));
        }
        let mut count = 0;
        loop {
            match self.tokens.next()? {
                Token::ArrayEnd => break,
                Token::ObjectStart => {
                    count += 1;
                    let mut own = before.clone();
                    if own.is_empty() {
                        own.push(Branch::default());
                    }
                    self.object(&mut own, path, true)?;
                    branches.append(&mut own);
                    if branches.len() > MOST_COMBINATIONS {
                        return Err(format!("$or has over {MOST_COMBINATIONS} rule combinations"));
                    }
                }
                _ => {
                    return Err(self
                        .tokens
                        .fault("Only JSON object is allowed in array of $or relationship."));
                }
            }
        }
        if count < 2 {
            return Err(self
                .tokens
                .fault("There must have at least 2 Objects in $or relationship."));
        }
        Ok(())
    }

    /// What one field may be.
    fn values(&mut self, branches: &mut Vec<Branch>, path: &str) -> Result<(), String> {
        let mut wanted = Vec::new();
        loop {
            let token = self.tokens.next()?;
            if token == Token::ArrayEnd {
                break;
            }
            wanted.push(operators::value(&mut self.tokens, token)?);
        }
        if wanted.is_empty() {
            return Err(self.tokens.fault("Empty arrays are not allowed"));
        }
        if branches.is_empty() {
            branches.push(Branch::default());
        }
        for branch in branches {
            branch.want(path, &wanted);
        }
        Ok(())
    }
}
