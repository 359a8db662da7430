//! Functions of JSONata that the evaluator has otherwise than JSONata 2.0.6, or by the machine's clock and chance. A call
//! of one goes to what is here; most arguments are then handed on to the evaluator's own.
//!
//! The evaluator lets a host replace a function, but does not tell it the context, which stands for an argument that is
//! left out. So each call in a tree is given another name, which nobody can write, and `$` as its last argument.

use std::collections::BTreeSet;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jiff::Timestamp;
use jsonata_core::ast::{AstNode, BinaryOp};
use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError};
use jsonata_core::functions::numeric;
use jsonata_core::value::{JValue, with_stack};

use super::clock::{self, Reading};
use super::patterns;
use super::tree::children;
use super::urls;

/// What a function answers.
pub(super) type Answer = Result<JValue, EvaluatorError>;

/// A function that is mended.
#[derive(Clone, Copy)]
pub(super) struct Mended {
    name: &'static str,
    /// The type of its first argument, which the context can stand for, and how many arguments it takes.
    first: Type,
    most: usize,
    call: fn(&str, &[JValue], Timestamp) -> Answer,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    Text,
    Number,
    /// There is no argument that the context stands for.
    None,
}

const MENDED: &[Mended] = &[
    Mended {
        name: "base64decode",
        first: Type::Text,
        most: 1,
        call: base64_decode,
    },
    Mended {
        name: "decodeUrl",
        first: Type::Text,
        most: 1,
        call: url,
    },
    Mended {
        name: "decodeUrlComponent",
        first: Type::Text,
        most: 1,
        call: url,
    },
    Mended {
        name: "encodeUrl",
        first: Type::Text,
        most: 1,
        call: url,
    },
    Mended {
        name: "encodeUrlComponent",
        first: Type::Text,
        most: 1,
        call: url,
    },
    Mended {
        name: "formatBase",
        first: Type::Number,
        most: 2,
        call: format_base,
    },
    Mended {
        name: "fromMillis",
        first: Type::Number,
        most: 3,
        call: from_millis,
    },
    Mended {
        name: "millis",
        first: Type::None,
        most: 0,
        call: millis,
    },
    Mended {
        name: "now",
        first: Type::None,
        most: 2,
        call: now,
    },
    Mended {
        name: "pad",
        first: Type::Text,
        most: 3,
        call: pad,
    },
    Mended {
        name: "toMillis",
        first: Type::Text,
        most: 2,
        call: to_millis,
    },
];

/// The function of this name, if it is mended.
pub(super) fn find(name: &str) -> Option<Mended> {
    MENDED.iter().find(|mended| mended.name == name).copied()
}

impl Mended {
    /// The name that calls in a tree have: no expression can have a blank in one.
    pub(super) fn hidden_name(self) -> String {
        format!("{} ", self.name)
    }

    /// A call, with the context behind the arguments.
    pub(super) fn call_in(self, arguments: &[JValue], now: Timestamp) -> Answer {
        let Some((context, given)) = arguments.split_last() else {
            return self.call(arguments, now);
        };
        let is_left_out = match given.first() {
            None => true,
            // Undefined is an argument like others.
            Some(first) => !first.is_undefined() && !self.first.takes(first) && given.len() < self.most,
        };
        if self.first == Type::None || !is_left_out {
            return self.call(given, now);
        }
        if !self.first.takes(context) && !context.is_undefined() {
            return Err(EvaluatorError::TypeError(format!(
                "T0411: Context value is not a compatible type with argument 1 of function \"{}\"",
                self.name
            )));
        }
        self.call(&[std::slice::from_ref(context), given].concat(), now)
    }

    /// A call as a value, such as `$map(list, $encodeUrl)`: of what is handed in, it takes what it knows.
    pub(super) fn call_as_value(self, arguments: &[JValue], now: Timestamp) -> Answer {
        self.call(&arguments[..arguments.len().min(self.most)], now)
    }

    fn call(self, arguments: &[JValue], now: Timestamp) -> Answer {
        if arguments.len() > self.most {
            return Err(EvaluatorError::TypeError(format!(
                "T0410: Argument {} of function \"{}\" does not match function signature",
                self.most + 1,
                self.name
            )));
        }
        (self.call)(self.name, arguments, now)
    }
}

impl Type {
    fn takes(self, value: &JValue) -> bool {
        match self {
            Type::Text => value.is_string(),
            Type::Number => value.is_number(),
            Type::None => false,
        }
    }
}

/// Turns calls of mended functions, and what else the evaluator has otherwise, into what it evaluates as JSONata 2.0.6 does.
pub(super) fn mend(tree: &mut AstNode) {
    let mut bound = BTreeSet::new();
    collect_bound(tree, &mut bound);
    rewrite(tree, &bound);
}

