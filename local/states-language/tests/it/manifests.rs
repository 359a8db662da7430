//! Manifests: distributed Maps over what an S3 inventory or an Athena query lists.

use serde_json::{Value, json};
use states_language::{Clock, Command, Execution, ItemSource, StateMachine, VirtualClock};

use crate::common::{outcome, start};
use crate::maps::{distributed, pass};

fn definition(config: &Value) -> Value {
    let reader = json!({
        "Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": config,
        "Parameters": {"Bucket": "b", "Key": "manifest.json"}
    });
    distributed(pass(), json!({"ItemReader": reader}))
}

/// Gives one object after the other, and says which were asked for: their places, and whether they are compressed.
fn read(config: &Value, objects: &[&str]) -> (Execution, Vec<(String, bool)>) {
    let now = VirtualClock::default().now();
    let mut execution = start(&definition(config), &json!({}));
    let mut asked = Vec::new();
    for object in objects {
        let commands = execution.run(now);
        let [Command::ReadItems(request)] = &commands[..] else {
            break;
        };
        assert_eq!(&*request.operation, "getObject");
        asked.push((request.parameters.to_string(), request.is_gzip));
        let source = ItemSource::Object(object.as_bytes().to_vec());
        execution.items_read(request.id, source, now).unwrap();
    }
    execution.run(now);
    (execution, asked)
}

fn inventory(format: &str) -> String {
    json!({
        "sourceBucket": "source", "destinationBucket": "arn:aws:s3:::inventories", "version": "2016-11-30",
        "creationTimestamp": "1514944800000", "fileFormat": format, "fileSchema": "Bucket, Key, Size",
        "files": [
            {"key": "source/data/1.csv.gz", "size": 1, "MD5checksum": "f11166069f1990abeb9c97ace9cdfabc"},
            {"key": "source/data/2.csv", "size": 1, "MD5checksum": "f11166069f1990abeb9c97ace9cdfabc"},
        ],
    })
    .to_string()
}

#[test]
fn an_inventorys_objects_are_items() {
    let first = "\"source\",\"a/1.csv\",\"7\"\n\"source\",\"a/b, c\",\"\"\n";
    let second = "\"source\",\"z\",\"1\"\n";
    let items = json!([
        {"Bucket": "source", "Key": "a/1.csv", "Size": "7"},
        {"Bucket": "source", "Key": "a/b, c", "Size": ""},
        {"Bucket": "source", "Key": "z", "Size": "1"},
    ]);
    let places = [
        (r#"{"Bucket":"b","Key":"manifest.json"}"#.to_owned(), false),
        (
            r#"{"Bucket":"inventories","Key":"source/data/1.csv.gz"}"#.to_owned(),
            true,
        ),
        (
            r#"{"Bucket":"inventories","Key":"source/data/2.csv"}"#.to_owned(),
            false,
        ),
    ];
    for config in [
        json!({"InputType": "MANIFEST"}),
        json!({"ManifestType": "S3_INVENTORY"}),
    ] {
        let (execution, asked) = read(&config, &[&inventory("CSV"), first, second]);
        assert_eq!(outcome(&execution).as_ref(), Ok(&items), "{config}");
        assert_eq!(asked, places);
    }
    // No more is read than is wanted.
    let config = json!({"InputType": "MANIFEST", "MaxItems": 2});
    let (execution, asked) = read(&config, &[&inventory("CSV"), first, second]);
    assert_eq!(outcome(&execution), Ok(json!([items[0], items[1]])));
    assert_eq!(asked, places[..2]);
}

#[test]
fn the_files_that_athena_lists_have_items() {
    let config = json!({
        "ManifestType": "ATHENA_DATA", "InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["id", "name"],
    });
    let manifest = "s3://results/tables/1/a.gz\ns3://results/tables/1/b\n";
    let (execution, asked) = read(&config, &[manifest, "1,x\n", "2,y\n3,z\n"]);
    let item = |id: &str, name: &str| json!({"id": id, "name": name});
    assert_eq!(
        outcome(&execution),
        Ok(json!([item("1", "x"), item("2", "y"), item("3", "z")]))
    );
    assert_eq!(
        asked[1],
        (r#"{"Bucket":"results","Key":"tables/1/a.gz"}"#.to_owned(), true)
    );
    let lines = json!({"ManifestType": "ATHENA_DATA", "InputType": "JSONL"});
    let (execution, _) = read(&lines, &[manifest, "{\"a\": 1}\n", "2\n"]);
    assert_eq!(outcome(&execution), Ok(json!([{"a": 1}, 2])));
    let (execution, _) = read(&lines, &[""]);
    assert_eq!(outcome(&execution), Ok(json!([])));
}

#[test]
fn what_is_no_manifest_fails_the_reader() {
    let athena = json!({"ManifestType": "ATHENA_DATA", "InputType": "JSONL"});
    let ours = json!({"InputType": "MANIFEST"});
    for (config, manifest, said) in [
        (&ours, "{", "Attempting to parse the manifest failed"),
        (&ours, "{}", "must have the field 'fileFormat'"),
        (
            &ours,
            &*inventory("Parquet"),
            "The inventory's format is 'Parquet', and only CSV is supported.",
        ),
        (
            &athena,
            "key\n",
            "The manifest has a line that is no place in S3: 'key'.",
        ),
    ] {
        let (execution, _) = read(config, &[manifest]);
        let (error, cause) = outcome(&execution).unwrap_err();
        assert_eq!(error, "States.ItemReaderFailed");
        assert!(cause.contains(said), "{cause}");
    }
}

#[test]
fn what_no_reader_can_be_is_refused() {
    for (config, said) in [
        (json!({"InputType": "ORC"}), "'ORC' is not supported"),
        (
            json!({"ManifestType": "ATHENA_DATA", "InputType": "JSON"}),
            "Athena's files are CSV or JSONL",
        ),
        (json!({"ManifestType": "ATHENA_DATA"}), "InputType"),
        (
            json!({"ManifestType": "S3_INVENTORY", "InputType": "JSONL"}),
            "An S3 inventory is read as CSV",
        ),
        (
            json!({"ManifestType": "OTHER", "InputType": "CSV"}),
            "Value should be one of the following: [ATHENA_DATA, S3_INVENTORY]",
        ),
        (
            json!({"InputType": "MANIFEST", "CSVHeaderLocation": "FIRST_ROW"}),
            "CSVHeaderLocation",
        ),
    ] {
        let error = StateMachine::parse(&definition(&config).to_string()).unwrap_err();
        assert!(error.to_string().contains(said), "{config}: {error}");
    }
}
