//! What a run leaves for others to read: a report of one file, and a summary in Markdown.

use super::options::ReportOptions;
use super::session::{Session, Trouble};
use crate::cost::{self, Base, Prices};
use crate::granted;
use page::{Language, Page};
use std::path::Path;
use std::sync::Arc;

/// Writes what was asked for about a run that has ended.
pub(super) async fn write(options: &ReportOptions, session: &Session, run: (&str, &str)) -> Result<(), Trouble> {
    let (pipeline, id) = run;
    let page = Page {
        platform: Arc::clone(&session.cloud),
        environment: session.environment().to_owned(),
        may_act: false,
    };
    let other = |error: &dyn std::fmt::Display| Trouble::Other(error.to_string());
    if let Some(file) = &options.report {
        let language = if options.japanese {
            Language::Japanese
        } else {
            Language::English
        };
        let report = page::report(&page, pipeline, id, language).await;
        put(file, &report.map_err(|error| other(&error))?)?;
    }
    if let Some(file) = &options.summary {
        let told = page::summary(&page, pipeline, id).await;
        let told = told.map_err(|error| other(&error))?;
        let change = change(options, session).await?;
        put(file, &format!("{told}\n{change}"))?;
    }
    Ok(())
}

/// What a run can cost, and what the change adds to costs and permissions.
async fn change(options: &ReportOptions, session: &Session) -> Result<String, Trouble> {
    let root = &session.cloud.root;
    let environment = session.environment();
    let other = |error: &dyn std::fmt::Display| Trouble::Other(error.to_string());
    let prices = Prices::read(root).map_err(|error| other(&error))?;
    let bill = cost::estimate(root, environment, &prices).await;
    let bill = bill.map_err(|error| other(&error))?;
    let Some(given) = options.base.as_deref() else {
        return Ok(cost::markdown(&bill, None));
    };
    let base = Base::find(root, given).map_err(|error| Trouble::Usage(error.to_string()))?;
    let of_base = cost::estimate(base.folder(), environment, &prices).await;
    let of_base = of_base.map_err(|error| Trouble::Other(format!("{given}: {error}")))?;
    let permissions = granted::changed(root, (base.folder(), given), environment).await?;
    Ok(format!(
        "{}\n{permissions}",
        cost::markdown(&bill, Some((&of_base, given)))
    ))
}

fn put(file: &Path, text: &str) -> Result<(), Trouble> {
    let written = std::fs::write(file, text);
    written.map_err(|error| Trouble::Other(format!("cannot write `{}`: {error}", file.display())))
}
