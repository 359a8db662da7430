//! Makes an image from a plan: layers as compressed archives, a configuration, and a manifest that names them.
//!
//! The same files make the same bytes, whatever their times and owners are. So a digest says what is in an image:
//! <https://github.com/opencontainers/image-spec/blob/main/config.md>.

use super::dockerfile::{Layer, Plan, Step};
use super::ignore::Ignore;
use super::media::MediaTypes;
use super::options::Build;
use super::store::Store;
use crate::codebuild::artifacts::path_pattern;
use crate::codebuild::notes;
use crate::manifest::digest;
use crate::python::{self, Environments, Install, Missing, Wanted};
use flate2::{Compression, GzBuilder};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::{fs, str};

/// The files that a build may copy.
pub(super) struct Context {
    folder: PathBuf,
    /// By their paths from the folder, sorted.
    files: Vec<String>,
}

impl Context {
    /// The files of a folder, but for what its `.dockerignore` leaves out.
    pub(super) fn read(folder: &Path) -> io::Result<Self> {
        let ignore = fs::read_to_string(folder.join(".dockerignore")).unwrap_or_default();
        let ignore = Ignore::parse(&ignore)?;
        let mut files = Vec::new();
        let mut waiting = vec![PathBuf::new()];
        while let Some(inner) = waiting.pop() {
            for entry in fs::read_dir(folder.join(&inner))? {
                let entry = entry?;
                let path = inner.join(entry.file_name());
                let name = path.to_string_lossy().into_owned();
                if folder.join(&path).is_dir() {
                    waiting.push(path);
                } else if !ignore.leaves_out(&name) {
                    files.push(name);
                }
            }
        }
        files.sort();
        Ok(Self {
            folder: folder.to_owned(),
            files,
        })
    }

    /// What one source of COPY brings: paths in the image, and the files there.
    fn copied(&self, source: &str, target: &str) -> Result<Vec<(String, &str)>, String> {
        let source = source.trim_start_matches("./").trim_matches('/');
        let pattern = path_pattern(source).map_err(|error| error.to_string())?;
        let below = |file: &str, folder: &str| match folder {
            "" | "." => Some(file.to_owned()),
            _ => Some(file.strip_prefix(folder)?.strip_prefix('/')?.to_owned()),
        };
        // A folder's contents are copied, a file itself: into a folder where the target ends with a slash.
        let mut copied = Vec::new();
        for file in &self.files {
            let name = file.rsplit('/').next().unwrap_or(file);
            let place = if pattern.is_match(file) {
                Some(if target.ends_with('/') {
                    format!("{target}{name}")
                } else {
                    target.to_owned()
                })
            } else {
                let mut folders = file.match_indices('/').map(|(at, _)| &file[..at]).chain([""]);
                let folder = folders.find(|folder| {
                    (folder.is_empty() && matches!(source, "" | "."))
                        || (!folder.is_empty() && pattern.is_match(folder))
                });
                folder
                    .and_then(|folder| below(file, folder))
                    .map(|rest| format!("{}/{rest}", target.trim_end_matches('/')))
            };
            copied.extend(place.map(|place| (place, file.as_str())));
        }
        if copied.is_empty() {
            return Err(format!(
                "failed to compute cache key: \"/{source}\": not found in the context"
            ));
        }
        Ok(copied)
    }
}

/// An image's manifest, kept with all that it names, and what the build had to say.
pub(super) struct Made {
    pub(super) manifest_digest: String,
    pub(super) config_digest: String,
}

