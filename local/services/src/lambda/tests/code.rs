//! Where the code of functions comes from: folders, zips, layers, and what is not here.

use super::world::{World, zip_file};
use axum::body::Bytes;
use axum::http::HeaderMap;
use platform::Principal;
use serde_json::{Value, json};
use std::fs;

const ANSWERS: &str = "def handler(event, context):\n    return 'zip'\n";

#[tokio::test]
async fn code_comes_from_a_folder_a_zip_on_disk_or_a_zip_in_the_request() {
    let zip = zip_file(&[("index.py", ANSWERS, 0o644)]);
    let bytes = base64::Engine::decode(&base64::prelude::BASE64_STANDARD, &zip).unwrap();
    for way in ["folder", "file", "request"] {
        let world = World::new();
        let team = world.team(&[("index.py", ANSWERS)]);
        fs::write(team.join("function.zip"), &bytes).unwrap();
        let code = match way {
            "folder" => json!({"LocalPath": team}),
            "file" => json!({"LocalPath": team.join("function.zip")}),
            _ => json!({"ZipFile": zip}),
        };
        world
            .create("python3.11", "index.handler", json!({"Code": code}))
            .await
            .unwrap();
        assert_eq!(world.invoke(json!({})).await["Payload"], "zip", "{way}");
    }
}

#[tokio::test]
async fn a_deployed_function_stays_as_it_was_when_its_folder_is_edited() {
    let world = World::new();
    let team = world.team(&[("index.py", "def handler(event, context):\n    return 1\n")]);
    world.function("python3.11", "index.handler", &team).await;
    world.team(&[("index.py", "def handler(event, context):\n    return 2\n")]);
    assert_eq!(world.invoke(json!({})).await["Payload"], 1);
    world
        .call("DeleteFunction", json!({"FunctionName": "f"}))
        .await
        .unwrap();
    world.function("python3.11", "index.handler", &team).await;
    assert_eq!(world.invoke(json!({})).await["Payload"], 2);
}

#[tokio::test]
async fn a_bootstrap_of_the_functions_own_is_run_as_it_is() {
    let script = r#"#!/usr/bin/env python3
import json, os, urllib.request
api = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"
event = urllib.request.urlopen(f"{api}/next")
answer = json.dumps([os.environ["_HANDLER"], os.getcwd() == os.environ["LAMBDA_TASK_ROOT"]]).encode()
urllib.request.urlopen(f"{api}/{event.headers['lambda-runtime-aws-request-id']}/response", answer)
"#;
    let world = World::new();
    let code = json!({"Code": {"ZipFile": zip_file(&[("bootstrap", script, 0o755)])}});
    world.create("provided.al2023", "any.thing", code).await.unwrap();
    assert_eq!(world.invoke(json!({})).await["Payload"], json!(["any.thing", true]));
}

#[tokio::test]
async fn layers_lie_on_the_path_and_later_ones_come_over_earlier_ones() {
    let world = World::new();
    let mut arns = Vec::new();
    for (name, files) in [
        (
            "one",
            [("python/both.py", "of = 'one'"), ("python/first.py", "of = 'one'")],
        ),
        (
            "two",
            [
                ("python/both.py", "of = 'two'"),
                ("python/lib/python3.11/site-packages/deep.py", "of = 'two'"),
            ],
        ),
    ] {
        let files = files.map(|(path, text)| (path, text, 0o644));
        let layer = json!({"LayerName": name, "Content": {"ZipFile": zip_file(&files)}});
        let published = world.call("PublishLayerVersion", layer).await.unwrap();
        assert_eq!(published["Version"], 1);
        arns.push(published["LayerVersionArn"].clone());
    }
    let others = "arn:aws:lambda:us-east-1:017000801446:layer:AWSLambdaPowertoolsPythonV3-python311-x86_64:7";
    arns.push(others.into());
    let team = world.team(&[(
        "app.py",
        "import both, deep, first\ndef handler(event, context):\n    return [both.of, deep.of, first.of]\n",
    )]);
    let members = json!({"Code": {"LocalPath": team}, "Layers": arns});
    let created = world.create("python3.11", "app.handler", members).await.unwrap();
    assert_eq!(created["Layers"][0]["Arn"], arns[0]);
    assert_eq!(world.invoke(json!({})).await["Payload"], json!(["two", "two", "one"]));
    let notes = world.notes().join("\n");
    assert!(
        notes.contains(&format!("the layer {others} is not here, and functions run without it")),
        "{notes}"
    );
}

