//! `stepline open`: the page of past runs, or of the command that is under way.

use super::interrupt::interrupted;
use super::kept;
use super::options::OpenOptions;
use super::page;
use super::session::{self, Trouble};
use crate::cloud::Cloud;
use crate::command;
use crate::deploy;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use platform::store::StoreError;
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

pub(super) async fn open(options: OpenOptions) -> Result<ExitCode, Trouble> {
    let root = session::repository()?;
    let environment = session::known(&root, options.env.as_deref())?;
    let folder = kept::folder(&root, options.state.as_deref());
    if kept::is_empty(&folder)? {
        let text = format!(
            "nothing lasts yet in {}: play the pipeline first, with `{} run`",
            folder.display(),
            command::name()
        );
        return Err(Trouble::Other(text));
    }
    let store = match kept::open(&folder, false) {
        Ok(store) => store,
        Err(error @ StoreError::InUse { .. }) => return of_another(&folder, options.run.as_deref(), error),
        Err(error) => return Err(error.into()),
    };
    let cloud = Cloud::open(deploy::account_of(&root, &environment)?, root, &store)?;
    cloud.codepipeline.recall()?;
    let page = page::serve(&cloud, &environment, options.page_port, false).await?;
    show(&page.url, options.run.as_deref());
    interrupted().await;
    Ok(ExitCode::SUCCESS)
}

/// Another command has the account, and serves the page of it.
fn of_another(folder: &Path, run: Option<&str>, error: StoreError) -> Result<ExitCode, Trouble> {
    match page::of_another(folder) {
        Some(url) => {
            show(&url, run);
            Ok(ExitCode::SUCCESS)
        }
        None => Err(error.into()),
    }
}

/// Says where the page is, and shows it to whoever sits at a terminal.
fn show(url: &str, run: Option<&str>) {
    let url = address(url, run);
    say!("{url}");
    if std::io::stdout().is_terminal() {
        // Without a browser the address is there to be followed.
        let _ = ::open::that_detached(&url);
    }
}

/// The address of the page, or of what it finds of a run. Whatever somebody typed stays the text that is looked for.
fn address(url: &str, run: Option<&str>) -> String {
    match run {
        Some(run) => format!("{url}search?q={}", utf8_percent_encode(run, NON_ALPHANUMERIC)),
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_for_is_one_text() {
        let url = "http://127.0.0.1:4567/";
        assert_eq!(address(url, None), url);
        assert_eq!(address(url, Some("a b&c#d")), format!("{url}search?q=a%20b%26c%23d"));
    }
}
