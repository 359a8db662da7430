//! `aws`: the commands that a build of a container image needs.
//!
//! `--query` is JMESPath, all of <https://jmespath.org/specification.html>. Two things differ from the AWS CLI: objects in
//! the result have their names in alphabetical order, and a literal in backquotes must be JSON: `"v1"`, not `v1`.

use super::client::{ECR, Protocol, SSM, STS, call};
use super::failure::Failure;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jmespath::Expression;
use serde_json::{Map, Value};

/// A command, and the operation that it calls.
struct Command {
    names: [&'static str; 2],
    protocol: &'static Protocol,
    operation: &'static str,
    options: &'static [(&'static str, &'static str, Kind)],
}

/// How an option's values are read.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Texts,
    Switch,
    /// `imageTag=v1`, or JSON; several make a list.
    Structures,
}

const COMMANDS: &[Command] = &[
    Command {
        names: ["ecr", "batch-get-image"],
        protocol: &ECR,
        operation: "BatchGetImage",
        options: &[
            ("--registry-id", "registryId", Kind::Text),
            ("--repository-name", "repositoryName", Kind::Text),
            ("--image-ids", "imageIds", Kind::Structures),
            ("--accepted-media-types", "acceptedMediaTypes", Kind::Texts),
        ],
    },
    Command {
        names: ["ecr", "describe-images"],
        protocol: &ECR,
        operation: "DescribeImages",
        options: &[
            ("--registry-id", "registryId", Kind::Text),
            ("--repository-name", "repositoryName", Kind::Text),
            ("--image-ids", "imageIds", Kind::Structures),
        ],
    },
    Command {
        names: ["ecr", "get-login-password"],
        protocol: &ECR,
        operation: "GetAuthorizationToken",
        options: &[],
    },
    Command {
        names: ["ssm", "get-parameter"],
        protocol: &SSM,
        operation: "GetParameter",
        options: &[
            ("--name", "Name", Kind::Text),
            ("--with-decryption", "WithDecryption", Kind::Switch),
        ],
    },
    Command {
        names: ["ssm", "get-parameters"],
        protocol: &SSM,
        operation: "GetParameters",
        options: &[
            ("--names", "Names", Kind::Texts),
            ("--with-decryption", "WithDecryption", Kind::Switch),
        ],
    },
    Command {
        names: ["sts", "get-caller-identity"],
        protocol: &STS,
        operation: "GetCallerIdentity",
        options: &[],
    },
];

/// What was asked for.
struct Asked {
    command: &'static Command,
    input: Map<String, Value>,
    query: Option<Expression<'static>>,
    text: bool,
}

/// Runs `aws` with the arguments behind its name.
pub(super) fn run(args: &[String]) -> Result<(), Failure> {
    let asked = read(args)?;
    let answer = call(asked.command.protocol, asked.command.operation, &asked.input.into())
        .map_err(|error| error.of_aws(asked.command.operation))?;
    if asked.command.names[1] == "get-login-password" {
        let token = answer["authorizationData"][0]["authorizationToken"]
            .as_str()
            .unwrap_or_default();
        let token = STANDARD
            .decode(token)
            .ok()
            .and_then(|token| String::from_utf8(token).ok());
        let password = token.as_deref().and_then(|token| token.split_once(':'));
        let (_, password) = password.ok_or_else(|| Failure::new(255, "the authorization token cannot be read"))?;
        println!("{password}");
        return Ok(());
    }
    let answer = match &asked.query {
        Some(query) => search(query, &answer)?,
        None => answer,
    };
    print!("{}", show(&answer, asked.text)?);
    Ok(())
}

fn usage(message: impl std::fmt::Display) -> Failure {
    Failure::new(252, message)
}

fn missing(what: impl std::fmt::Display) -> Failure {
    usage(format_args!("the local run's `aws` does not have {what}"))
}

/// The command's names, and its options with their values.
fn split(args: &[String]) -> (Vec<&str>, Vec<(&str, Vec<&str>)>) {
    let mut names = Vec::new();
    let mut options: Vec<(&str, Vec<&str>)> = Vec::new();
    for arg in args {
        match (arg.strip_prefix("--"), options.last_mut()) {
            (Some(option), _) => match option.split_once('=') {
                Some((name, value)) => options.push((&arg[..name.len() + 2], vec![value])),
                None => options.push((arg, Vec::new())),
            },
            // Behind `--region us-east-1` the command's names may still come.
            (None, Some((name, values))) if names.len() == 2 || values.is_empty() && *name != "--no-cli-pager" => {
                values.push(arg);
            }
            (None, _) => names.push(arg.as_str()),
        }
    }
    (names, options)
}