#[tokio::test]
async fn code_that_cannot_be_taken_is_refused_in_lambdas_words() {
    let world = World::new();
    let team = world.team(&[("app.py", ANSWERS)]);
    let path = json!({"LocalPath": team});
    for (runtime, members, message) in [
        (
            "python3.11",
            json!({"Code": {}}),
            "Please provide a source for function code.",
        ),
        (
            "python3.11",
            json!({"Code": {"ZipFile": "UEs/"}}),
            "Could not unzip uploaded file. Please check your file, then try to upload again.",
        ),
        (
            "pyton3.11",
            json!({"Code": path}),
            "Value pyton3.11 at 'runtime' failed to satisfy constraint",
        ),
        (
            "python3.11",
            json!({"Code": path, "Runtime": null}),
            "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
        ),
        (
            "python3.11",
            json!({"Code": path, "Layers": ["arn:aws:lambda:us-east-1:123456789012:layer:none:1"]}),
            "Layer version arn:aws:lambda:us-east-1:123456789012:layer:none:1 does not exist.",
        ),
        (
            "python3.11",
            json!({"Code": {"ImageUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/f:1"}, "PackageType": "Image"}),
            "Please don't provide Handler or Runtime or Layer when the intent is to use an image.",
        ),
    ] {
        let error = world.create(runtime, "app.handler", members.clone()).await.unwrap_err();
        assert_eq!(error.code, "InvalidParameterValueException", "{members}");
        assert!(error.message.starts_with(message), "{members}: {error}");
    }
}

#[tokio::test]
async fn what_this_machine_cannot_run_is_deployed_and_its_invocation_says_so() {
    for (runtime, code, part) in [
        (
            "java21",
            json!({"LocalPath": "/not/built.jar"}),
            "the local run has no runtime `java21`",
        ),
        (
            "nodejs22.x",
            json!({"LocalPath": "/not/built"}),
            "its code is not there yet: build it, so that /not/built has it",
        ),
        (
            "provided.al2023",
            json!({"LocalPath": "team"}),
            "its code has no `bootstrap`",
        ),
        (
            "python3.11",
            json!({"LocalRefusal": "make builds it"}),
            "make builds it",
        ),
    ] {
        let world = World::new();
        let team = world.team(&[("app.py", ANSWERS)]);
        let code = if code["LocalPath"] == "team" {
            json!({"LocalPath": team})
        } else {
            code
        };
        world
            .create(runtime, "app.handler", json!({"Code": code}))
            .await
            .unwrap();
        let error = world.call("Invoke", json!({"FunctionName": "f"})).await.unwrap_err();
        assert_eq!(error.code, "NotInLocalRun", "{runtime}");
        assert!(error.message.contains(part), "{error}");
        world.lambda.prepare(&world.platform, |_| ()).await.unwrap();
        let notes = world.notes().join("\n");
        assert!(
            notes.contains(&format!("functions: f cannot run here: {part}")),
            "{notes}"
        );
    }
}