/// Carries a plan out; `say` gets a line for each step.
pub(super) fn build(
    plan: &Plan,
    context: &Context,
    store: &Store,
    options: &Build,
    say: &mut dyn FnMut(&str),
) -> Result<Made, String> {
    let text = |error: io::Error| error.to_string();
    let count = plan.steps.len() + 1;
    say(&format!("[1/{count}] FROM {}", plan.base));
    say(&format!(
        "[1/{count}] the base image is not pulled: the container has this machine's own files under its own"
    ));
    let (mut layers, mut diff_ids, mut history) = (Vec::new(), Vec::new(), Vec::new());
    let mut packages = Packages::default();
    for (at, step) in plan.steps.iter().enumerate() {
        say(&format!("[{}/{count}] {}", at + 2, step.text));
        if let Some(why) = &step.skipped {
            say(&format!("[{}/{count}] skipped: {why}", at + 2));
        }
        packages.step(step, context)?;
        let mut entry = json!({"created": CREATED, "created_by": step.text, "comment": "stepline"});
        match &step.layer {
            None => entry["empty_layer"] = true.into(),
            Some(layer) => {
                let archive = archive(layer, context)?;
                let compressed = compress(&archive).map_err(text)?;
                let kept = store.keep(&compressed).map_err(text)?;
                diff_ids.push(digest(&archive));
                layers.push((kept, compressed.len() as u64));
            }
        }
        history.push(entry);
    }
    let environments = std::env::var_os(python::FOLDER).map(|folder| Environments::new(folder.into()));
    packages.install(environments.as_ref(), say)?;
    let platform = options.platform.as_deref().unwrap_or("linux/amd64");
    let (os, architecture) = platform.split_once('/').unwrap_or(("linux", "amd64"));
    let config = json!({
        "architecture": architecture,
        "os": os,
        "created": CREATED,
        "config": settings(plan, &packages, options),
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": history,
    })
    .to_string();
    let config_digest = store.keep(config.as_bytes()).map_err(text)?;
    let manifest = options.media_types.manifest(config.len(), &config_digest, &layers);
    let manifest_digest = store.keep(manifest.as_bytes()).map_err(text)?;
    Ok(Made {
        manifest_digest,
        config_digest,
    })
}

/// What the image says of its containers, with the labels that the build adds.
fn settings(plan: &Plan, packages: &Packages, options: &Build) -> Map<String, Value> {
    let mut settings = plan.config.clone();
    let labels = settings.entry("Labels").or_insert_with(|| json!({}));
    if !packages.installs.is_empty() {
        labels[python::LABEL] = json!(packages.installs).to_string().into();
    }
    // Which image lies under this one: https://specs.opencontainers.org/image-spec/annotations/
    labels["org.opencontainers.image.base.name"] = plan.base.as_str().into();
    for (name, value) in &options.labels {
        labels[name] = value.as_str().into();
    }
    settings
}

/// What an image's Dockerfile has pip install, and the files that say so.
#[derive(Default)]
struct Packages {
    installs: Vec<Install>,
    wanted: Vec<Wanted>,
    /// The files of the image so far: of the context, by their paths in the image.
    files: BTreeMap<String, PathBuf>,
}

impl Packages {
    /// Takes a step into account.
    fn step(&mut self, step: &Step, context: &Context) -> Result<(), String> {
        if let Some(Layer::Copy { sources, target }) = &step.layer {
            for source in sources {
                let copied = context.copied(source, target)?.into_iter();
                self.files
                    .extend(copied.map(|(place, file)| (place, context.folder.join(file))));
            }
        }
        for install in &step.installs {
            let read = |path: &str| {
                let file = self.files.get(path).ok_or("no such file in the image")?;
                fs::read_to_string(file).map_err(|error| error.to_string())
            };
            self.wanted.push(install.wanted(read)?);
            self.installs.push(install.clone());
        }
        Ok(())
    }

    /// Installs them, so that what cannot be installed fails the build, as it does on AWS. Without a network the image is
    /// built all the same: a program that needs no packages still runs.
    fn install(&self, environments: Option<&Environments>, say: &mut dyn FnMut(&str)) -> Result<(), String> {
        let installed = environments.map(|environments| environments.with(&self.wanted, say));
        match installed.unwrap_or(Ok(None)) {
            Ok(_) => Ok(()),
            Err(Missing::Failed(why)) => Err(Missing::Failed(why).to_string()),
            Err(unreachable) => {
                say(&unreachable.to_string());
                notes::add(&unreachable.to_string());
                Ok(())
            }
        }
    }
}

