//! What was kept is there for the next one who opens the folder.

use super::{Body, Rows, Store, StoreError};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::fs;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Thing {
    name: String,
    body: Option<Body>,
}

fn thing(name: &str) -> Thing {
    Thing {
        name: name.into(),
        body: None,
    }
}

const SPACE: &str = "test/things";

#[tokio::test]
async fn rows_are_there_again_as_they_were_left() {
    let folder = tempfile::tempdir().unwrap();
    {
        let store = Store::open(folder.path()).unwrap();
        let rows: Rows<Thing> = Rows::open(&store, SPACE).unwrap();
        for name in ["a", "b", "c", "d"] {
            rows.lock().insert(name.into(), thing(name));
        }
        rows.lock().get_mut("b").unwrap().name = "changed".into();
        assert_eq!(rows.lock().remove("c").unwrap().name, "c");
        rows.lock().get_or_insert_with("e", || thing("e")).name += "!";
        for row in rows.lock().values_mut() {
            row.name += ".";
        }
        rows.lock().retain(|key, _| key != "d");
        store.settled().await.unwrap();
    }
    let store = Store::open(folder.path()).unwrap();
    let seen = Store::look(folder.path()).unwrap().unwrap();
    assert_eq!(seen.rows, [(SPACE.to_owned(), 3)].into());
    assert!(seen.bytes > 0);
    let rows: Rows<Thing> = Rows::open(&store, SPACE).unwrap();
    let names: Vec<String> = rows
        .lock()
        .iter()
        .map(|(key, row)| format!("{key} {}", row.name))
        .collect();
    assert_eq!(names, ["a a.", "b changed.", "e e!."]);
    assert!(store.read("test/others", "").unwrap().is_empty());
    assert_eq!(store.read(SPACE, "b").unwrap().len(), 1);
}

#[tokio::test]
async fn bodies_are_there_again_and_those_of_nobody_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let files = || fs::read_dir(folder.path().join("bodies")).unwrap().count();
    let kept = {
        let store = Store::open(folder.path()).unwrap();
        let kept = store.keep(Bytes::from_static(b"first")).unwrap();
        let gone = store.keep(Bytes::from_static(b"second")).unwrap();
        assert_eq!(store.bytes(&gone).unwrap(), "second");
        store.forget(&gone);
        store.settled().await.unwrap();
        kept
    };
    // Killed between the file and its row.
    fs::write(folder.path().join("bodies/of-nobody"), "x").unwrap();
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(files(), 1);
    let row = serde_json::to_string(&kept).unwrap();
    let read: Body = serde_json::from_str(&row).unwrap();
    assert_eq!((store.bytes(&read).unwrap().as_ref(), read.len()), (&b"first"[..], 5));
}

#[tokio::test]
async fn without_a_folder_everything_is_in_memory() {
    assert_eq!(Store::look(std::path::Path::new("/nowhere")).unwrap(), None);
    let store = Store::default();
    let body = store.keep(Bytes::from_static(b"here")).unwrap();
    assert_eq!(store.bytes(&body).unwrap(), "here");
    store.put(SPACE, "key", || unreachable!("nothing is written"));
    store.settled().await.unwrap();
    assert_eq!(store.folder(), None);
}

#[test]
fn a_folder_has_one_owner() {
    let folder = tempfile::tempdir().unwrap();
    let first = Store::open(folder.path()).unwrap();
    let refused = Store::open(folder.path()).unwrap_err();
    assert!(matches!(refused, StoreError::InUse { .. }), "{refused}");
    assert!(
        refused
            .to_string()
            .contains(&format!("(process {})", std::process::id())),
        "{refused}"
    );
    drop(first);
    Store::open(folder.path()).unwrap();
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    {
        let store = Store::open(folder.path()).unwrap();
        store.put(SPACE, "one", || b"{}".to_vec());
        store.settled().await.unwrap();
    }
    {
        let store = Store::open(folder.path()).unwrap();
        let refused = Rows::<Thing>::open(&store, SPACE).unwrap_err().to_string();
        assert!(
            refused.contains("`one` of test/things: missing field `name`") && refused.contains("--fresh"),
            "{refused}"
        );
    }
    let database = rusqlite::Connection::open(folder.path().join("state.db")).unwrap();
    database.pragma_update(None, "user_version", 7).unwrap();
    let refused = Store::open(folder.path()).unwrap_err().to_string();
    assert!(
        refused.contains("has the format 7, and this version reads 1"),
        "{refused}"
    );
}

#[tokio::test]
async fn what_cannot_be_written_is_told_before_anything_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let database = rusqlite::Connection::open(folder.path().join("state.db")).unwrap();
    database.execute_batch("DROP TABLE rows").unwrap();
    store.put(SPACE, "key", || b"{}".to_vec());
    let refused = store.settled().await.unwrap_err().to_string();
    assert!(refused.contains("no such table: rows"), "{refused}");
}
