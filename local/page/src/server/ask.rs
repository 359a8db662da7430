//! Asks a service on this machine, over loopback and nowhere else.

use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

/// How long a service may take.
const LIMIT: Duration = Duration::from_secs(10);
/// The most bytes of an answer.
const MOST: usize = 1024 * 1024;
/// How many rows of the seed data are sent first: the names of the columns, and these.
const ROWS: usize = 3;

/// What the service at a port answers to `body`, or why it does not; and how many milliseconds that took.
pub(super) async fn ask(port: u16, kind: &str, body: &str) -> (Result<(u16, String), String>, u64) {
    let began = Instant::now();
    let answer = match tokio::time::timeout(LIMIT, send(port, kind, body)).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("The service has not answered in {} seconds.", LIMIT.as_secs())),
    };
    (answer, began.elapsed().as_millis().try_into().unwrap_or(u64::MAX))
}

async fn send(port: u16, kind: &str, body: &str) -> Result<(u16, String), String> {
    let said = |error: &dyn std::error::Error| format!("The service did not answer: {error}");
    let request = Request::post("/invocations")
        .header(header::HOST, format!("127.0.0.1:{port}"))
        .header(header::CONTENT_TYPE, kind)
        .header(header::ACCEPT, "application/json")
        .body(Body::from(body.to_owned()))
        .map_err(|error| said(&error))?;
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(|error| said(&error))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| said(&error))?;
    // The connection ends with the answer, or with the time.
    let connection = tokio::spawn(connection);
    let answer = async {
        let answer = sender.send_request(request).await.map_err(|error| said(&error))?;
        let status = answer.status().as_u16();
        let bytes = to_bytes(Body::new(answer.into_body()), MOST)
            .await
            .map_err(|error| said(&error))?;
        Ok((status, String::from_utf8_lossy(&bytes).into_owned()))
    };
    let answer = answer.await;
    connection.abort();
    answer
}

/// The first rows of the seed data: of the first CSV file of a bucket's `raw` folder. Empty where there is none.
pub(super) fn sample(root: &Path) -> String {
    let files = |folder: &Path| {
        let entries = std::fs::read_dir(folder).into_iter().flatten();
        let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort();
        paths
    };
    let buckets = files(&root.join("seed")).into_iter();
    let mut tables = buckets
        .flat_map(|bucket| files(&bucket.join("raw")))
        .filter(|path| path.extension().is_some_and(|ending| ending == "csv"));
    let text = tables
        .find_map(|path| std::fs::read_to_string(path).ok())
        .unwrap_or_default();
    text.lines().take(ROWS + 1).map(|line| format!("{line}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::routing::post;

    #[tokio::test]
    async fn a_service_on_this_machine_is_asked() {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a listener");
        let port = listener.local_addr().expect("an address").port();
        let router = Router::new().route(
            "/invocations",
            post(|body: String| async move { format!("got {body}") }),
        );
        let serving = tokio::spawn(async move { axum::serve(listener, router).await });
        assert_eq!(ask(port, "text/csv", "a,b").await.0, Ok((200, "got a,b".into())));
        serving.abort();
        let _ = serving.await;
        let why = ask(port, "text/csv", "a,b").await.0.expect_err("nobody is there");
        assert!(why.starts_with("The service did not answer"), "{why}");
    }

    #[test]
    fn the_sample_is_the_first_rows_of_the_seed_data() {
        let root = tempfile::tempdir().expect("a folder");
        assert_eq!(sample(root.path()), "");
        let folder = root.path().join("seed/DataBucket/raw");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("b.csv"), "x\n").expect("a file");
        std::fs::write(folder.join("a.csv"), "n\n1\n2\n3\n4\n").expect("a file");
        std::fs::write(folder.join("a.bin"), "no").expect("a file");
        assert_eq!(sample(root.path()), "n\n1\n2\n3\n");
    }
}
