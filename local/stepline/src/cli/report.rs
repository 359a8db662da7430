//! What a run leaves for others to read: a report of one file, and a summary in Markdown.

use super::options::ReportOptions;
use super::session::{Session, Trouble};
use crate::cost::{self, Base, Prices};
use crate::definitions::Definitions;
use crate::granted;
use page::{Language, Page};
use std::path::Path;
use std::sync::Arc;

/// Finds what the change is shown against: before the run, so that nobody waits for one to learn of a misspelt name.
pub(super) fn base(options: &ReportOptions, root: &Path) -> Result<Option<Base>, Trouble> {
    let found = options.base.as_deref().map(|given| Base::find(root, given));
    found.transpose().map_err(|error| Trouble::Usage(error.to_string()))
}

/// Writes what was asked for about a run that has ended. What cannot be written keeps nothing else from being so.
pub(super) async fn write(
    options: &ReportOptions,
    base: Option<&Base>,
    session: &Session,
    (pipeline, id): (&str, &str),
) -> Result<(), Trouble> {
    let page = page(session);
    let reported = write_report(options, &page, (pipeline, id)).await;
    let against = base.zip(options.base.as_deref());
    let summarised = write_summary(options, against, session, (&page, pipeline, id)).await;
    reported.and(summarised)
}

/// What is read of a run that has ended.
pub(super) fn page(session: &Session) -> Page {
    Page {
        platform: Arc::clone(&session.cloud),
        environment: session.environment().to_owned(),
        may_act: false,
        definitions: Arc::new(Definitions::of(&session.cloud.root)),
        command: crate::command::name(),
    }
}

async fn write_summary(
    options: &ReportOptions,
    against: Option<(&Base, &str)>,
    session: &Session,
    (page, pipeline, id): (&Page, &str, &str),
) -> Result<(), Trouble> {
    let Some(file) = &options.summary else {
        return Ok(());
    };
    let told = page::summary(page, pipeline, id).await;
    let told = told.map_err(|error| Trouble::Other(error.to_string()))?;
    // The run first: the change takes longer, and may not be known.
    put(file, &told)?;
    let change = change(against, session).await.unwrap_or_else(|why| unknown(&why));
    put(file, &format!("{told}\n{change}"))
}

async fn write_report(options: &ReportOptions, page: &Page, (pipeline, id): (&str, &str)) -> Result<(), Trouble> {
    let Some(file) = &options.report else {
        return Ok(());
    };
    let language = if options.japanese {
        Language::Japanese
    } else {
        Language::English
    };
    let report = page::report(page, pipeline, id, language).await;
    put(file, &report.map_err(|error| Trouble::Other(error.to_string()))?)
}

/// What a run can cost, and what the change adds to costs and permissions.
async fn change(base: Option<(&Base, &str)>, session: &Session) -> Result<String, Trouble> {
    let root = &session.cloud.root;
    let environment = session.environment();
    let other = |error: &dyn std::fmt::Display| Trouble::Other(error.to_string());
    let prices = Prices::read(root).map_err(|error| other(&error))?;
    let bill = cost::estimate(root, environment, &prices).await;
    let bill = bill.map_err(|error| other(&error))?;
    let Some((base, given)) = base else {
        return Ok(cost::markdown(&bill, None));
    };
    let of_base = cost::estimate(base.folder(), environment, &prices).await;
    let of_base = of_base.map_err(|error| Trouble::Other(format!("{given}: {error}")))?;
    let permissions = granted::changed(root, (base.folder(), given), environment).await?;
    Ok(format!(
        "{}\n{permissions}",
        cost::markdown(&bill, Some((&of_base, given)))
    ))
}

/// Says in the summary why it has no change. The text may have anything in it, and stays one line of code.
fn unknown(why: &Trouble) -> String {
    let why = why.to_string().replace('`', "'");
    let why: Vec<&str> = why.split_whitespace().collect();
    format!("What the change costs and permits is not known: `{}`\n", why.join(" "))
}

fn put(file: &Path, text: &str) -> Result<(), Trouble> {
    let written = std::fs::write(file, text);
    written.map_err(|error| Trouble::Other(format!("cannot write `{}`: {error}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_base_is_an_error_of_usage() {
        let folder = tempfile::tempdir().unwrap();
        let none = base(&ReportOptions::default(), folder.path());
        assert!(none.is_ok_and(|base| base.is_none()));
        let options = ReportOptions {
            base: Some("no-such-revision".into()),
            ..ReportOptions::default()
        };
        assert!(matches!(base(&options, folder.path()), Err(Trouble::Usage(_))));
    }

    #[test]
    fn why_a_change_is_not_known_is_one_line_of_code() {
        let why = Trouble::Other("no price\n\n<img src=x> of `a`".into());
        assert_eq!(
            unknown(&why),
            "What the change costs and permits is not known: `no price <img src=x> of 'a'`\n"
        );
    }
}