/// When everything was made, for the same digest every time.
const CREATED: &str = "1970-01-01T00:00:00Z";

/// Puts an attestation of provenance beside an image: an index that names both, as BuildKit writes it unless it is told
/// not to. What it attests is only that this program built it.
///
/// See <https://github.com/moby/buildkit/blob/master/docs/attestations/attestation-storage.md>.
pub(super) fn attest(store: &Store, image: &str, media_types: MediaTypes) -> io::Result<String> {
    const STATEMENT: &str = "application/vnd.in-toto+json";
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": "https://slsa.dev/provenance/v1",
        "subject": [{"name": "_", "digest": {"sha256": image.trim_start_matches("sha256:")}}],
        "predicate": {"runDetails": {"builder": {"id": "stepline"}}},
    })
    .to_string();
    let platform = |os: &str, architecture: &str| json!({"os": os, "architecture": architecture});
    let config = json!({"os": "unknown", "architecture": "unknown", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [digest(statement.as_bytes())]}})
    .to_string();
    let (manifest_type, index_type) = media_types.of_manifests();
    let attestation = json!({
        "schemaVersion": 2,
        "mediaType": manifest_type,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json", "size": config.len(),
            "digest": store.keep(config.as_bytes())?,
        },
        "layers": [{"mediaType": STATEMENT, "size": statement.len(), "digest": store.keep(statement.as_bytes())?}],
    })
    .to_string();
    let size = fs::metadata(store.blob(image))?.len();
    let index = json!({
        "schemaVersion": 2,
        "mediaType": index_type,
        "manifests": [
            {"mediaType": manifest_type, "size": size, "digest": image, "platform": platform("linux", "amd64")},
            {
                "mediaType": manifest_type, "size": attestation.len(), "digest": store.keep(attestation.as_bytes())?,
                "platform": platform("unknown", "unknown"),
                "annotations": {"vnd.docker.reference.digest": image, "vnd.docker.reference.type": "attestation-manifest"},
            },
        ],
    });
    store.keep(index.to_string().as_bytes())
}

/// Compresses a layer, without a time in it.
pub(super) fn compress(archive: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    encoder.write_all(archive)?;
    encoder.finish()
}

/// A layer's archive.
fn archive(layer: &Layer, context: &Context) -> Result<Vec<u8>, String> {
    let mut files: BTreeMap<String, Option<&str>> = BTreeMap::new();
    match layer {
        Layer::Folder(folder) => drop(files.insert(folder.clone(), None)),
        Layer::Copy { sources, target } => {
            for source in sources {
                let copied = context.copied(source, target)?;
                files.extend(copied.into_iter().map(|(place, file)| (place, Some(file))));
            }
        }
    }
    write(&files, context).map_err(|error| error.to_string())
}

fn write(files: &BTreeMap<String, Option<&str>>, context: &Context) -> io::Result<Vec<u8>> {
    let mut folders: Vec<&str> = Vec::new();
    let mut archive = tar::Builder::new(Vec::new());
    for (place, file) in files {
        let place = place.trim_start_matches('/');
        let parents = place.match_indices('/').map(|(at, _)| &place[..at]);
        for folder in parents.chain(file.is_none().then_some(place)) {
            if !folders.contains(&folder) {
                folders.push(folder);
                let mut header = header(tar::EntryType::Directory, 0o755, 0);
                archive.append_data(&mut header, format!("{folder}/"), io::empty())?;
            }
        }
        if let Some(file) = file {
            let path = context.folder.join(file);
            let content = fs::read(&path)?;
            let mode = fs::metadata(&path)?.permissions().mode();
            // As git keeps modes: whoever checks the file out, it is the same.
            let mode = if mode & 0o100 == 0 { 0o644 } else { 0o755 };
            let mut header = header(tar::EntryType::Regular, mode, content.len() as u64);
            archive.append_data(&mut header, place, content.as_slice())?;
        }
    }
    archive.into_inner()
}

fn header(kind: tar::EntryType, mode: u32, size: u64) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_mtime(0);
    header.set_uid(0);
    header.set_gid(0);
    header
}