#[tokio::test]
async fn a_function_of_a_dockerfile_runs_as_its_base_image_would() {
    let dockerfile = r#"
FROM public.ecr.aws/lambda/python:3.12
ENV GREETING=hello NAME=image
COPY src/*.py ./
COPY requirements.txt ${LAMBDA_TASK_ROOT}
RUN pip install -r requirements.txt
RUN dnf install -y gcc
CMD ["app.handler"]
"#;
    let app = "import os, part\ndef handler(event, context):\n    return [part.of, os.environ['GREETING'], os.environ['NAME']]\n\
               def other(event, context):\n    return 'other'\n";
    for (config, expected) in [
        (json!({}), json!(["part", "hello", "own"])),
        (json!({"ImageConfig": {"Command": ["app.other"]}}), json!("other")),
    ] {
        let world = World::new();
        let team = world.team(&[
            ("Dockerfile", dockerfile),
            ("src/app.py", app),
            ("src/part.py", "of = 'part'\n"),
            ("requirements.txt", "# none\n"),
        ]);
        let mut members = json!({
            "Code": {"LocalImage": {"Context": team, "Dockerfile": "Dockerfile"}}, "PackageType": "Image",
            "Runtime": null, "Handler": null, "Environment": {"Variables": {"NAME": "own"}},
        });
        members
            .as_object_mut()
            .unwrap()
            .extend(config.as_object().unwrap().clone());
        let created = world.create("", "", members).await.unwrap();
        assert_eq!(created["PackageType"], "Image");
        assert_eq!(world.invoke(json!({})).await["Payload"], expected);
        let notes = world.notes().join("\n");
        assert!(
            notes.contains("functions: f: RUN dnf install -y gcc is skipped: "),
            "{notes}"
        );
    }
}

#[tokio::test]
async fn the_folders_of_an_image_come_before_the_runtimes() {
    let dockerfile = r#"
FROM public.ecr.aws/lambda/python:3.12
ENV PYTHONPATH=/var/task/src LD_LIBRARY_PATH=/of/image
ENV PATH="/var/task/bin:${PATH}"
COPY src/ src/
CMD ["app.handler"]
"#;
    let app = "import os\ndef handler(event, context):\n    root = os.environ['LAMBDA_TASK_ROOT']\n    \
               return [os.environ[name].replace(root, '') for name in ('PYTHONPATH', 'PATH', 'LD_LIBRARY_PATH')]\n";
    let world = World::new();
    let team = world.team(&[("Dockerfile", dockerfile), ("src/app.py", app)]);
    let members = json!({"Code": {"LocalImage": {"Context": team, "Dockerfile": "Dockerfile"}},
        "PackageType": "Image", "Runtime": null, "Handler": null});
    world.create("", "", members).await.unwrap();
    let path = std::env::var("PATH").unwrap();
    let expected = json!(["/src", format!("/bin:{path}"), "/of/image::/lib"]);
    let answer = world.invoke(json!({})).await;
    assert_eq!(answer["Payload"], expected, "{answer}");
}

#[tokio::test]
async fn an_image_that_needs_an_engine_is_deployed_and_its_invocation_says_so() {
    let world = World::new();
    let team = world.team(&[(
        "Dockerfile",
        "FROM python:3.12\nENTRYPOINT [\"python\", \"-m\", \"awslambdaric\"]\n",
    )]);
    let members = json!({"Code": {"LocalImage": {"Context": team, "Dockerfile": "Dockerfile"}},
        "PackageType": "Image", "Runtime": null, "Handler": null});
    world.create("", "", members).await.unwrap();
    let error = world.call("Invoke", json!({"FunctionName": "f"})).await.unwrap_err();
    assert_eq!(error.code, "NotInLocalRun");
    assert!(error.message.contains("has no base image `python:3.12`"), "{error}");
}

#[tokio::test]
async fn versions_and_aliases_are_invoked_by_their_arns() {
    let world = World::new();
    let answers = "def handler(event, context):\n    return [context.function_version, context.invoked_function_arn]\n";
    let team = world.team(&[("app.py", answers)]);
    world.function("python3.11", "app.handler", &team).await;
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:f";
    let call = async |operation: &str, input: Value| world.call(operation, input).await;
    let alias = json!({"FunctionName": "f", "Name": "live", "FunctionVersion": "1"});
    let early = call("CreateAlias", alias.clone()).await.unwrap_err();
    assert_eq!(early.code, "ResourceNotFoundException");
    for _ in 0..2 {
        // Nothing has changed meanwhile.
        let published = call("PublishVersion", json!({"FunctionName": "f"})).await.unwrap();
        assert_eq!(published["Version"], "1");
        assert_eq!(published["FunctionArn"], format!("{arn}:1"));
    }
    let created = call("CreateAlias", alias.clone()).await.unwrap();
    assert_eq!(created["AliasArn"], format!("{arn}:live"));
    let again = call("CreateAlias", alias).await.unwrap_err();
    assert_eq!(again.code, "ResourceConflictException");
    for (name, qualifier, version, invoked) in [
        ("f", None, "$LATEST", arn.to_owned()),
        ("f:1", None, "1", format!("{arn}:1")),
        ("f", Some("live"), "1", format!("{arn}:live")),
        (&*format!("{arn}:live"), None, "1", format!("{arn}:live")),
    ] {
        let answer = call("Invoke", json!({"FunctionName": name, "Qualifier": qualifier}))
            .await
            .unwrap();
        assert_eq!(answer["ExecutedVersion"], version, "{name}");
        assert_eq!(answer["Payload"], json!([version, invoked]), "{name}");
    }
    let listed = call("ListAliases", json!({"FunctionName": "f"})).await.unwrap();
    assert_eq!(listed["Aliases"][0]["FunctionVersion"], "1");
    let listed = call("ListVersionsByFunction", json!({"FunctionName": "f"}))
        .await
        .unwrap();
    assert_eq!(listed["Versions"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn who_may_invoke_a_function_may_not_invoke_its_alias() {
    let world = World::new();
    let team = world.team(&[("app.py", ANSWERS)]);
    world.function("python3.11", "app.handler", &team).await;
    world
        .call("PublishVersion", json!({"FunctionName": "f"}))
        .await
        .unwrap();
    let alias = json!({"FunctionName": "f", "Name": "live", "FunctionVersion": "1"});
    world.call("CreateAlias", alias).await.unwrap();
    let arn = "arn:aws:lambda:us-east-1:123456789012:function:f";
    let policy = json!({"Statement": {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": arn}});
    let role = platform::iam::NewRole::for_service("caller", "lambda.amazonaws.com").with_policy("calls", policy);
    world.platform.iam.create_role(&world.platform.account, role).unwrap();
    let caller = platform::Principal::role_session("caller", "session");
    for (name, allowed) in [("f", true), ("f:live", false), ("f:1", false)] {
        let input = json!({"FunctionName": name});
        let answer = world.platform.call(&caller, "lambda", "Invoke", input).await;
        assert_eq!(answer.is_ok(), allowed, "{name}: {answer:?}");
    }
}

/// One request to Lambda's REST API: its status, the kind of its error and its body.
async fn rest(world: &World, method: &str, uri: String) -> (u16, Option<String>, Value) {
    let (method, uri) = (method.parse().unwrap(), uri.parse().unwrap());
    let (headers, body) = (HeaderMap::new(), Bytes::new());
    let caller = Principal::Administrator;
    let answer = super::super::rest::handle(&world.platform, &caller, &method, &uri, &headers, &body).await;
    let kind = answer.headers().get("x-amzn-errortype");
    let kind = kind.map(|kind| kind.to_str().unwrap().to_owned());
    let status = answer.status().as_u16();
    let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    (status, kind, serde_json::from_slice(&body).unwrap_or_default())
}

#[tokio::test]
async fn a_requests_query_names_a_version_which_is_deleted_alone() {
    let world = World::new();
    let answers = "def handler(event, context):\n    return context.function_version\n";
    let team = world.team(&[("app.py", answers)]);
    world.function("python3.11", "app.handler", &team).await;
    let publish = json!({"FunctionName": "f"});
    world.call("PublishVersion", publish.clone()).await.unwrap();
    let f = "/2015-03-31/functions/f";
    let invoked = |query: &'static str| rest(&world, "POST", format!("{f}/invocations{query}"));
    let delete = |query: &'static str| rest(&world, "DELETE", format!("{f}{query}"));
    for (query, version) in [
        ("", "$LATEST"),
        ("?a=b&Qualifier=1", "1"),
        ("?Qualifier=%24LATEST", "$LATEST"),
    ] {
        assert_eq!(invoked(query).await.2, version, "{query}");
    }
    let (_, _, described) = rest(&world, "GET", format!("{f}/configuration?Qualifier=1")).await;
    assert_eq!(described["Version"], "1");
    let (status, _, _) = rest(&world, "GET", format!("{f}/policy?Qualifier=none")).await;
    assert_eq!(status, 404);
    assert_eq!(delete("?Qualifier=1").await.0, 204);
    let gone = invoked("?Qualifier=1").await;
    assert_eq!((gone.0, gone.1.as_deref()), (404, Some("ResourceNotFoundException")));
    assert_eq!(invoked("").await.2, "$LATEST");
    world.call("PublishVersion", publish).await.unwrap();
    let alias = json!({"FunctionName": "f", "Name": "live", "FunctionVersion": "2"});
    world.call("CreateAlias", alias).await.unwrap();
    for (query, kind) in [
        ("?Qualifier=live", "InvalidParameterValueException"),
        ("?Qualifier=2", "ResourceConflictException"),
    ] {
        assert_eq!(delete(query).await.1.as_deref(), Some(kind), "{query}");
    }
    assert_eq!(invoked("?Qualifier=live").await.2, "2");
    assert_eq!(delete("").await.0, 204);
    assert_eq!(invoked("").await.0, 404);
}
