//! Where the code of functions and layers is: paths that `sam build` and `aws cloudformation package` would pack and
//! upload, as the local run takes them.

use super::fault::Fault;
use crate::functions;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

/// How a resource's code is built, as its `Metadata` says for `sam build`.
///
/// See <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/building-custom-runtimes.html>.
fn metadata<'m>(metadata: Option<&'m Value>, pointer: &str) -> Option<&'m str> {
    metadata?.pointer(pointer)?.as_str()
}

/// The code of a function, from its path and from how it is built.
pub(super) fn of_function(uri: Option<&Value>, built: Option<&Value>, directory: &Path) -> Result<Value, Fault> {
    match metadata(built, "/BuildMethod") {
        Some("rust-cargolambda") => Ok(match metadata(built, "/BuildProperties/Binary") {
            Some(binary) => json!({ "LocalBinary": binary }),
            None => json!({ "LocalRefusal":
                    "its `BuildProperties` have no `Binary`: the local run needs it to know what to build with cargo" }),
        }),
        Some(method) if !is_of_runtime(method) => Ok(json!({ "LocalRefusal": format!(
            "the local run does not build with `BuildMethod: {method}`: let the template lead to what was built, or build \
             with cargo (`rust-cargolambda`)"
        )})),
        _ => at(uri, directory),
    }
}

/// The content of a layer, from its path and from how it is built.
pub(super) fn of_layer(uri: Option<&Value>, built: Option<&Value>, directory: &Path) -> Result<Value, Fault> {
    let mut content = at(uri, directory)?;
    match metadata(built, "/BuildMethod") {
        None => {}
        Some(method) if is_of_runtime(method) => content["LocalBuild"] = method.into(),
        Some(method) => {
            let why = format!("the local run does not build layers with `BuildMethod: {method}`");
            content = json!({ "LocalRefusal": why });
        }
    }
    Ok(content)
}

/// The image of a function, from its URI or from what it is built from.
///
/// See <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-using-build.html>.
pub(super) fn of_image(uri: Option<&Value>, built: Option<&Value>, directory: &Path) -> Result<Value, Fault> {
    if let Some(context) = metadata(built, "/DockerContext") {
        let dockerfile = metadata(built, "/Dockerfile").unwrap_or("Dockerfile");
        let arguments = built.and_then(|built| built.get("DockerBuildArgs")).cloned();
        return Ok(json!({ "LocalImage": {
            "Context": directory.join(context).display().to_string(),
            "Dockerfile": dockerfile,
            "Arguments": arguments.unwrap_or_else(|| json!({})),
        }}));
    }
    let uri = uri.ok_or_else(|| {
        Fault::new("has no `ImageUri`, and its `Metadata` no `DockerContext` that leads to its Dockerfile")
    })?;
    Ok(json!({ "ImageUri": uri }))
}

/// Whether a build method is that of a runtime's own tool: of pip or npm.
fn is_of_runtime(method: &str) -> bool {
    method.starts_with("python") || method.starts_with("nodejs")
}

/// Code at a path of this machine, or in S3.
fn at(uri: Option<&Value>, directory: &Path) -> Result<Value, Fault> {
    let path = match uri {
        // Where `sam build` looks then.
        None => ".",
        Some(Value::String(path)) => path,
        Some(Value::Object(object)) if object.contains_key("Bucket") => {
            let mut code = Map::new();
            for (given, named) in [("Bucket", "S3Bucket"), ("Key", "S3Key"), ("Version", "S3ObjectVersion")] {
                code.extend(object.get(given).map(|value| (named.to_owned(), value.clone())));
            }
            return Ok(Value::Object(code));
        }
        Some(_) => return Err(Fault::new("must be a path, or `Bucket` and `Key` of an object of S3")),
    };
    if let Some((bucket, key)) = path.strip_prefix("s3://").and_then(|object| object.split_once('/')) {
        return Ok(json!({"S3Bucket": bucket, "S3Key": key}));
    }
    let file = directory.join(path);
    match functions::in_the_place_of(&file) {
        Some(Ok(binary)) => return Ok(json!({ "LocalBinary": binary })),
        Some(Err(why)) => return Ok(json!({ "LocalRefusal": why })),
        None => {}
    }
    if !file.exists() {
        let why = format!("there is no `{}`: it has to be built first", file.display());
        return Ok(json!({ "LocalRefusal": why }));
    }
    Ok(json!({ "LocalPath": file.display().to_string() }))
}

