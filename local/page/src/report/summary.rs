//! A run in Markdown, for `$GITHUB_STEP_SUMMARY` and the comment of a pull request.

use super::asked::{NotReported, context};
use super::why;
use crate::account::Run;
use crate::gather::{executions_of, gather, tell, that_matters};
use crate::served::{Page, Served};
use crate::show::{between, plain, tone};
use crate::trace::Chosen;
use crate::views::{Failure, Selection};
use crate::words::Language;
use platform::text::printable;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Reads a run and tells it in Markdown, its graph as Mermaid.
///
/// # Errors
/// The run is not there.
pub async fn summary(page: &Page, pipeline: &str, id: &str) -> Result<String, NotReported> {
    let served = Served::new(page.clone());
    let context = context(page, Language::English);
    let run = served.reader.run(pipeline, id).await?;
    let told = tell(&served, run).await;
    let mut text = format!("## {} {}\n\n", sign(told.status()), escaped(told.name()));
    let commit = code(told.commit.get(..12).unwrap_or(&told.commit));
    let took = between(&context, told.run.started, told.run.updated);
    let _ = writeln!(
        text,
        "Pipeline `{pipeline}`, commit `{commit}`, {} after {took}.\n",
        word(told.status())
    );
    if let Some((failure, _)) = &why::of_run(&served, &told).await? {
        tell_failure(&mut text, failure);
    }
    text += "| stage | action | status | took |\n| --- | --- | --- | --- |\n";
    for action in &told.run.actions {
        let took = between(&context, action.started, action.updated);
        let _ = writeln!(
            text,
            "| {} | {} | {} {} | {took} |",
            escaped(&action.stage),
            escaped(&action.name),
            sign(&action.status),
            word(&action.status)
        );
    }
    tell_metrics(&mut text, &served, &told.run).await;
    let executions = executions_of(&served, &told.run).await;
    if let Some(execution) = that_matters(&told.run, &executions, &Selection::default()) {
        let gathered = gather(&served, &execution.arn, &Selection::default().with("state", "-")).await?;
        if let Some(chart) = &gathered.chart {
            let known = gathered.known.lock().await;
            let drawn = chart.mermaid(&known.trace.overlay(&Chosen::default(), None));
            let name = escaped(&execution.machine);
            let _ = write!(
                text,
                "\n<details><summary>{name}</summary>\n\n```mermaid\n{drawn}\n```\n\n</details>\n"
            );
        }
    }
    Ok(text)
}

fn tell_failure(text: &mut String, failure: &Failure) {
    let _ = writeln!(
        text,
        "> **{}**: `{}` {}",
        escaped(&failure.what),
        code(&failure.error),
        escaped(&failure.cause)
    );
    if let Some(place) = &failure.place {
        let _ = writeln!(text, ">\n> Where: `{}`", code(place));
    }
    let _ = writeln!(text, ">\n> What mends it: {}\n", failure.mend(Language::English));
    if let Some(statement) = &failure.statement {
        let _ = writeln!(text, "```json\n{}\n```\n", fenced(statement));
    }
}

/// The metrics of the run's model beside those of the model that was approved before it.
async fn tell_metrics(text: &mut String, served: &Served, run: &Run) {
    let Some(arn) = run.variable("ModelPackageArn") else {
        return;
    };
    let mine = metrics(served, arn).await;
    if mine.is_empty() {
        return;
    }
    let before = current_before(served, arn).await;
    let theirs = match &before {
        Some(arn) => metrics(served, arn).await,
        None => BTreeMap::new(),
    };
    let version = |arn: &str| arn.rsplit('/').next().unwrap_or_default().to_owned();
    let other = before.as_deref().map_or_else(
        || "no current model".to_owned(),
        |arn| format!("version {}", version(arn)),
    );
    let _ = write!(
        text,
        "\n| metric | version {} | {other} | difference |\n| --- | --- | --- | --- |\n",
        version(arn)
    );
    for (name, value) in &mine {
        let (current, difference) = match theirs.get(name) {
            Some(current) => (format!("{current}"), format!("{:+.4}", value - current)),
            None => (String::new(), String::new()),
        };
        let _ = writeln!(text, "| {} | {value} | {current} | {difference} |", escaped(name));
    }
}

