//! What a run leaves behind that can be asked: the service, and how to ask it.

use super::session::Session;
use std::path::{Path, PathBuf};

/// The output of `sam/serving.yaml` that says where the service answers.
const OUTPUT: &str = "ServiceUrl";

/// Where the service answers, if there is one.
pub(super) fn url(session: &Session) -> Option<&str> {
    let outputs = session.deployment.own().flat_map(|stack| &stack.outputs);
    let mut urls = outputs.filter(|output| output.name == OUTPUT);
    urls.next().map(|output| output.value.as_str())
}

/// A command that asks the service for a prediction of the first row of the data, or for its version where there is none.
pub(super) fn question(root: &Path, url: &str) -> String {
    match first_data(&root.join("seed")) {
        Some(file) => {
            let file = file.strip_prefix(root).unwrap_or(&file).display();
            format!("head -n 2 {file} | curl -s {url}/invocations -H 'Content-Type: text/csv' --data-binary @-")
        }
        None => format!("curl -s {url}/version"),
    }
}

/// The first CSV file of a bucket's folder below `seed/`.
fn first_data(folder: &Path) -> Option<PathBuf> {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    entries.sort();
    entries.into_iter().find_map(|path| {
        if path.is_dir() {
            return first_data(&path);
        }
        let is_csv = path.extension().is_some_and(|extension| extension == "csv");
        is_csv.then_some(path)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_is_one_of_the_data() {
        let root = tempfile::tempdir().expect("a folder");
        let url = "http://127.0.0.1:1";
        assert_eq!(question(root.path(), url), "curl -s http://127.0.0.1:1/version");
        let folder = root.path().join("seed/DataBucket/raw");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("b.csv"), "").expect("a file");
        std::fs::write(folder.join("a.txt"), "").expect("a file");
        assert_eq!(
            question(root.path(), url),
            "head -n 2 seed/DataBucket/raw/b.csv | curl -s http://127.0.0.1:1/invocations -H 'Content-Type: text/csv' \
             --data-binary @-"
        );
    }
}