fn read(args: &[String]) -> Result<Asked, Failure> {
    let (names, options) = split(args);
    let command = COMMANDS.iter().find(|command| command.names.as_slice() == names);
    let command = command.ok_or_else(|| missing(format_args!("the command `{}`", names.join(" "))))?;
    let mut asked = Asked {
        command,
        input: Map::new(),
        query: None,
        text: false,
    };
    for (option, values) in options {
        asked.set(option, &values)?;
    }
    Ok(asked)
}

impl Asked {
    fn set(&mut self, option: &str, values: &[&str]) -> Result<(), Failure> {
        let one = || match values {
            [value] => Ok(*value),
            _ => Err(usage(format_args!("{option} takes one value"))),
        };
        if let Some((_, field, kind)) = self.command.options.iter().find(|(name, ..)| *name == option) {
            let value = match kind {
                Kind::Text => one()?.into(),
                Kind::Texts => values.iter().map(|value| Value::from(*value)).collect(),
                Kind::Switch => true.into(),
                Kind::Structures => structures(option, values)?,
            };
            self.input.insert((*field).to_owned(), value);
            return Ok(());
        }
        match option {
            "--query" => self.query = Some(expression(one()?)?),
            "--output" => match one()? {
                "text" => self.text = true,
                "json" => self.text = false,
                other => return Err(missing(format_args!("--output {other}"))),
            },
            // The build has one region and no pager.
            "--region" | "--no-cli-pager" => {}
            _ => {
                let [service, operation] = self.command.names;
                return Err(missing(format_args!(
                    "the option `{option}` of `{service} {operation}`"
                )));
            }
        }
        Ok(())
    }
}

fn structures(option: &str, values: &[&str]) -> Result<Value, Failure> {
    let wrong = |value: &str| usage(format_args!("{option}: cannot read `{value}`: NAME=VALUE,… or JSON"));
    let mut list = Vec::new();
    for value in values {
        if value.starts_with(['[', '{']) {
            match serde_json::from_str(value) {
                Ok(Value::Array(items)) => list.extend(items),
                Ok(item) => list.push(item),
                Err(_) => return Err(wrong(value)),
            }
            continue;
        }
        let fields = value.split(',').map(|field| {
            let (name, value) = field.split_once('=').ok_or_else(|| wrong(value))?;
            Ok((name.to_owned(), Value::from(value)))
        });
        list.push(Value::Object(fields.collect::<Result<_, _>>()?));
    }
    Ok(list.into())
}

fn expression(query: &str) -> Result<Expression<'static>, Failure> {
    jmespath::compile(query).map_err(|error| usage(format_args!("Bad value for --query {query}: {error}")))
}

fn search(query: &Expression<'_>, answer: &Value) -> Result<Value, Failure> {
    // A mistake that only the answer shows, such as `length()` of a number.
    let failed = |error: &dyn std::fmt::Display| Failure::new(255, format_args!("--query {query}: {error}"));
    let found = query.search(answer).map_err(|error| failed(&error))?;
    serde_json::to_value(found).map_err(|error| failed(&error))
}

fn show(answer: &Value, text: bool) -> Result<String, Failure> {
    if text {
        let mut lines = String::new();
        write_text(answer, &mut lines)?;
        return Ok(lines);
    }
    Ok(format!("{answer:#}\n"))
}

