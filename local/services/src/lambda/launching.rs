//! Getting functions ready to run: what cargo builds, what pip and npm install, and what is told of it.

use super::build::{self, BuildError};
use super::code::{self, Installs, Launch, NotHere, Package, Parts, Prepared};
use super::functions::Function;
use super::narration::Progress;
use super::{Lambda, lock};
use platform::journal::Happening;
use platform::{Platform, ServiceError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::mpsc;

impl Lambda {
    /// Gets all functions ready that are not: one run of cargo builds the binaries, and packages are installed. `progress`
    /// gets what these print. A function that this machine cannot run is noted in the journal; its invocations say so.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub async fn prepare(&self, platform: &Platform, progress: impl Fn(Progress<'_>)) -> Result<(), BuildError> {
        self.prepare_from(&platform.root, &progress).await?;
        let functions: Vec<Arc<Function>> = lock(&self.functions).values().cloned().collect();
        for function in functions {
            if matches!(function.package, Package::Binary(_)) {
                continue;
            }
            if let Err(NotHere(why)) = self.launched(platform, &function, &progress).await {
                self.note(platform, format!("{} cannot run here: {why}", function.name()));
            }
        }
        Ok(())
    }

    /// Builds the binaries of functions from the workspace at `root`: for an account whose own root is another folder.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub async fn prepare_from(&self, root: &Path, progress: impl Fn(Progress<'_>)) -> Result<(), BuildError> {
        let mut binaries = self.binaries.lock().await;
        let mut missing: Vec<String> = lock(&self.functions)
            .values()
            .filter_map(|function| function.binary())
            .filter(|binary| !binaries.contains_key(*binary))
            .map(str::to_owned)
            .collect();
        missing.sort();
        missing.dedup();
        if !missing.is_empty() {
            binaries.extend(build::build(root, &missing, progress).await?);
        }
        Ok(())
    }

    /// Runs `binary` from `path`, instead of building it.
    pub async fn provide(&self, binary: &str, path: PathBuf) {
        self.binaries.lock().await.insert(binary.to_owned(), path);
    }

    /// Where the binaries are that have been built or provided, by their names.
    pub async fn built(&self) -> BTreeMap<String, PathBuf> {
        self.binaries.lock().await.clone()
    }

    /// The functions: each one's name, and its binary's, if cargo builds it.
    pub fn names(&self) -> Vec<(String, Option<String>)> {
        let functions = lock(&self.functions);
        let names = functions.iter();
        names
            .map(|(name, function)| (name.clone(), function.binary().map(str::to_owned)))
            .collect()
    }

    /// What starts a process of a function.
    pub(super) async fn launch(&self, platform: &Platform, function: &Function) -> Result<Launch, ServiceError> {
        let Some(name) = function.binary() else {
            // Whoever waits for the function's answer learns why it takes so long: the first line says it.
            let is_told = AtomicBool::new(false);
            let say = |progress: Progress<'_>| {
                if let Progress::Line(line) = progress
                    && !is_told.swap(true, Ordering::Relaxed)
                {
                    self.note(platform, format!("{}: {line}", function.name()));
                }
            };
            let launched = self.launched(platform, function, &say).await;
            return launched.map_err(|NotHere(why)| {
                let message = format!("the local run cannot run the function `{}`: {why}", function.name());
                ServiceError::new("NotInLocalRun", message).with_status(501)
            });
        };
        let failed = |error: &dyn std::fmt::Display| ServiceError::new("ServiceException", error).with_status(500);
        if !self.binaries.lock().await.contains_key(name) {
            self.prepare_from(&platform.root, |_| ())
                .await
                .map_err(|error| failed(&error))?;
        }
        let program = self.binaries.lock().await.get(name).cloned();
        let program = program.ok_or_else(|| failed(&format_args!("`{name}` was not built")))?;
        Ok(Launch {
            program,
            ..Launch::default()
        })
    }

    /// What starts a process of a function with files. It is found out once: packages are installed meanwhile.
    async fn launched(
        &self,
        platform: &Platform,
        function: &Function,
        progress: &impl Fn(Progress<'_>),
    ) -> Result<Launch, NotHere> {
        let launch = function.launch.get_or_try_init(async || {
            let prepared = self.prepared(function, progress).await?;
            for note in prepared.notes {
                self.note(platform, note);
            }
            Ok(prepared.launch)
        });
        launch.await.cloned()
    }

    async fn prepared(&self, function: &Function, progress: &impl Fn(Progress<'_>)) -> Result<Prepared, NotHere> {
        let configuration = &function.configuration;
        let mut parts = Parts {
            runtime: configuration.runtime.clone().unwrap_or_default(),
            files: PathBuf::new(),
            source: None,
            layers: function.layers.clone(),
            installs: installs(&function.package),
            variables: BTreeMap::new(),
        };
        let mut image = None;
        match &function.package {
            Package::Files { files, source, .. } => (parts.files, parts.source) = (files.clone(), source.clone()),
            Package::Image(content) => {
                parts.runtime.clone_from(&content.runtime);
                parts.files.clone_from(&content.files);
                parts.installs = content.installs.clone();
                parts.variables.clone_from(&content.variables);
                image = Some(content);
            }
            Package::NotHere(why) => return Err(NotHere(why.clone())),
            Package::Binary(_) => return Err(NotHere("cargo builds it".to_owned())),
        }
        // A process sees where it is with links followed, as macOS has one in the path to its temporary files.
        parts.files = parts.files.canonicalize().unwrap_or(parts.files);
        let (kept, containers) = (self.kept.clone(), self.containers.clone());
        // Its lines come while it goes on.
        let (lines, mut said) = mpsc::unbounded_channel::<String>();
        let work = tokio::task::spawn_blocking(move || {
            // Nobody listens any more where the command has ended.
            let mut say = |line: &str| drop(lines.send(line.to_owned()));
            code::prepare(&parts, &kept, containers.environments(), &mut say)
        });
        while let Some(line) = said.recv().await {
            progress(Progress::Line(&line));
        }
        let mut prepared = work.await.unwrap_or_else(|error| Err(NotHere(error.to_string())))?;
        if let Some(content) = image {
            let config = configuration.image_config.as_ref();
            if config.is_some_and(|config| config.entry_point.is_some()) {
                return Err(NotHere(
                    "without a container engine its image's own entry point runs".to_owned(),
                ));
            }
            let command = config
                .and_then(|config| config.command.as_ref())
                .unwrap_or(&content.command);
            let handler = command
                .first()
                .ok_or_else(|| NotHere("its image has no CMD".to_owned()))?;
            prepared.launch.variables.insert("_HANDLER".to_owned(), handler.into());
            let name = function.name();
            prepared
                .notes
                .extend(content.notes.iter().map(|note| format!("{name}: {note}")));
        }
        Ok(prepared)
    }

    /// Tells the journal something of how functions run, once.
    pub(super) fn note(&self, platform: &Platform, text: String) {
        if lock(&self.noted).insert(text.clone()) {
            let text = format!("functions: {text}");
            platform.journal.record(Happening::Note { text });
        }
    }
}

/// What is installed beside files: what a folder lists, as `sam build` does it. Lambda takes a zip as it is.
fn installs(package: &Package) -> Installs {
    match package {
        Package::Files { source: None, .. } => Installs::These(Vec::new()),
        _ => Installs::AsListed,
    }
}
