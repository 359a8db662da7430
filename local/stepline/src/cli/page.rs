//! The page of a command: where it is served, and where another command finds it.

use crate::cloud::Cloud;
use crate::definitions::Definitions;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// Why there is no page.
#[derive(Debug, thiserror::Error)]
pub(super) enum PageError {
    /// The port that was asked for is taken.
    #[error("port {port} is taken ({source}): choose another one with --page-port, or leave it out")]
    BusyPort { port: u16, source: std::io::Error },
    /// This machine gives no port.
    #[error("the page cannot be served: {0}")]
    NotServed(#[from] std::io::Error),
}

/// The port that is tried first, so that an address stays good from run to run.
const PORT: u16 = 4567;

/// The name of the file beside what lasts that says where the page is.
const ADDRESS: &str = "page";

/// How long a page on this machine may take to answer.
const ANSWERS_WITHIN: Duration = Duration::from_millis(500);

/// The page while it is served. The file that says where ends with it.
pub(super) struct PageServed {
    /// Its address.
    pub(super) url: String,
    told: Option<PathBuf>,
}

impl Drop for PageServed {
    fn drop(&mut self) {
        if let Some(file) = &self.told {
            // Whoever finds a file of a page that is gone is told so.
            let _ = std::fs::remove_file(file);
        }
    }
}

/// Serves the page of an account: on the port that was asked for, or on the usual one, or on any that is free.
pub(super) async fn serve(
    cloud: &Arc<Cloud>,
    environment: &str,
    port: Option<u16>,
    may_act: bool,
) -> Result<PageServed, PageError> {
    let folder = cloud.store.folder();
    if let Some(folder) = folder {
        forget(folder);
    }
    let at = |port| SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
    let listener = match port {
        Some(port) => TcpListener::bind(at(port))
            .await
            .map_err(|source| PageError::BusyPort { port, source })?,
        None => match TcpListener::bind(at(PORT)).await {
            Ok(listener) => listener,
            Err(_) => TcpListener::bind(at(0)).await?,
        },
    };
    let address = listener.local_addr()?;
    let page = page::Page {
        platform: Arc::clone(cloud),
        environment: environment.to_owned(),
        may_act,
        definitions: Arc::new(Definitions::of(&cloud.root)),
        command: crate::command::name(),
    };
    page::serve(page, listener)?;
    let url = format!("http://{address}/");
    let told = folder.map(|folder| folder.join(ADDRESS));
    if let Some(file) = &told {
        // `open` finds the page by it. Without it, it says that another command has the account.
        let _ = std::fs::write(file, &url);
    }
    Ok(PageServed { url, told })
}

/// Removes what an earlier command said about its page: one that was killed could not. Only whoever has the folder's store
/// may do so.
pub(super) fn forget(folder: &Path) {
    // Mostly there is none.
    let _ = std::fs::remove_file(folder.join(ADDRESS));
}

/// Where the page of the command is that has this folder now. None where nobody answers there.
pub(super) fn of_another(folder: &Path) -> Option<String> {
    let url = std::fs::read_to_string(folder.join(ADDRESS)).ok()?;
    let address = url.strip_prefix("http://")?.strip_suffix('/')?.parse().ok()?;
    TcpStream::connect_timeout(&address, ANSWERS_WITHIN).ok()?;
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_is_gone_is_not_told() {
        let folder = tempfile::tempdir().unwrap();
        let told = || of_another(folder.path());
        assert_eq!(told(), None);
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        std::fs::write(folder.path().join(ADDRESS), &url).unwrap();
        assert_eq!(told(), Some(url));
        drop(listener);
        assert_eq!(told(), None);
        forget(folder.path());
        assert!(!folder.path().join(ADDRESS).exists());
        forget(folder.path());
    }
}
