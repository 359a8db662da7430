//! Functions in images: the files that they have at `/var/task`, the runtime of the image below, and the handler.
//!
//! Without a container engine there is no image. What one on AWS's base image for Python or Node.js would run, this
//! machine's own runtime runs.

use super::dockerfile::{self, Recipe};
use super::given::ImageSource;
use super::kept::Kept;
use super::launch::{Installs, NotHere};
use crate::program::Image;
use crate::python::Wanted;
use globset::GlobBuilder;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Where an image has the function's files.
const TASK_ROOT: &str = "var/task";

/// What an image runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Content {
    /// The name of its runtime.
    pub(crate) runtime: String,
    /// Its files at `/var/task`.
    pub(crate) files: PathBuf,
    /// Variables of the image.
    pub(crate) variables: BTreeMap<String, String>,
    /// What it has installed.
    pub(crate) installs: Installs,
    /// Its command, which is the handler.
    pub(crate) command: Vec<String>,
    /// What is not as in the image.
    pub(crate) notes: Vec<String>,
}

/// What an image from this Dockerfile would run.
pub(super) fn built(source: &ImageSource, kept: &Kept) -> Result<Content, NotHere> {
    let file = source.context.join(&source.dockerfile);
    let text = fs::read_to_string(&file).map_err(|error| NotHere(format!("{}: {error}", file.display())))?;
    let recipe = dockerfile::read(&text, &source.arguments).map_err(NotHere)?;
    kept.staged(|stage| {
        // An image without files has an empty folder.
        fs::create_dir_all(stage.join(TASK_ROOT)).map_err(|error| NotHere(error.to_string()))?;
        for (sources, target) in &recipe.copies {
            for pattern in sources {
                copy(&source.context, pattern, target, stage, kept)?;
            }
        }
        content(recipe, stage, kept)
    })
}

fn content(recipe: Recipe, stage: &Path, kept: &Kept) -> Result<Content, NotHere> {
    let read = |path: &str| {
        let file = stage.join(path.trim_start_matches('/'));
        fs::read_to_string(file).map_err(|error| error.to_string())
    };
    let wanted: Result<Vec<Wanted>, String> = recipe.installs.iter().map(|install| install.wanted(read)).collect();
    let mut notes = recipe.skipped;
    let wanted = wanted.unwrap_or_else(|why| {
        notes.push(format!("packages are left out: {why}"));
        Vec::new()
    });
    Ok(Content {
        runtime: recipe.runtime,
        files: kept.path(&stage.join(TASK_ROOT))?.files,
        variables: recipe.variables,
        installs: if recipe.has_npm {
            Installs::AsListed
        } else {
            Installs::These(wanted)
        },
        command: recipe.command,
        notes,
    })
}

/// Copies what a pattern finds in the context, as COPY does.
fn copy(context: &Path, pattern: &str, target: &str, stage: &Path, kept: &Kept) -> Result<(), NotHere> {
    let pattern = pattern.trim_start_matches("./").trim_matches('/');
    let failed = |error: &dyn std::fmt::Display| NotHere(format!("COPY {pattern}: {error}"));
    let matcher = GlobBuilder::new(pattern).literal_separator(true).build();
    let matcher = matcher.map_err(|error| failed(&error))?.compile_matcher();
    let mut is_found = false;
    for file in kept.files(context)? {
        let is_whole = matches!(pattern, "" | ".");
        let below = file
            .ancestors()
            .skip(1)
            .find(|folder| (is_whole && folder.as_os_str().is_empty()) || matcher.is_match(folder));
        let place = match below.and_then(|folder| file.strip_prefix(folder).ok()) {
            // A folder's contents are copied.
            Some(inner) => Path::new(target).join(inner),
            None if !matcher.is_match(&file) => continue,
            None if target.ends_with('/') || stage.join(target.trim_start_matches('/')).is_dir() => {
                Path::new(target).join(file.file_name().unwrap_or_default())
            }
            None => target.into(),
        };
        is_found = true;
        let to = stage.join(place.strip_prefix("/").unwrap_or(&place));
        let copied = to.parent().map_or(Ok(()), fs::create_dir_all);
        copied
            .and_then(|()| fs::copy(context.join(&file), &to))
            .map_err(|error| failed(&error))?;
    }
    is_found
        .then_some(())
        .ok_or_else(|| failed(&"not found in the context"))
}

/// What an image of the local registry runs that was built without an engine.
pub(super) fn pulled(uri: &str, image: &Image, kept: &Kept) -> Result<Content, NotHere> {
    let base = image.settings.base().unwrap_or_default();
    let Some(runtime) = dockerfile::runtime_of(base) else {
        return Err(NotHere(format!(
            "the local run stands in for images on public.ecr.aws/lambda/python and public.ecr.aws/lambda/nodejs, and \
             `{uri}` is on `{base}`"
        )));
    };
    kept.staged(|stage| {
        image
            .unpack(stage)
            .map_err(|error| NotHere(format!("{uri}: {error}")))?;
        fs::create_dir_all(stage.join(TASK_ROOT)).map_err(|error| NotHere(error.to_string()))?;
        let recipe = Recipe {
            runtime,
            variables: image.settings.variables(),
            installs: image.settings.installs(),
            command: image.settings.cmd.clone().unwrap_or_default(),
            ..Recipe::default()
        };
        content(recipe, stage, kept)
    })
}
