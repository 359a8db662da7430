//! What lasts from run to run: where it is, how it begins anew, and what is in it.

use super::page;
use crate::cloud;
use platform::store::{Inventory, Store, StoreError};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The folder of what lasts: the one that was asked for, else the repository's.
pub(super) fn folder(root: &Path, asked: Option<&Path>) -> PathBuf {
    asked.map_or_else(|| cloud::folder(root).join("state"), Path::to_owned)
}

/// Opens the folder; an empty one for somebody who begins anew.
pub(super) fn open(folder: &Path, fresh: bool) -> Result<Store, StoreError> {
    if fresh {
        Store::clear(folder)?;
    }
    let store = Store::open(folder)?;
    // Nobody else has the folder now, so the page that is told there is gone.
    page::forget(folder);
    Ok(store)
}

/// Whether nothing is kept in a folder yet.
pub(super) fn is_empty(folder: &Path) -> Result<bool, StoreError> {
    Ok(Store::look(folder)?.is_none())
}

/// What each space holds, in words.
const SPACES: &[(&str, &str)] = &[
    ("ssm/parameters", "parameters"),
    ("s3/buckets", "buckets"),
    ("s3/objects", "objects in them"),
    ("ecr/repositories", "image repositories"),
    ("cloudformation/stacks", "stacks"),
    ("states/machines", "state machines"),
    ("states/executions", "executions of them"),
    ("sagemaker/jobs", "processing and training jobs"),
    ("sagemaker/model-package-groups", "groups of model packages"),
    ("sagemaker/models", "models"),
    ("codepipeline/executions", "executions of pipelines"),
    ("codebuild/builds", "builds"),
    ("ecs/services", "services"),
    ("logs/groups", "log groups"),
    ("logs/events", "log lines in them"),
    ("sqs/queues", "queues"),
    ("sns/topics", "topics"),
    ("journal/entries", "events, invocations and other things that happened"),
    ("journal/decisions", "decisions of IAM"),
];

/// Says what there is.
pub(super) fn describe(folder: &Path) -> Result<String, StoreError> {
    let Some(Inventory { rows, bytes }) = Store::look(folder)? else {
        return Ok(format!("Nothing lasts yet: the first run makes {}\n", folder.display()));
    };
    let mut said = format!("{} ({})\n", folder.display(), size(bytes));
    tell(&mut said, &rows);
    for (region, folder) in Store::regions(folder) {
        if let Some(Inventory { rows, .. }) = Store::look(&folder)? {
            let _ = writeln!(said, "in {region}:");
            tell(&mut said, &rows);
        }
    }
    said += "--fresh begins anew\n";
    Ok(said)
}

/// What each space has, where it has something.
fn tell(said: &mut String, rows: &BTreeMap<String, u64>) {
    for (space, words) in SPACES {
        if let Some(count) = rows.get(*space) {
            let _ = writeln!(said, "{count:>8} {words}");
        }
    }
}

/// Bytes for people.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} KB", bytes.div_ceil(1000)),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lasts_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let nothing = describe(folder.path()).unwrap();
        assert!(nothing.starts_with("Nothing lasts yet"), "{nothing}");
        let store = open(folder.path(), true).unwrap();
        drop(store);
        // A command that was killed leaves the address of its page.
        let stale = folder.path().join("page");
        std::fs::write(&stale, "http://127.0.0.1:1/").unwrap();
        drop(open(folder.path(), false).unwrap());
        assert!(!stale.exists());
        let empty = describe(folder.path()).unwrap();
        assert!(empty.ends_with("KB)\n--fresh begins anew\n"), "{empty}");
        assert_eq!((size(1), size(5_432_100)), ("1 KB".to_owned(), "5.4 MB".to_owned()));
    }
}