/// The names that the expression gives to something itself.
fn collect_bound(node: &mut AstNode, bound: &mut BTreeSet<String>) {
    match node {
        AstNode::Lambda { params, .. } => bound.extend(params.iter().cloned()),
        AstNode::Binary {
            op: BinaryOp::ColonEqual,
            lhs,
            ..
        } => {
            if let AstNode::Variable(name) = &**lhs {
                bound.insert(name.clone());
            }
        }
        AstNode::Path { steps } => bound.extend(
            steps
                .iter()
                .flat_map(|step| [step.focus.clone(), step.index_var.clone()])
                .flatten(),
        ),
        _ => {}
    }
    with_stack(|| children(node, &mut |child| collect_bound(child, bound)));
}

fn rewrite(node: &mut AstNode, bound: &BTreeSet<String>) {
    with_stack(|| children(node, &mut |child| rewrite(child, bound)));
    if let AstNode::Regex { pattern, .. } = node {
        *pattern = patterns::for_engine(pattern);
    }
    put_in_place(node);
    let AstNode::Function {
        name,
        args,
        is_builtin: true,
    } = node
    else {
        return;
    };
    let is_partial = args.iter().any(|argument| matches!(argument, AstNode::Placeholder));
    if bound.contains(name) {
        return;
    }
    match (&**name, args.len(), find(name)) {
        // The evaluator looks for a function without an end here, where its argument is none.
        ("each", 1, _) if !is_partial => args.insert(0, AstNode::Variable(String::new())),
        ("reduce", 2, _) if !is_partial => *node = reduce(std::mem::take(args)),
        (_, _, Some(mended)) => {
            *name = mended.hidden_name();
            if is_partial {
                *node = partial(std::mem::take(args), mended);
            } else {
                args.push(AstNode::Variable(String::new()));
            }
        }
        _ => {}
    }
}

/// `list ~> $reduce(f)` as `$reduce(list, f)`.
fn put_in_place(node: &mut AstNode) {
    let AstNode::Binary {
        op: BinaryOp::ChainPipe,
        lhs,
        rhs,
    } = node
    else {
        return;
    };
    match &mut **rhs {
        AstNode::Function { name, args, .. } if name == "reduce" && args.len() == 1 => {
            args.insert(0, std::mem::replace(&mut **lhs, AstNode::Undefined));
            *node = std::mem::replace(&mut **rhs, AstNode::Undefined);
        }
        _ => {}
    }
}

/// `$reduce(list, f)`, which gives nothing for an empty list. The evaluator would give null.
fn reduce(args: Vec<AstNode>) -> AstNode {
    let mut args = args.into_iter();
    let list = args.next();
    let variable = || AstNode::Variable("list ".to_owned());
    let body = AstNode::Conditional {
        condition: Box::new(AstNode::Binary {
            op: BinaryOp::Equal,
            lhs: Box::new(variable()),
            rhs: Box::new(AstNode::Array(Vec::new())),
        }),
        then_branch: Box::new(AstNode::Undefined),
        else_branch: Some(Box::new(AstNode::Function {
            name: "reduce".to_owned(),
            args: std::iter::once(variable()).chain(args).collect(),
            is_builtin: true,
        })),
    };
    AstNode::Call {
        procedure: Box::new(AstNode::Lambda {
            params: vec!["list ".to_owned()],
            body: Box::new(body),
            signature: None,
            thunk: false,
        }),
        args: list.into_iter().collect(),
    }
}

/// `$pad(?, 5)`: a function of what is left out.
fn partial(args: Vec<AstNode>, mended: Mended) -> AstNode {
    let mut params = Vec::new();
    let mut args: Vec<AstNode> = args
        .into_iter()
        .map(|argument| match argument {
            AstNode::Placeholder => {
                params.push(format!("{} ", params.len()));
                AstNode::Variable(format!("{} ", params.len() - 1))
            }
            given => given,
        })
        .collect();
    args.push(AstNode::Undefined);
    let body = AstNode::Function {
        name: mended.hidden_name(),
        args,
        is_builtin: true,
    };
    AstNode::Lambda {
        params,
        body: Box::new(body),
        signature: None,
        thunk: false,
    }
}

/// The evaluator's own function.
fn evaluators_own(name: &str, arguments: &[JValue]) -> Answer {
    let mut context = Context::new();
    let mut args = Vec::with_capacity(arguments.len());
    for (at, argument) in arguments.iter().enumerate() {
        context.bind(at.to_string(), argument.clone());
        args.push(AstNode::Variable(at.to_string()));
    }
    let call = AstNode::Function {
        name: name.to_owned(),
        args,
        is_builtin: true,
    };
    Evaluator::with_context(context).evaluate(&call, &JValue::Undefined)
}