/// Puts into CloudFormation's own resources what `aws cloudformation package` would: it takes paths for their code, and for
/// nested templates where the template is in files itself.
///
/// See <https://docs.aws.amazon.com/cli/latest/reference/cloudformation/package.html>.
pub(super) fn package(resources: &mut Map<String, Value>, directory: &Path, is_in_files: bool) -> Result<(), Fault> {
    if is_in_files {
        nested_in(resources, directory)?;
    }
    for (id, resource) in resources {
        let (property, of) = match resource.get("Type").and_then(Value::as_str) {
            Some("AWS::Lambda::Function") => ("Code", of_function as fn(_, _, _) -> _),
            Some("AWS::Lambda::LayerVersion") => ("Content", of_layer as fn(_, _, _) -> _),
            _ => continue,
        };
        let built = resource.get("Metadata").cloned();
        let code = resource.pointer_mut(&format!("/Properties/{property}"));
        let Some(code) = code.filter(|code| code.is_string()) else {
            continue;
        };
        let taken: Result<Value, Fault> = of(Some(&*code), built.as_ref(), directory);
        *code = taken.map_err(|fault| fault.within(property).within("Properties").within(id))?;
    }
    Ok(())
}

/// Has the paths of nested stacks lead to their templates, which `aws cloudformation package` would upload.
fn nested_in(resources: &mut Map<String, Value>, directory: &Path) -> Result<(), Fault> {
    for (id, resource) in resources {
        let is_nested = resource.get("Type").and_then(Value::as_str) == Some("AWS::CloudFormation::Stack");
        if let Some(url) = resource.pointer_mut("/Properties/TemplateURL").filter(|_| is_nested) {
            let taken = nested(url, directory);
            taken.map_err(|fault| fault.within("TemplateURL").within("Properties").within(id))?;
        }
    }
    Ok(())
}

/// Has the path of a nested stack's template lead to its file. An address, or what only a function gives, stays.
pub(super) fn nested(url: &mut Value, directory: &Path) -> Result<(), Fault> {
    let Some(path) = url.as_str().filter(|path| !is_address(path)) else {
        return Ok(());
    };
    // Without the `.` of `./inner.yaml`, as people name it.
    let file: PathBuf = directory.join(path).components().collect();
    if !file.is_file() {
        return Err(Fault::new(format_args!(
            "there is no `{}`: a nested template is an address in S3, or a file whose path starts at this template's folder",
            file.display()
        )));
    }
    *url = json!({ "LocalPath": file.display().to_string() });
    Ok(())
}

fn is_address(path: &str) -> bool {
    ["https://", "http://", "s3://"]
        .iter()
        .any(|scheme| path.starts_with(scheme))
}

/// Checks a template whose files have been uploaded: nothing is built of it, and no path of it is one of this machine.
pub(super) fn uploaded(resources: &mut Map<String, Value>) -> Result<(), Fault> {
    for (id, resource) in resources {
        let property = match resource.get("Type").and_then(Value::as_str) {
            Some("AWS::Serverless::Function") => "CodeUri",
            Some("AWS::Serverless::LayerVersion") => "ContentUri",
            Some("AWS::Serverless::StateMachine") => "DefinitionUri",
            Some("AWS::Lambda::Function") => "Code",
            Some("AWS::Lambda::LayerVersion") => "Content",
            Some("AWS::Serverless::Application") => {
                let location = resource.pointer("/Properties/Location").and_then(Value::as_str);
                if location.is_some_and(|location| !is_address(location)) {
                    let fault = Fault::new("must be a supported URL: `sam package` uploads the template");
                    return Err(fault.within("Location").within("Properties").within(id));
                }
                continue;
            }
            _ => continue,
        };
        resource
            .as_object_mut()
            .map(|resource| resource.shift_remove("Metadata"));
        let has = |property: &str| resource.pointer(&format!("/Properties/{property}")).is_some();
        let uri = resource.pointer(&format!("/Properties/{property}"));
        let is_there = match uri {
            Some(Value::String(uri)) => uri.starts_with("s3://"),
            Some(_) => true,
            None => property != "CodeUri" || has("InlineCode") || has("ImageUri"),
        };
        if !is_there {
            let fault = Fault::new("is not a valid S3 Uri of the form 's3://bucket/key': `sam package` uploads it");
            return Err(fault.within(property).within("Properties").within(id));
        }
    }
    Ok(())
}