/// The metrics that a model package was registered with.
async fn metrics(served: &Served, arn: &str) -> BTreeMap<String, f64> {
    let input = json!({"ModelPackageName": arn});
    let package = served
        .reader
        .look("sagemaker", "DescribeModelPackage", input)
        .await
        .unwrap_or_default();
    let properties = package["CustomerMetadataProperties"].as_object().into_iter().flatten();
    let read = |(name, value): (&String, &Value)| {
        let name = name.strip_prefix("metric.")?;
        Some((name.to_owned(), value.as_str()?.parse().ok()?))
    };
    properties.filter_map(read).collect()
}

/// The newest approved version of the same group that is older than this one.
async fn current_before(served: &Served, arn: &str) -> Option<String> {
    let (group, version) = arn.split_once("model-package/")?.1.split_once('/')?;
    let version: u64 = version.parse().ok()?;
    let input = json!({"ModelPackageGroupName": group, "ModelApprovalStatus": "Approved"});
    let names = ("ModelPackageSummaryList", "NextToken");
    let listed = served
        .reader
        .all(("sagemaker", "ListModelPackages"), input, names, 1000)
        .await
        .ok()?;
    let older = listed.iter().filter_map(|package| {
        let number = package["ModelPackageVersion"].as_u64()?;
        (number < version).then(|| Some((number, package["ModelPackageArn"].as_str()?.to_owned())))?
    });
    older.max().map(|(_, arn)| arn)
}

/// A status as a sign: each has a shape of its own.
fn sign(status: &str) -> &'static str {
    use crate::show::Tone;
    match tone(status).0 {
        Tone::Succeeded => "✅",
        Tone::Failed => "❌",
        Tone::Running => "🔵",
        Tone::Waiting => "⏸️",
        Tone::Caught => "⚠️",
        Tone::Stopped => "⏹️",
        Tone::Quiet => "▫️",
    }
}

fn word(status: &str) -> &str {
    tone(status)
        .1
        .map_or(status, |word| word.in_language(Language::English))
}

/// What a program has printed, as it can stand in a document.
fn shown(text: &str) -> String {
    plain(&printable(text))
}

/// Text in Markdown, which means nothing there.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in shown(text).chars() {
        match character {
            '\n' => escaped.push(' '),
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '@' => escaped.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '!' | '~' => {
                escaped.push('\\');
                escaped.push(character);
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

/// Text inside of backticks, which cannot leave them: an empty line would end the paragraph, and the backticks with it.
fn code(text: &str) -> String {
    shown(text).replace('`', "'").replace('\n', " ")
}

/// Text inside of a fence, which keeps its lines: none can end the fence, as there are no backticks in it.
fn fenced(text: &str) -> String {
    shown(text).replace('`', "'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_summary_is_markup() {
        assert_eq!(
            escaped("<img src=x> [a](http://b) `c` @team | #1\n"),
            "&lt;img src=x&gt; \\[a\\](http://b) \\`c\\` &#64;team \\| \\#1 "
        );
        assert_eq!(code("a`b"), "a'b");
        assert_eq!(fenced("{\n```\n}"), "{\n'''\n}");
        let printed = "\u{1b}]0;title\u{7}\u{1b}[31m 1/2\r\u{1b}[K2/2\0\u{1b}[0m";
        assert_eq!([escaped(printed), code(printed), fenced(printed)], ["2/2"; 3]);
        for text in ["a\n\n<img src=x>", "a\r\n\r\n<img src=x>", "a\r\r<img src=x>"] {
            assert!(!code(text).contains(['\n', '\r']), "{text:?}");
        }
    }
}
