//! `docker`: the commands that a build of a container image needs.

use super::Failure;
use super::client::{CallError, ECR, call};
use super::dockerfile::plan;
use super::image::{Context, build};
use super::store::Store;
use crate::services::ecr::manifest::Manifest;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Runs `docker` with the arguments behind its name.
pub(super) fn run(args: &[String]) -> Result<(), Failure> {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["login", rest @ ..] => login(rest),
        ["build", rest @ ..] | ["buildx" | "image" | "builder", "build", rest @ ..] => build_image(rest),
        ["push", rest @ ..] | ["image", "push", rest @ ..] => push_named(rest),
        ["tag", from, to] | ["image", "tag", from, to] => {
            let store = open()?;
            let digest = known(&store, from)?;
            store.tag(&with_tag(to), &digest).map_err(failed)
        }
        ["version" | "--version" | "-v", ..] => {
            println!("Docker stand-in of stepline {}", env!("CARGO_PKG_VERSION"));
            Ok(())
        }
        _ => Err(usage(format_args!(
            "the stand-in for docker does not have the command `{}`: it has login, build, tag, push and version",
            args.iter().take(2).copied().collect::<Vec<_>>().join(" ")
        ))),
    }
}

fn usage(message: impl std::fmt::Display) -> Failure {
    Failure::new(125, format_args!("docker: {message}"))
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(1, format_args!("ERROR: {error}"))
}

fn open() -> Result<Store, Failure> {
    Store::open().map_err(failed)
}

/// A name with a tag: `latest` where it has none.
fn with_tag(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or(name);
    if last.contains(':') {
        name.to_owned()
    } else {
        format!("{name}:latest")
    }
}

fn known(store: &Store, name: &str) -> Result<String, Failure> {
    store.image(&with_tag(name)).ok_or_else(|| {
        Failure::new(
            1,
            format_args!("Error response from daemon: No such image: {}", with_tag(name)),
        )
    })
}

/// `docker login --username AWS --password-stdin REGISTRY`.
fn login(args: &[&str]) -> Result<(), Failure> {
    let (mut user, mut from_input, mut registry) = (None, false, None);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match *arg {
            "-u" | "--username" => user = args.next().copied(),
            "--password-stdin" => from_input = true,
            option if option.starts_with("--username=") => user = option.split_once('=').map(|(_, user)| user),
            option if option.starts_with('-') => {
                return Err(usage(format_args!(
                    "the stand-in for docker does not have `login {option}`: give the password on standard input"
                )));
            }
            name => registry = Some(name),
        }
    }
    let registry = registry.ok_or_else(|| usage("login needs a registry"))?;
    let registry = registry.trim_start_matches("https://").trim_end_matches('/');
    if !from_input || user != Some("AWS") {
        return Err(usage("login to ECR takes --username AWS and --password-stdin"));
    }
    let mut password = String::new();
    io::stdin().read_to_string(&mut password).map_err(failed)?;
    if password.trim().is_empty() {
        return Err(Failure::new(1, "Error: Password Required"));
    }
    open()?.sign_in(registry).map_err(failed)?;
    println!("Login Succeeded");
    Ok(())
}

/// The options of `docker build`.
#[derive(Debug, Default)]
struct Build {
    tags: Vec<String>,
    file: Option<PathBuf>,
    platform: Option<String>,
    args: BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
    push: bool,
    quiet: bool,
    image_id_file: Option<PathBuf>,
    context: Option<PathBuf>,
}

impl Build {
    fn read(args: &[&str]) -> Result<Self, Failure> {
        let mut build = Self::default();
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let (name, mut inline) = match arg.split_once('=') {
                Some((name, value)) if arg.starts_with("--") => (name, Some(value)),
                _ => (*arg, None),
            };
            let off = inline == Some("false");
            let mut value = || {
                let value = inline.take().or_else(|| args.next().copied());
                value.ok_or_else(|| usage(format_args!("flag needs an argument: {name}")))
            };
            match name {
                "-t" | "--tag" => build.tags.push(with_tag(value()?)),
                "-f" | "--file" => build.file = Some(value()?.into()),
                "--platform" => build.platform = Some(value()?.to_owned()),
                "--build-arg" => {
                    let given = value()?;
                    let (name, value) = match given.split_once('=') {
                        Some((name, value)) => (name.to_owned(), value.to_owned()),
                        None => (given.to_owned(), std::env::var(given).unwrap_or_default()),
                    };
                    build.args.insert(name, value);
                }
                "--label" => {
                    let given = value()?;
                    let (name, value) = given.split_once('=').unwrap_or((given, ""));
                    build.labels.insert(name.to_owned(), value.to_owned());
                }
                "--iidfile" => build.image_id_file = Some(value()?.into()),
                "--push" => build.push = true,
                "-q" | "--quiet" => build.quiet = true,
                // No attestation is made, nothing is cached or pulled, and output is plain.
                "--provenance" | "--sbom" if off => {}
                "--load" | "--no-cache" | "--pull" => {}
                "--progress" => drop(value()?),
                option if option.starts_with('-') && option != "-" => {
                    return Err(usage(format_args!(
                        "the stand-in for docker does not have `build {arg}`"
                    )));
                }
                path => build.context = Some(path.into()),
            }
        }
        if build.context.is_none() {
            return Err(usage("build requires 1 argument: the context's folder"));
        }
        Ok(build)
    }
}

