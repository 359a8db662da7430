//! What builds images for `docker build`: a container engine if there is one, else this program.

use super::context;
use super::dockerfile::plan;
use super::image::{Context, build};
use super::media::MediaTypes;
use super::options::Build;
use super::saved;
use super::store::Store;
use crate::codebuild::notes;
use crate::containers::{Address, Api, EngineError, ImageBuild};
use std::{env, fmt, fs};

/// An image that has been built.
pub(super) struct Built {
    /// How its builder knows it.
    pub(super) image: String,
    /// What `docker build` shows: the digest of its configuration, or the engine's id.
    pub(super) id: String,
}

/// Builds images.
pub(super) enum Builder {
    /// From what needs no running.
    Alone,
    /// An engine, from everything.
    Engine(Api),
}

impl fmt::Display for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alone => f.write_str("without an engine"),
            Self::Engine(_) => f.write_str("with the engine of DOCKER_HOST"),
        }
    }
}

impl Builder {
    /// The engine that `DOCKER_HOST` names: CodeBuild sets it in builds that have one, and in no others.
    pub(super) fn of_environment() -> Result<Self, String> {
        match env::var("DOCKER_HOST") {
            Ok(host) if !host.is_empty() => {
                let address: Address = host.parse().map_err(|error| format!("{error}"))?;
                Ok(Self::Engine(Api::new(address)))
            }
            _ => Ok(Self::Alone),
        }
    }

    /// Builds an image; `say` gets what is worth telling.
    pub(super) fn build(
        &self,
        options: &Build,
        store: &Store,
        say: &mut (dyn FnMut(&str) + Send),
    ) -> Result<Built, String> {
        let file = options
            .file
            .clone()
            .unwrap_or_else(|| options.context.join("Dockerfile"));
        let text = fs::read_to_string(&file)
            .map_err(|error| format!("failed to read dockerfile {}: {error}", file.display()))?;
        match self {
            Self::Alone => {
                let plan = plan(&text, &options.args)?;
                for step in &plan.steps {
                    if let Some(why) = step.left_undone() {
                        let (file, line) = (file.display(), step.line);
                        notes::add(&format!("{file}:{line}: {}: skipped: {why}", notes::short(&step.text)));
                    }
                }
                let context = Context::read(&options.context).map_err(|error| error.to_string())?;
                let made = build(&plan, &context, store, options, say)?;
                Ok(Built {
                    image: made.manifest_digest,
                    id: made.config_digest,
                })
            }
            Self::Engine(engine) => {
                let named = options.args.values().map(String::as_str).chain([text.as_str()]);
                if let Some(registry) = store.registry_in(named) {
                    return Err(format!(
                        "the engine would ask AWS for what {} takes from {registry}, which is here: no image of the local ECR can be a base",
                        file.display()
                    ));
                }
                let (context, dockerfile) = context::pack(&options.context, &file, &text)
                    .map_err(|error| format!("unable to prepare context: {error}"))?;
                let build = ImageBuild {
                    context: context.into(),
                    dockerfile,
                    platform: options.platform.clone(),
                    args: options.args.clone(),
                    labels: options.labels.clone(),
                    no_cache: options.no_cache,
                    pull: options.pull,
                };
                let image = wait_for(engine.build(&build, say))?;
                Ok(Built {
                    id: image.clone(),
                    image,
                })
            }
        }
    }

    /// The digest of an image's manifest, which is in the store then, with everything that it names.
    ///
    /// An engine gives its images out without a manifest; that is written in these words.
    pub(super) fn manifest(&self, store: &Store, image: &str, media_types: MediaTypes) -> Result<String, String> {
        let Self::Engine(engine) = self else {
            return Ok(image.to_owned());
        };
        let archive = store.file("saved.tar");
        wait_for(engine.save(image, &archive))?;
        let manifest = saved::keep(&archive, store, media_types);
        // It goes with the build's folder where it cannot be removed now.
        let _ = fs::remove_file(&archive);
        manifest
    }
}

/// This program is a short one under another name: it has nothing else to do meanwhile.
fn wait_for<T>(answer: impl Future<Output = Result<T, EngineError>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    runtime.block_on(answer).map_err(|error| error.to_string())
}