fn failed<T>(what: String) -> Result<T, EvaluatorError> {
    Err(EvaluatorError::EvaluationError(what))
}

fn url(name: &str, arguments: &[JValue], _: Timestamp) -> Answer {
    let [JValue::String(text)] = arguments else {
        return evaluators_own(name, arguments);
    };
    let changed = match name {
        "encodeUrl" => Some(urls::encode_url(text)),
        "encodeUrlComponent" => Some(urls::encode_component(text)),
        "decodeUrl" => urls::decode_url(text),
        _ => urls::decode_component(text),
    };
    match changed {
        Some(changed) => Ok(JValue::string(changed)),
        None => failed(format!("D3140: Malformed URL passed to ${name}(): \"{text}\"")),
    }
}

/// `$base64decode(text)`. AWS fails on what is not Base64, where jsonata in JavaScript passes over it.
fn base64_decode(name: &str, arguments: &[JValue], _: Timestamp) -> Answer {
    let [JValue::String(text)] = arguments else {
        return evaluators_own(name, arguments);
    };
    let config = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    match GeneralPurpose::new(&STANDARD, config)
        .decode(&**text)
        .map(String::from_utf8)
    {
        Ok(Ok(decoded)) => Ok(JValue::string(decoded)),
        Ok(Err(_)) => failed("the decoded data is not text in UTF-8".to_owned()),
        Err(why) => failed(format!("the text is not Base64: {why}")),
    }
}

/// `$formatBase(number [, radix])`: both are rounded half to even.
fn format_base(name: &str, arguments: &[JValue], _: Timestamp) -> Answer {
    let rounded = arguments
        .iter()
        .map(|argument| match argument {
            JValue::Number(number) => numeric::round(*number, None),
            other => Ok(other.clone()),
        })
        .collect::<Result<Vec<_>, _>>()?;
    evaluators_own(name, &rounded)
}

/// `$pad(text, width [, char])`. A width is a whole number before JSONata 2.1.0.
fn pad(name: &str, arguments: &[JValue], _: Timestamp) -> Answer {
    /// Far beyond what a state may hand on. Without an end it would fill the memory.
    const MOST: f64 = 10_000_000.0;
    if let [JValue::String(text), JValue::Number(width), ..] = arguments {
        #[expect(
            clippy::cast_precision_loss,
            reason = "a text's length is far below where floats are inexact"
        )]
        let missing = width.abs() - text.chars().count() as f64;
        if missing > 0.0 && missing.fract() != 0.0 {
            return failed(format!("Invalid array length: {missing}"));
        }
        if missing > MOST {
            return failed(format!("the width of $pad must not exceed {MOST}, but is {width}"));
        }
    }
    evaluators_own(name, arguments)
}

/// `$fromMillis(number [, picture [, timezone]])`: milliseconds are whole, cut like JavaScript's.
fn from_millis(name: &str, arguments: &[JValue], _: Timestamp) -> Answer {
    if let Some(timezone @ JValue::String(text)) = arguments.get(2)
        && !clock::is_offset(timezone)
    {
        return failed(format!(
            "the timezone of ${name} must be an offset such as '+0100', but is '{text}'"
        ));
    }
    let mut arguments = arguments.to_vec();
    if let Some(JValue::Number(millis)) = arguments.first_mut() {
        *millis = millis.trunc();
    }
    evaluators_own("fromMillis", &arguments)
}

/// `$now([picture [, timezone]])`, at the execution's time.
fn now(name: &str, arguments: &[JValue], now: Timestamp) -> Answer {
    let time = millis(name, &[], now)?;
    let arguments = [std::slice::from_ref(&time), arguments].concat();
    from_millis(name, &arguments, now)
}

/// `$millis()`, at the execution's time.
fn millis(_: &str, _: &[JValue], now: Timestamp) -> Answer {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are exact in a float")]
    Ok(JValue::Number(now.as_millisecond() as f64))
}

/// `$toMillis(text [, picture])`, at the execution's time.
fn to_millis(name: &str, arguments: &[JValue], now: Timestamp) -> Answer {
    let [JValue::String(text), JValue::String(picture)] = arguments else {
        return evaluators_own(name, arguments);
    };
    match clock::complete(text, picture, now) {
        Reading::As { text, picture } => evaluators_own(name, &[JValue::string(text), JValue::string(picture)]),
        Reading::Nothing => Ok(JValue::Undefined),
        Reading::Refused => failed(
            "D3136: The date/time picture string is missing specifiers required to parse the timestamp".to_owned(),
        ),
    }
}