fn build_image(args: &[&str]) -> Result<(), Failure> {
    let options = Build::read(args)?;
    let folder = options.context.as_deref().unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(failed(format_args!(
            "unable to prepare context: path {} not found",
            folder.display()
        )));
    }
    let store = open()?;
    let file = options.file.clone().unwrap_or_else(|| folder.join("Dockerfile"));
    let text = fs::read_to_string(&file)
        .map_err(|error| failed(format_args!("failed to read dockerfile {}: {error}", file.display())))?;
    let plan = plan(&text, &options.args).map_err(failed)?;
    let quiet = options.quiet;
    let mut say = |line: String| {
        if !quiet {
            println!("{line}");
        }
    };
    let context = Context::read(folder).map_err(failed)?;
    let platform = options.platform.as_deref().unwrap_or("linux/amd64");
    let built = build(&plan, &context, &store, platform, &options.labels, &mut say).map_err(failed)?;
    for tag in &options.tags {
        store.tag(tag, &built.manifest_digest).map_err(failed)?;
        say(format!("naming to {tag}"));
    }
    if let Some(file) = &options.image_id_file {
        fs::write(file, &built.config_digest).map_err(failed)?;
    }
    if quiet {
        println!("{}", built.config_digest);
    } else {
        println!("writing image {}", built.config_digest);
    }
    if options.push {
        for tag in &options.tags {
            push(&store, tag)?;
        }
    }
    Ok(())
}

fn push_named(args: &[&str]) -> Result<(), Failure> {
    match args {
        [name] | ["-q" | "--quiet", name] => push(&open()?, &with_tag(name)),
        _ => Err(usage("push takes one image: REGISTRY/REPOSITORY:TAG")),
    }
}

/// Pushes an image as a registry client does: what the repository lacks, then the manifest.
fn push(store: &Store, name: &str) -> Result<(), Failure> {
    let digest = known(store, name)?;
    let parts = name.split_once('/').and_then(|(registry, rest)| {
        let (repository, tag) = rest.rsplit_once(':')?;
        Some((registry, repository, tag))
    });
    let (registry, repository, tag) =
        parts.ok_or_else(|| usage(format_args!("push needs a registry in the image's name: {name}")))?;
    if !registry.contains(".dkr.ecr.") {
        return Err(usage(format_args!(
            "the stand-in for docker pushes to ECR alone, not to {registry}"
        )));
    }
    println!("The push refers to repository [{registry}/{repository}]");
    if !store.is_signed_in(registry) {
        return Err(Failure::new(1, "no basic auth credentials"));
    }
    let manifest = store.blob(&digest).map_err(failed)?;
    let manifest = String::from_utf8(manifest).map_err(failed)?;
    let read = Manifest::read(&manifest).map_err(failed)?;
    let blobs: Vec<&str> = read
        .layers
        .iter()
        .chain(&read.config)
        .map(|blob| blob.digest.as_str())
        .collect();
    upload(store, repository, &blobs).map_err(CallError::of_docker)?;
    let image = json!({
        "repositoryName": repository,
        "imageManifest": manifest,
        "imageManifestMediaType": read.kind(None),
        "imageTag": tag,
    });
    match call(&ECR, "PutImage", &image) {
        Err(CallError::Refused(refusal)) if refusal.code == "ImageAlreadyExistsException" => {}
        other => drop(other.map_err(CallError::of_docker)?),
    }
    println!("{tag}: digest: {digest} size: {}", manifest.len());
    Ok(())
}

fn upload(store: &Store, repository: &str, blobs: &[&str]) -> Result<(), CallError> {
    let question = json!({"repositoryName": repository, "layerDigests": blobs});
    let answer = call(&ECR, "BatchCheckLayerAvailability", &question)?;
    let layers = answer["layers"].as_array().map_or(&[][..], Vec::as_slice);
    for layer in layers {
        let digest = layer["layerDigest"].as_str().unwrap_or_default();
        let short = digest.trim_start_matches("sha256:").get(..12).unwrap_or_default();
        if layer["layerAvailability"] == "AVAILABLE" {
            println!("{short}: Layer already exists");
            continue;
        }
        let blob = store
            .blob(digest)
            .map_err(|error| CallError::Unreachable(error.to_string()))?;
        let started = call(&ECR, "InitiateLayerUpload", &json!({"repositoryName": repository}))?;
        let size = started["partSize"]
            .as_u64()
            .and_then(|size| usize::try_from(size).ok())
            .unwrap_or(1 << 20);
        let mut first = 0;
        for part in blob.chunks(size) {
            let input: Value = json!({
                "repositoryName": repository,
                "uploadId": started["uploadId"],
                "partFirstByte": first,
                "partLastByte": first + part.len() - 1,
                "layerPartBlob": STANDARD.encode(part),
            });
            call(&ECR, "UploadLayerPart", &input)?;
            first += part.len();
        }
        let complete = json!({"repositoryName": repository, "uploadId": started["uploadId"], "layerDigests": [digest]});
        call(&ECR, "CompleteLayerUpload", &complete)?;
        println!("{short}: Pushed");
    }
    Ok(())
}
