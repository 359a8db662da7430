//! The reference that is made from the code: what is checked in is what the code says.
//!
//! `STEPLINE_RENEW=1 cargo test --workspace --test consistency reference` writes it anew (`just reference`).

use super::super::house::{Finding, assert_none, files, root, text, without_tests};
use clap::{Arg, ArgAction};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::process::Command;

/// What stands at the begin of each page, below its title.
const MADE: &str = "Made from the code: `just reference` renews this page, and a test compares it.";

#[test]
fn the_reference_is_what_the_code_says() {
    let pages = [
        ("docs/reference/command-line.md", command_line()),
        ("docs/reference/services.md", services()),
        ("docs/reference/resource-types.md", resource_types()),
        ("docs/reference/user-parameters.md", user_parameters()),
    ];
    let renews = std::env::var_os("STEPLINE_RENEW").is_some_and(|value| value == "1");
    let mut findings = Vec::new();
    for (path, made) in pages {
        if renews {
            std::fs::write(root().join(path), made).expect("the page is written");
        } else if files().get(path) != Some(&made) {
            findings.push(Finding::new(path, "is not what the code says", "just reference"));
        }
    }
    assert_none(findings);
}

fn command_line() -> String {
    let mut page = format!(
        "# The command line\n\n{MADE}\n\nIn a clone of this repository, write `cargo run --` in the place of `stepline`. \
         Without a subcommand it does\nwhat `stepline run` does. Exit codes: 0 where it succeeded, 1 where it failed, 2 \
         for wrong usage, 130 for an interrupt.\n"
    );
    let command = stepline::cli::command_line();
    let commands: Vec<_> = command.get_subcommands().filter(|sub| !sub.is_hide_set()).collect();
    let common = common(&commands);
    let _ = write!(
        page,
        "\n## What stands up the services\n\nThese take all of them:\n\n{HEAD}{}",
        common.concat()
    );
    for sub in commands {
        let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
        let _ = write!(
            page,
            "\n## `stepline {}`\n\n{}.\n",
            sub.get_name(),
            about.trim_end_matches('.')
        );
        let mut rows = rows(sub);
        if common.iter().all(|row| rows.contains(row)) {
            rows.retain(|row| !common.contains(row));
            page.push_str(
                "\nIt takes the [options of what stands up the services](#what-stands-up-the-services), too.\n",
            );
        }
        if !rows.is_empty() {
            let _ = write!(page, "\n{HEAD}{}", rows.concat());
        }
    }
    page
}

/// The head of a table of options.
const HEAD: &str = "| | |\n| --- | --- |\n";

/// The rows of the options that each command has that stands up the services.
fn common(commands: &[&clap::Command]) -> Vec<String> {
    let of = |name: &str| {
        let found = commands.iter().find(|sub| sub.get_name() == name);
        found.map(|sub| rows(sub)).unwrap_or_default()
    };
    let others = ["push", "invoke", "up"].map(of);
    let mut common = of("run");
    common.retain(|row| others.iter().all(|rows| rows.contains(row)));
    common
}

/// A row for each of a command's arguments.
fn rows(command: &clap::Command) -> Vec<String> {
    let arguments = command
        .get_arguments()
        .filter(|arg| !arg.is_hide_set() && arg.get_id() != "help");
    let rows = arguments.map(|arg| {
        let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string);
        format!(
            "| {} | {}{} |\n",
            written(arg),
            cell(&help.unwrap_or_default()),
            values(arg)
        )
    });
    rows.collect()
}

/// How an argument is written, as code.
fn written(arg: &Arg) -> String {
    let takes_value = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
    let names: Vec<String> = match arg.get_value_names() {
        Some(names) if takes_value => names.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    };
    let mut value = names.join(" ");
    if arg.is_positional() {
        return match arg.is_required_set() {
            true => format!("`{}`", in_table(&value)),
            false => format!("`[{}]`", in_table(&value)),
        };
    }
    if arg.get_num_args().is_some_and(|count| count.max_values() > 1) {
        value.push_str(" …");
    }
    let value = if value.is_empty() { value } else { format!(" {value}") };
    let long = arg.get_long().map(|long| format!("--{long}")).unwrap_or_default();
    match arg.get_short() {
        Some(short) => format!("`-{short}`, `{}`", in_table(&format!("{long}{value}"))),
        None => format!("`{}`", in_table(&format!("{long}{value}"))),
    }
}

