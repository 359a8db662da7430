//! What SDKs send over REST: functions, their versions and aliases, layers, and where the code can be had.

use super::super::rest::handle;
use super::world::World;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use platform::Principal;
use serde_json::{Value, json};
use std::io::{Cursor, Read, Write};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const SOURCE: &str = "def handler(event, context):\n    return 1\n";

/// A zip with two files, in base64.
fn zipped() -> String {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in [("app.py", SOURCE), ("more/data.txt", "data")] {
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    BASE64_STANDARD.encode(writer.finish().unwrap().into_inner())
}

/// One request: the status of its answer, and the body or the kind of the error.
async fn ask(world: &World, method: &str, path: &str, body: Value) -> (u16, Value) {
    let body = if body.is_null() {
        Bytes::new()
    } else {
        Bytes::from(body.to_string())
    };
    let (method, uri) = (method.parse().unwrap(), path.parse().unwrap());
    let caller = Principal::Administrator;
    let answer = handle(&world.platform, &caller, &method, &uri, &HeaderMap::new(), &body).await;
    let status = answer.status().as_u16();
    if let Some(kind) = answer.headers().get("x-amzn-errortype") {
        return (status, kind.to_str().unwrap().into());
    }
    let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

async fn create(world: &World) {
    let create = json!({
        "FunctionName": "f", "Runtime": "python3.12", "Handler": "app.handler", "Code": {"ZipFile": zipped()},
        "Role": world.platform.account.global_arn("iam", "role/f-role"), "Tags": {"team": "a"},
    });
    let (status, created) = ask(world, "POST", "/2015-03-31/functions", create).await;
    assert_eq!((status, &created["FunctionName"]), (201, &json!("f")), "{created}");
}

#[tokio::test]
async fn a_function_is_made_published_and_removed() {
    let world = World::new();
    create(&world).await;
    let f = "/2015-03-31/functions/f";
    for (method, path, body, status, pointer, expected) in [
        ("POST", "/versions", json!({}), 201, "/Version", json!("1")),
        (
            "GET",
            "/versions?MaxItems=1",
            json!(null),
            200,
            "/Versions/0/Version",
            json!("$LATEST"),
        ),
        (
            "POST",
            "/aliases",
            json!({"Name": "live", "FunctionVersion": "1"}),
            201,
            "/FunctionVersion",
            json!("1"),
        ),
        ("GET", "/aliases/live", json!(null), 200, "/Name", json!("live")),
        ("GET", "/aliases", json!(null), 200, "/Aliases/0/Name", json!("live")),
        (
            "GET",
            "/aliases?FunctionVersion=2",
            json!(null),
            200,
            "/Aliases",
            json!([]),
        ),
        (
            "POST",
            "/policy",
            json!({"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com"}),
            201,
            "/FunctionName",
            json!(null),
        ),
        ("DELETE", "/policy/s", json!(null), 204, "", json!(null)),
        (
            "PUT",
            "/aliases/live",
            json!({"Description": "now"}),
            200,
            "/Description",
            json!("now"),
        ),
        ("DELETE", "/aliases/live", json!(null), 204, "", json!(null)),
        (
            "GET",
            "/aliases/live",
            json!(null),
            404,
            "",
            json!("ResourceNotFoundException"),
        ),
        // What the local run does not have is refused by its name.
        (
            "POST",
            "/aliases",
            json!({"Name": "live", "FunctionVersion": "1", "RoutingConfig": {}}),
            501,
            "",
            json!("NotInLocalRun"),
        ),
        ("DELETE", "", json!(null), 204, "", json!(null)),
        ("GET", "", json!(null), 404, "", json!("ResourceNotFoundException")),
    ] {
        let (answered, said) = ask(&world, method, &format!("{f}{path}"), body).await;
        let found = said.pointer(pointer).cloned().unwrap_or_default();
        assert_eq!((answered, found), (status, expected), "{method} {path}: {said}");
    }
}

#[tokio::test]
async fn a_layer_is_published_looked_at_and_deleted() {
    let world = World::new();
    let layers = "/2018-10-31/layers";
    let publish = json!({"Content": {"ZipFile": zipped()}, "CompatibleRuntimes": ["python3.12"]});
    for version in [1, 2] {
        let (status, published) = ask(&world, "POST", &format!("{layers}/l/versions"), publish.clone()).await;
        assert_eq!((status, &published["Version"]), (201, &json!(version)), "{published}");
    }
    let one = world.platform.account.arn("lambda", "layer:l:1");
    for (method, path, status, pointer, expected) in [
        ("GET", "", 200, "/Layers/0/LatestMatchingVersion/Version", json!(2)),
        ("GET", "?CompatibleRuntime=nodejs22.x", 200, "/Layers", json!([])),
        (
            "GET",
            "?CompatibleArchitecture=vax",
            400,
            "",
            json!("ValidationException"),
        ),
        (
            "GET",
            "/l/versions?MaxItems=1",
            200,
            "/LayerVersions/0/Version",
            json!(2),
        ),
        ("GET", "/m/versions", 200, "/LayerVersions", json!([])),
        ("GET", "/l/versions/1", 200, "/LayerVersionArn", json!(one)),
        (
            "GET",
            &format!("?find=LayerVersion&Arn={one}"),
            200,
            "/LayerVersionArn",
            json!(one),
        ),
        ("GET", "/l/versions/0", 400, "", json!("InvalidParameterValueException")),
        ("GET", "/l/versions/3", 404, "", json!("ResourceNotFoundException")),
        ("DELETE", "/l/versions/2", 204, "", json!(null)),
        ("DELETE", "/l/versions/2", 204, "", json!(null)),
        ("GET", "", 200, "/Layers/0/LatestMatchingVersion/Version", json!(1)),
        ("DELETE", "/l/versions/1", 204, "", json!(null)),
        ("GET", "", 200, "/Layers", json!([])),
    ] {
        let (answered, said) = ask(&world, method, &format!("{layers}{path}"), json!(null)).await;
        let found = said.pointer(pointer).cloned().unwrap_or_default();
        assert_eq!((answered, found), (status, expected), "{method} {path}: {said}");
    }
    // A number is not given again.
    let (_, published) = ask(&world, "POST", &format!("{layers}/l/versions"), publish).await;
    assert_eq!(published["Version"], 3);
}

#[tokio::test]
async fn the_code_can_be_had_where_getfunction_says() {
    let world = World::new();
    create(&world).await;
    let (_, shown) = ask(&world, "GET", "/2015-03-31/functions/f", json!(null)).await;
    assert_eq!(
        (&shown["Code"]["RepositoryType"], &shown["Tags"]),
        (&json!("S3"), &json!({"team": "a"}))
    );
    let location = shown["Code"]["Location"].as_str().expect("a location");
    let uri = location.parse().unwrap();
    let answer = world.lambda.download(&Method::GET, &uri).await.expect("code");
    let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    let mut archive = zip::ZipArchive::new(Cursor::new(body)).unwrap();
    let names: Vec<String> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
    assert_eq!(names, ["app.py", "more/data.txt"]);
    let mut source = String::new();
    archive.by_name("app.py").unwrap().read_to_string(&mut source).unwrap();
    assert_eq!(source, SOURCE);
    for other in ["/lambda-code/", "/lambda-code/0", "/2015-03-31/functions/f"] {
        assert!(
            world
                .lambda
                .download(&Method::GET, &other.parse().unwrap())
                .await
                .is_none()
        );
    }
    assert!(world.lambda.download(&Method::PUT, &uri).await.is_none());
}
