//! How a distributed Map's items come out of S3, and its results go there: `Transformation` and `OutputType`.

use serde_json::{Value, json};
use states_language::{Clock, Command, Execution, ItemSource, Json, VirtualClock};

use crate::common::{outcome, start};
use crate::maps::{distributed, pass};

/// Answers what an execution reads, and says what it asked for; gives what it writes, by the names of the files.
fn play(definition: &Value, input: &Value, sources: Vec<ItemSource>) -> (Execution, Vec<Value>, Vec<(String, String)>) {
    let now = VirtualClock::default().now();
    let mut execution = start(definition, input);
    let (mut sources, mut asked, mut written) = (sources.into_iter(), Vec::new(), Vec::new());
    let mut commands = execution.run(now);
    while !commands.is_empty() {
        for command in std::mem::take(&mut commands) {
            match command {
                Command::ReadItems(request) => {
                    asked.push(serde_json::from_str(&request.parameters.to_string()).unwrap());
                    execution.items_read(request.id, sources.next().unwrap(), now).unwrap();
                }
                Command::WriteResults(request) => {
                    let name = |key: &str| key.rsplit('/').next().unwrap().to_owned();
                    written.extend(request.files.iter().map(|(key, text)| (name(key), text.clone())));
                    execution.task_succeeded(request.id, "null", now).unwrap();
                }
                other => panic!("{other:?}"),
            }
        }
        commands = execution.run(now);
    }
    (execution, asked, written)
}

fn object(text: &str) -> ItemSource {
    ItemSource::Object(text.as_bytes().to_vec())
}

#[test]
fn objects_that_are_listed_can_be_loaded() {
    let reader = |config: Value| {
        let reader = json!({
            "Resource": "arn:aws:states:::s3:listObjectsV2", "ReaderConfig": config,
            "Parameters": {"Bucket": "b", "Prefix": "p/"},
        });
        distributed(pass(), json!({"ItemReader": reader}))
    };
    let listed = |keys: &[&str]| {
        let objects = keys
            .iter()
            .map(|key| Json::parse(&json!({"Key": key}).to_string()).unwrap());
        ItemSource::Listing(objects.collect())
    };
    let loaded = json!({"InputType": "JSON", "Transformation": "LOAD_AND_FLATTEN"});
    let sources = || {
        vec![
            listed(&["p/1.json", "p/2.json"]),
            object("[1, 2]"),
            object(r#"[{"a": 3}]"#),
        ]
    };
    let (execution, asked, _) = play(&reader(loaded), &json!({}), sources());
    assert_eq!(outcome(&execution), Ok(json!([1, 2, {"a": 3}])));
    assert_eq!(
        asked[1..],
        [
            json!({"Bucket": "b", "Key": "p/1.json"}),
            json!({"Bucket": "b", "Key": "p/2.json"})
        ]
    );
    // No more are read than are wanted.
    let few = json!({"InputType": "JSON", "Transformation": "LOAD_AND_FLATTEN", "MaxItems": 1});
    let (execution, asked, _) = play(&reader(few), &json!({}), sources());
    assert_eq!((outcome(&execution), asked.len()), (Ok(json!([1])), 2));
    // Without it the objects are the items.
    let (execution, ..) = play(
        &reader(json!({"Transformation": "NONE"})),
        &json!({}),
        vec![listed(&["p/1.json"])],
    );
    assert_eq!(outcome(&execution), Ok(json!([{"Key": "p/1.json"}])));
}

#[test]
fn parquet_is_valid_and_not_read() {
    let reader = json!({
        "Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "PARQUET"},
        "Parameters": {"Bucket": "b", "Key": "k"},
    });
    let definition = distributed(pass(), json!({"ItemReader": reader}));
    let (execution, ..) = play(&definition, &json!({}), vec![ItemSource::Object(vec![0xff, 0])]);
    let (error, cause) = outcome(&execution).unwrap_err();
    assert_eq!(
        (&*error, cause.contains("'PARQUET' is not read here")),
        ("States.ItemReaderFailed", true)
    );
}

#[test]
fn results_look_as_the_writer_is_told() {
    let place = json!({"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "b", "Prefix": "p"}});
    let input = json!([[1, 2], {"a": 3}]);
    let run = |config: Value, to_s3: bool| {
        let mut writer = if to_s3 { place.clone() } else { json!({}) };
        writer["WriterConfig"] = config;
        let (execution, _, written) = play(
            &distributed(pass(), json!({"ResultWriter": writer})),
            &input,
            Vec::new(),
        );
        (outcome(&execution).unwrap(), written)
    };
    for (transformation, output_type, file, text) in [
        ("COMPACT", "JSON", "SUCCEEDED_0.json", r#"[[1,2],{"a":3}]"#),
        ("FLATTEN", "JSON", "SUCCEEDED_0.json", r#"[1,2,{"a":3}]"#),
        ("FLATTEN", "JSONL", "SUCCEEDED_0.jsonl", "1\n2\n{\"a\":3}"),
    ] {
        let config = json!({"Transformation": transformation, "OutputType": output_type});
        let (output, written) = run(config.clone(), true);
        assert_eq!(written[0], (file.to_owned(), text.to_owned()));
        assert_eq!(output["ResultWriterDetails"]["Bucket"], "b");
        let (output, written) = run(config, false);
        assert!(written.is_empty());
        let expected = if transformation == "COMPACT" {
            input.clone()
        } else {
            json!([1, 2, {"a": 3}])
        };
        assert_eq!(output, expected);
    }
    let (output, _) = run(json!({"Transformation": "NONE"}), false);
    assert_eq!(
        (&output[0]["Output"], &output[1]["Status"]),
        (&json!("[1,2]"), &json!("SUCCEEDED"))
    );
}