/// What an argument may be, and is where it is not given.
fn values(arg: &Arg) -> String {
    let mut said = String::new();
    let possible: Vec<String> = match arg.get_action() {
        ArgAction::Set | ArgAction::Append => arg
            .get_possible_values()
            .iter()
            .map(|v| format!("`{}`", v.get_name()))
            .collect(),
        _ => Vec::new(),
    };
    if !possible.is_empty() {
        let _ = write!(said, ". One of {}", possible.join(", "));
    }
    let defaults: Vec<_> = arg
        .get_default_values()
        .iter()
        .map(|value| value.to_string_lossy())
        .collect();
    if !defaults.is_empty() && !matches!(arg.get_action(), ArgAction::SetTrue) {
        let _ = write!(said, ". Default: `{}`", defaults.join(" "));
    }
    said
}

fn services() -> String {
    let said = Command::new(env!("CARGO_BIN_EXE_stepline"))
        .arg("services")
        .output()
        .expect("the command runs");
    let table = String::from_utf8(said.stdout).expect("it prints text");
    format!(
        "# Services and operations\n\n{MADE}\n\nWhat the local account has; `stepline services` prints it. Any other \
         operation is refused by name. What the services of a\npipeline leave out is said in the \
         [README](../../README.md#what-is-not-in-the-local-run).\n\n{table}"
    )
}

fn resource_types() -> String {
    let made = types("local/stepline/src/deploy/create.rs", "AWS::");
    let accepted = types("local/stepline/src/deploy/accepted.rs", "AWS::");
    let by_sam = types("local/stepline/src/template/sam/mod.rs", "AWS::Serverless::");
    let list = |types: BTreeSet<&str>| types.iter().map(|kind| format!("- `{kind}`\n")).collect::<String>();
    format!(
        "# Resource types\n\n{MADE}\n\nWhat templates can have in the local run. A resource of any other type is passed \
         over, with one line that says where it\nstands; what refers to it gets a name and an ARN such as AWS would \
         give.\n\n## Made\n\n{}\n## Expanded as SAM does\n\n{}\n## Accepted, without an effect on one machine\n\n{}",
        list(made),
        list(by_sam),
        list(accepted)
    )
}

/// The resource types that a file's code names.
fn types(path: &str, prefix: &str) -> BTreeSet<&'static str> {
    let code = without_tests(text(path));
    let texts = code.split('"').skip(1).step_by(2);
    texts
        .filter(|text| {
            text.strip_prefix(prefix)
                .is_some_and(|rest| !rest.is_empty() && !rest.ends_with(':'))
        })
        .collect()
}

fn user_parameters() -> String {
    let schema: Value = serde_json::from_str(text("functions/pipeline-action/user-parameters.schema.json"))
        .expect("the schema is JSON");
    let mut page = format!(
        "# User parameters\n\n{MADE}\n\n{} From the\n[schema](../../functions/pipeline-action/user-parameters.schema.json); \
         what they do is in [the functions](functions.md#user-parameters-of-pipeline-action).\n",
        schema["description"].as_str().unwrap_or_default()
    );
    let required: Vec<&str> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let _ = write!(
            page,
            "\n## `{name}`\n\n{}\n\n",
            field["description"].as_str().unwrap_or_default()
        );
        if required.contains(&name.as_str()) {
            page.push_str("- required\n");
        }
        for (key, word) in [
            ("type", "type"),
            ("enum", "one of"),
            ("default", "default"),
            ("minimum", "least"),
            ("maximum", "most"),
            ("maxLength", "characters at most"),
            ("pattern", "pattern"),
            ("examples", "for example"),
        ] {
            if let Some(value) = field.get(key) {
                let _ = writeln!(page, "- {word}: {}", coded(value));
            }
        }
        for (member, of) in field["properties"].as_object().into_iter().flatten() {
            let _ = writeln!(page, "- `{member}`: {}", of["description"].as_str().unwrap_or_default());
        }
        page.truncate(page.trim_end().len());
        page.push('\n');
    }
    page
}

/// A value of the schema as code; a list's values one by one.
fn coded(value: &Value) -> String {
    match value {
        Value::Array(values) => values.iter().map(coded).collect::<Vec<_>>().join(", "),
        Value::String(text) => format!("`{text}`"),
        other => format!("`{other}`"),
    }
}

/// A text for a table's cell.
fn cell(text: &str) -> String {
    in_table(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// A `|` would end the cell, within code too.
fn in_table(text: &str) -> String {
    text.replace('|', "\\|")
}