/// Writes as `--output text` does: a list's single values in one line, then each list in it in lines of its own.
fn write_text(answer: &Value, lines: &mut String) -> Result<(), Failure> {
    let scalar = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Null => Ok("None".to_owned()),
        Value::Bool(true) => Ok("True".to_owned()),
        Value::Bool(false) => Ok("False".to_owned()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Array(_) | Value::Object(_) => Err(usage(
            "the local run's `aws` prints single values and lists as text: narrow the answer with --query",
        )),
    };
    let Value::Array(items) = answer else {
        lines.push_str(&scalar(answer)?);
        lines.push('\n');
        return Ok(());
    };
    let (lists, scalars): (Vec<&Value>, Vec<&Value>) = items.iter().partition(|item| item.is_array());
    if !scalars.is_empty() {
        let line: Vec<String> = scalars.into_iter().map(scalar).collect::<Result<_, _>>()?;
        lines.push_str(&line.join("\t"));
        lines.push('\n');
    }
    lists.into_iter().try_for_each(|list| write_text(list, lines))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn asked(line: &str) -> Result<Asked, Failure> {
        let args: Vec<String> = line.split(' ').map(str::to_owned).collect();
        read(&args)
    }

    #[test]
    fn commands_become_calls() {
        for (line, operation, input) in [
            (
                "ecr batch-get-image --repository-name r --image-ids imageTag=v1 imageDigest=sha256:x --query images[0] --output text",
                "BatchGetImage",
                json!({"repositoryName": "r", "imageIds": [{"imageTag": "v1"}, {"imageDigest": "sha256:x"}]}),
            ),
            (
                "--region us-east-1 ecr get-login-password",
                "GetAuthorizationToken",
                json!({}),
            ),
            (
                "ecr get-login-password --region us-east-1",
                "GetAuthorizationToken",
                json!({}),
            ),
            (
                "ssm get-parameters --names /a /b --with-decryption",
                "GetParameters",
                json!({"Names": ["/a", "/b"], "WithDecryption": true}),
            ),
            (
                r#"ecr describe-images --repository-name=r --image-ids [{"imageTag":"v"}]"#,
                "DescribeImages",
                json!({"repositoryName": "r", "imageIds": [{"imageTag": "v"}]}),
            ),
        ] {
            let asked = asked(line).unwrap();
            assert_eq!(asked.command.operation, operation);
            assert_eq!(Value::Object(asked.input), input, "{line}");
        }
    }

    #[test]
    fn what_it_does_not_have_it_refuses_by_name() {
        for (line, part) in [
            ("s3 cp a b", "`s3 cp a b`"),
            ("ecr batch-get-image --colour red", "`--colour`"),
            ("ecr batch-get-image --output yaml", "yaml"),
            ("ecr batch-get-image --image-ids v1", "`v1`"),
            (
                "ecr batch-get-image --query length(x",
                "Bad value for --query length(x: Parse error",
            ),
            ("ecr batch-get-image --query images[?tag==`v1`]", "literal JSON v1"),
            ("ecr batch-get-image --query images[0]id", "--query images[0]id"),
        ] {
            let failure = asked(line).err().unwrap();
            assert_eq!(failure.code, 252);
            assert!(failure.message.contains(part), "{line}: {}", failure.message);
        }
    }

    #[test]
    fn answers_are_shown_as_text_or_json() {
        assert_eq!(show(&json!(null), true).unwrap(), "None\n");
        assert_eq!(show(&json!("sha256:x"), true).unwrap(), "sha256:x\n");
        assert_eq!(show(&json!(["a", true, 1]), true).unwrap(), "a\tTrue\t1\n");
        assert_eq!(show(&json!({"a": 1}), false).unwrap(), "{\n  \"a\": 1\n}\n");
        assert_eq!(show(&json!([["a", 1], ["b", 2]]), true).unwrap(), "a\t1\nb\t2\n");
        assert_eq!(show(&json!(["a", ["b"], [], "c"]), true).unwrap(), "a\tc\nb\n");
        assert!(show(&json!({"a": 1}), true).is_err());
        assert!(show(&json!([{"a": 1}]), true).is_err());
    }

    #[test]
    fn queries_select() {
        let value = json!({"images": [{"id": {"d": 1}, "tags": ["a", "b"]}, {"tags": ["c"]}], "a-b": 2});
        for (query, expected) in [
            ("images[0].id.d", json!(1)),
            ("images[-1].tags", json!(["c"])),
            ("images[9].id", json!(null)),
            ("images[*].id.d", json!([1])),
            ("images[].tags[]", json!(["a", "b", "c"])),
            ("none.x", json!(null)),
            ("\"a-b\"", json!(2)),
            ("length(images)", json!(2)),
            ("images[?id].tags", json!([["a", "b"]])),
            ("images[?contains(tags, 'c')] | [0].tags[0]", json!("c")),
            ("images[0:1].id.d", json!([1])),
            ("images[].[tags[0], id.d]", json!([["a", 1], ["c", null]])),
            (
                "{tag: images[0].tags[0], count: length(images)}",
                json!({"tag": "a", "count": 2}),
            ),
            ("sort_by(images, &tags[0])[-1].tags | join('+', @)", json!("c")),
        ] {
            let expression = expression(query).unwrap();
            assert_eq!(search(&expression, &value).unwrap(), expected, "{query}");
        }
        let failure = search(&expression("length(\"a-b\")").unwrap(), &value).unwrap_err();
        assert_eq!(failure.code, 255);
        assert!(failure.message.contains("length"), "{}", failure.message);
    }
}
