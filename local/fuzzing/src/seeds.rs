//! What each target begins with: the repository's own files, and a few inputs that those do not have.

use pipeline_action::artifact::{OUTPUT_FILE, write_output};
use pipeline_action::token::Token;
use serde_json::Value;
use shared::time::Timestamp;
use std::fs;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};
use zip::result::ZipResult;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

type Seeds = Vec<Vec<u8>>;

fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().nth(2).unwrap_or(package).to_owned()
}

/// The texts of a folder's files whose names begin so, in the order of their names.
fn files(folder: &str, beginning: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    let named = |path: &PathBuf| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(beginning))
    };
    let texts = paths.iter().filter(|path| named(path)).map(fs::read_to_string);
    texts
        .map(|text| text.expect("the repository's files can be read"))
        .collect()
}

fn bytes<T: AsRef<[u8]>>(texts: impl IntoIterator<Item = T>) -> Seeds {
    texts.into_iter().map(|text| text.as_ref().to_vec()).collect()
}

/// What our own seeds hold: the folder is named as the target.
fn ours(target: &str) -> Vec<String> {
    files(&format!("local/fuzzing/seeds/{target}"), "")
}

pub(crate) fn action_events() -> Seeds {
    bytes(files("events", "pipeline-action"))
}

pub(crate) fn push_events() -> Seeds {
    bytes(files("events", "image-push"))
}

pub(crate) fn requests() -> Seeds {
    bytes(files("events", "resolve-parameters"))
}

/// The texts that jobs bring in one field of their configuration or data.
fn of_jobs(pointer: &str) -> Vec<String> {
    let events = files("events", "pipeline-action").into_iter();
    let texts = events.filter_map(|text| {
        let event: Value = serde_json::from_str(&text).ok()?;
        Some(event.pointer(pointer)?.as_str()?.to_owned())
    });
    texts.collect()
}

pub(crate) fn user_parameters() -> Seeds {
    let texts = of_jobs("/CodePipeline.job/data/actionConfiguration/configuration/UserParameters");
    bytes(texts.into_iter().chain(ours("user-parameters")))
}

pub(crate) fn tokens() -> Seeds {
    let mut tokens = of_jobs("/CodePipeline.job/data/continuationToken");
    tokens.push(Token::first("job", Timestamp::from_millis(1_764_000_000_000)).encode());
    // Alone, too: the target puts a checksum before it.
    let contents: Vec<String> = tokens
        .iter()
        .filter_map(|token| Some(token.splitn(3, ' ').nth(2)?.to_owned()))
        .collect();
    bytes(tokens.into_iter().chain(contents).chain(ours("token")))
}

/// Zips of which the function can read the one file: a small one as it writes them, and one that unpacks to more than it
/// may.
pub(crate) fn artifacts() -> Seeds {
    let small = write_output("{\"a\": [1, 2]}").expect("a zip");
    vec![small, packed(&" ".repeat(1 << 20)).expect("a zip")]
}

/// A zip as tools write it, whose one file is compressed.
fn packed(text: &str) -> ZipResult<Vec<u8>> {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file(OUTPUT_FILE, options)?;
    writer.write_all(text.as_bytes())?;
    Ok(writer.finish()?.into_inner())
}

pub(crate) fn rules() -> Seeds {
    bytes(ours("rules"))
}

pub(crate) fn manifests() -> Seeds {
    bytes(ours("manifest"))
}

/// Definitions, but for one that is so long that each run of it takes long.
pub(crate) fn definitions() -> Seeds {
    let deployed = files("statemachine", "")
        .into_iter()
        .filter(|text| text.len() < 32 * 1024);
    bytes(deployed.chain(files("docs/mocks", "")).chain(ours("definition")))
}

pub(crate) fn buildspecs() -> Seeds {
    bytes(files("config", "buildspec").into_iter().chain(ours("buildspec")))
}

/// Each resource of our templates as a template of its own, since a whole one takes long to read.
pub(crate) fn templates() -> Seeds {
    let mut templates = ours("template");
    for text in ["template.yaml", "pipeline.yaml", "deployer.yaml"]
        .iter()
        .flat_map(|name| files("sam", name))
    {
        let resources = text.split("\nResources:\n").nth(1).unwrap_or_default();
        let mut resource = String::new();
        for line in resources.lines().chain(["  End:"]) {
            let begins = line.starts_with("  ") && line[2..].starts_with(|first: char| first.is_ascii_alphabetic());
            if begins && !resource.is_empty() {
                let header = "Transform: AWS::Serverless-2016-10-31\nResources:\n";
                templates.push(format!("{header}{}", std::mem::take(&mut resource)));
            }
            resource.push_str(line);
            resource.push('\n');
        }
    }
    bytes(templates)
}

pub(crate) fn policies() -> Seeds {
    bytes(ours("policy"))
}

pub(crate) fn gateway() -> Seeds {
    bytes(ours("gateway"))
}
