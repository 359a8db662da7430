//! `docker`: the commands that a build of a container image needs. The [`Builder`] builds the image. A push always goes
//! to the local ECR, as the build's role.

use super::builder::Builder;
use super::client::{CallError, ECR, call};
use super::failure::Failure;
use super::image::attest;
use super::media::{ImageStore, MediaTypes};
use super::options::{Build, usage, with_tag};
use super::store::Store;
use crate::manifest::{DOCKER_MANIFEST, Manifest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::io::Read;
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
            let image = known(&store, from)?;
            let is_attested = store.is_attested(&with_tag(from));
            store.tag(&with_tag(to), &image, is_attested).map_err(failed)
        }
        ["version" | "--version" | "-v", ..] => {
            println!(
                "Docker stand-in of stepline {}, {}",
                env!("CARGO_PKG_VERSION"),
                builder()?
            );
            Ok(())
        }
        _ => Err(usage(format_args!(
            "the stand-in for docker does not have the command `{}`: it has login, build, tag, push and version",
            args.iter().take(2).copied().collect::<Vec<_>>().join(" ")
        ))),
    }
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::new(1, format_args!("ERROR: {error}"))
}

fn builder() -> Result<Builder, Failure> {
    Builder::of_environment().map_err(failed)
}

fn open() -> Result<Store, Failure> {
    Store::open().map_err(failed)
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

fn build_image(args: &[&str]) -> Result<(), Failure> {
    let kept_in = ImageStore::of_build();
    let options = Build::read(args, kept_in)?;
    if !options.context.is_dir() {
        return Err(failed(format_args!(
            "unable to prepare context: path {} not found",
            options.context.display()
        )));
    }
    let store = open()?;
    let quiet = options.quiet;
    let mut say = |line: &str| {
        if !quiet {
            println!("{line}");
        }
    };
    let built = builder()?.build(&options, &store, &mut say).map_err(failed)?;
    let is_attested = match (kept_in, options.provenance) {
        (ImageStore::Docker, Some(true)) => return Err(failed(NO_ATTESTATIONS)),
        (ImageStore::Docker, _) => false,
        (ImageStore::Containerd, asked) => asked.unwrap_or_else(attests_by_itself),
    };
    for tag in &options.tags {
        store.tag(tag, &built.image, is_attested).map_err(failed)?;
        say(&format!("naming to {tag}"));
    }
    if let Some(file) = &options.image_id_file {
        fs::write(file, &built.id).map_err(failed)?;
    }
    if quiet {
        println!("{}", built.id);
    } else {
        println!("writing image {}", built.id);
    }
    if options.push {
        for tag in &options.tags {
            push(&store, tag, options.media_types)?;
        }
    }
    Ok(())
}

/// What Docker says where its own image store is to keep an attestation.
const NO_ATTESTATIONS: &str = "Attestation is not supported for the docker driver. Switch to a different driver, or turn on the containerd image store, and try again.";

/// Whether a build makes an attestation of provenance that nobody asked for: so it does, unless the environment says
/// no. See <https://docs.docker.com/build/metadata/attestations/slsa-provenance/>.
fn attests_by_itself() -> bool {
    !matches!(
        std::env::var("BUILDX_NO_DEFAULT_ATTESTATIONS").as_deref(),
        Ok("1" | "true")
    )
}

fn push_named(args: &[&str]) -> Result<(), Failure> {
    match args {
        [name] | ["-q" | "--quiet", name] => push(&open()?, &with_tag(name), ImageStore::of_build().media_types()),
        _ => Err(usage("push takes one image: REGISTRY/REPOSITORY:TAG")),
    }
}

/// Pushes an image as a registry client does: what the repository lacks, then the manifest.
fn push(store: &Store, name: &str, media_types: MediaTypes) -> Result<(), Failure> {
    let image = known(store, name)?;
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
    let mut digest = builder()?.manifest(store, &image, media_types).map_err(failed)?;
    if store.is_attested(name) {
        let image = read(store, &digest)?.1;
        let media_types = match image.kind(None).as_str() {
            DOCKER_MANIFEST => MediaTypes::Docker,
            _ => MediaTypes::Oci,
        };
        digest = attest(store, &digest, media_types).map_err(failed)?;
    }
    let size = push_manifest(store, repository, &digest, Some(tag))?;
    println!("{tag}: digest: {digest} size: {size}");
    Ok(())
}

/// A manifest of the store: its text, and what it says.
fn read(store: &Store, digest: &str) -> Result<(String, Manifest), Failure> {
    let text = fs::read_to_string(store.blob(digest)).map_err(failed)?;
    let manifest = Manifest::read(&text).map_err(failed)?;
    Ok((text, manifest))
}

/// Pushes what a manifest names, and then the manifest; its length.
fn push_manifest(store: &Store, repository: &str, digest: &str, tag: Option<&str>) -> Result<usize, Failure> {
    let (text, manifest) = read(store, digest)?;
    for child in &manifest.manifests {
        push_manifest(store, repository, &child.digest, None)?;
    }
    let blobs: Vec<&str> = manifest
        .layers
        .iter()
        .chain(&manifest.config)
        .map(|blob| blob.digest.as_str())
        .collect();
    if !blobs.is_empty() {
        upload(store, repository, &blobs).map_err(CallError::of_docker)?;
    }
    let mut image = json!({
        "repositoryName": repository,
        "imageManifest": text,
        "imageManifestMediaType": manifest.kind(None),
    });
    if let Some(tag) = tag {
        image["imageTag"] = tag.into();
    }
    match call(&ECR, "PutImage", &image) {
        Err(CallError::Refused(refusal)) if refusal.code == "ImageAlreadyExistsException" => {}
        other => drop(other.map_err(CallError::of_docker)?),
    }
    Ok(text.len())
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
        let unreadable = |error: io::Error| CallError::Unreachable(error.to_string());
        let mut blob = fs::File::open(store.blob(digest)).map_err(unreadable)?;
        let started = call(&ECR, "InitiateLayerUpload", &json!({"repositoryName": repository}))?;
        let size = started["partSize"].as_u64().unwrap_or(1 << 20);
        let mut first = 0;
        loop {
            let mut part = Vec::new();
            (&mut blob).take(size).read_to_end(&mut part).map_err(unreadable)?;
            if part.is_empty() {
                break;
            }
            let input: Value = json!({
                "repositoryName": repository,
                "uploadId": started["uploadId"],
                "partFirstByte": first,
                "partLastByte": first + part.len() - 1,
                "layerPartBlob": STANDARD.encode(&part),
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
