//! Runs a program as a container of an engine.
//!
//! The files of its own folder are not mounted. They are copied into the container before it starts, and out of it when it
//! has ended. There are two reasons: an engine in a virtual machine does not see the folders of this machine, and files
//! that a container writes into a mount as root can be removed by root only.

use super::image::Image;
use super::work::{Beside, ENDPOINT, Own, Program, Started, within};
use crate::containers::{Api, Containers, Engine, EngineError, NewContainer};
use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;
use tokio::task::JoinHandle;

/// How long the last lines of a container that has ended are waited for.
const LAST_LINES: Duration = Duration::from_secs(5);

/// How much later than that an engine may say that it has stopped a container.
const LATE: Duration = Duration::from_secs(30);

/// A container that runs.
pub(super) struct Contained {
    engine: Engine,
    id: String,
    way: String,
    folder: PathBuf,
    own: Option<Own>,
    lines: JoinHandle<()>,
}

impl Contained {
    pub(super) async fn start(
        containers: &Containers,
        engine: &Engine,
        program: &Program,
        image: Image,
        folder: &Path,
        log: impl Fn(String) + Send + Sync + 'static,
    ) -> Result<Self, EngineError> {
        let image = known(engine, image, folder).await?;
        let mut environment = program.environment.clone();
        if let Some(endpoint) = environment.get_mut(ENDPOINT) {
            *endpoint = engine.reachable(endpoint);
        }
        let network = engine.network(program.is_isolated);
        // With this machine's network the program listens where it is told to. With one of its own it listens where it
        // likes, and the engine leads there.
        let publish = program.port.filter(|_| network == "bridge");
        if let Some(port) = program.port.filter(|_| publish.is_none()) {
            environment.extend(port.environment());
        }
        let container = NewContainer {
            image: image.clone(),
            command: program.command.clone(),
            environment,
            network,
            publish: publish.map(|port| (port.container, port.host)),
            labels: [("stepline.job".to_owned(), program.name.clone())].into(),
        };
        let archive = folder.join("own.tar");
        if let Some(own) = program.own.clone() {
            let packed = archive.clone();
            blocking(move || pack(&own, &packed)).await?;
        }
        let id = containers.create(engine, &container).await?;
        let begun = async {
            if program.own.is_some() {
                engine.api.upload(&id, &archive).await?;
            }
            engine.api.start(&id).await
        };
        if let Err(error) = begun.await {
            // Why it did not start is what matters; the end of the run removes it in any case.
            let _ = engine.api.remove(&id).await;
            return Err(error);
        }
        let (api, followed) = (engine.api.clone(), id.clone());
        let lines = tokio::spawn(async move {
            if let Err(error) = api.follow(&followed, &mut |line| log(line)).await {
                tracing::warn!(%error, "the rest of the container's log is lost");
            }
        });
        Ok(Self {
            way: format!("a container of {engine}, network {network}, image {image}"),
            engine: engine.clone(),
            id,
            folder: folder.to_owned(),
            own: program.own.clone(),
            lines,
        })
    }

    async fn bring(&self, paths: &[String]) -> Result<Vec<String>, EngineError> {
        let mut left_out = Vec::new();
        let Some(own) = &self.own else { return Ok(left_out) };
        for path in paths {
            let archive = self.folder.join("left.tar");
            if self.engine.api.download(&self.id, path, &archive).await? {
                let (path, into) = (path.clone(), within(own, path));
                left_out.extend(blocking(move || unpack(&archive, &path, &into)).await?);
            }
        }
        Ok(left_out)
    }
}

/// A container that a program runs in.
struct BesideContained {
    api: Api,
    id: String,
}

#[async_trait::async_trait]
impl Beside for BesideContained {
    async fn run(&self, command: &[String]) -> io::Result<i64> {
        self.api.execute(&self.id, command).await.map_err(io::Error::other)
    }
}

#[async_trait::async_trait]
impl Started for Contained {
    fn describe(&self) -> String {
        self.way.clone()
    }

    async fn wait(&mut self) -> io::Result<i64> {
        self.engine.api.wait(&self.id).await.map_err(io::Error::other)
    }

    fn beside(&self) -> Box<dyn Beside> {
        Box::new(BesideContained {
            api: self.engine.api.clone(),
            id: self.id.clone(),
        })
    }

    async fn stop(&mut self, grace: Duration) -> io::Result<()> {
        // The engine keeps to the grace by itself, and answers when the container has ended.
        let stopped = tokio::time::timeout(grace + LATE, self.engine.api.stop(&self.id, grace)).await;
        stopped?.map_err(io::Error::other)
    }

    async fn leave(mut self: Box<Self>, paths: &[String]) -> io::Result<Vec<String>> {
        // An engine ends the log with the container; one that does not holds nobody up.
        if tokio::time::timeout(LAST_LINES, &mut self.lines).await.is_err() {
            self.lines.abort();
        }
        let brought = self.bring(paths).await;
        let removed = self.engine.api.remove(&self.id).await;
        let left_out = brought.map_err(io::Error::other)?;
        removed.map_err(io::Error::other)?;
        Ok(left_out)
    }
}

/// The image in the engine: it is there if the engine has built it, else it is loaded as it was pulled.
async fn known(engine: &Engine, image: Image, folder: &Path) -> Result<String, EngineError> {
    // An image's id is the digest of its configuration, which names all that is in its layers.
    if engine.api.has_image(&image.id).await? {
        return Ok(image.id);
    }
    let file = folder.join("image.tar");
    let to = file.clone();
    blocking(move || image.save(&to)).await?;
    // Some engines have ids of their own.
    engine.api.load(&file).await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

/// Makes an archive of a program's own folder, with paths from the root; its files are root's there.
fn pack(own: &Own, to: &Path) -> io::Result<()> {
    let mut archive = tar::Builder::new(File::create(to)?);
    archive.mode(tar::HeaderMode::Deterministic);
    archive.append_dir_all(own.path.trim_start_matches('/'), &own.folder)?;
    archive.into_inner().map(drop)
}

/// Unpacks what an engine gives out for `path` into the folder that stands for it. Only files and folders come out: a
/// link could lead to a file of this machine's. Answers with what was left out.
fn unpack(archive: &Path, path: &str, into: &Path) -> io::Result<Vec<String>> {
    let mut left_out = Vec::new();
    for entry in tar::Archive::new(File::open(archive)?).entries()? {
        let mut entry = entry?;
        // The first part is the last one of what was asked for.
        let inner = inner(&entry.path()?);
        let to = into.join(&inner);
        match (entry.header().entry_type(), entry.link_name()?) {
            (tar::EntryType::Directory, _) => fs::create_dir_all(&to)?,
            (tar::EntryType::Regular, _) => {
                make_parent(&to)?;
                io::copy(&mut entry, &mut File::create(&to)?)?;
            }
            // A second name of a file that came before.
            (tar::EntryType::Link, Some(other)) => {
                make_parent(&to)?;
                fs::copy(into.join(self::inner(&other)), &to)?;
            }
            _ => left_out.push(format!("{path}/{}", inner.display())),
        }
    }
    Ok(left_out)
}

fn inner(path: &Path) -> PathBuf {
    let parts = path.components().filter(|part| matches!(part, Component::Normal(_)));
    parts.skip(1).collect()
}

fn make_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_container_leaves_is_files_and_folders() {
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("left.tar");
        let mut writing = tar::Builder::new(File::create(&archive).unwrap());
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o400);
        header.set_size(1);
        writing.append_data(&mut header, "out/deep/a.txt", &b"1"[..]).unwrap();
        header.set_size(0);
        header.set_entry_type(tar::EntryType::Link);
        writing.append_link(&mut header, "out/b.txt", "out/deep/a.txt").unwrap();
        header.set_entry_type(tar::EntryType::Symlink);
        writing.append_link(&mut header, "out/secret", "/etc/passwd").unwrap();
        header.set_entry_type(tar::EntryType::Directory);
        writing.append_data(&mut header, "out/empty/", io::empty()).unwrap();
        drop(writing.into_inner().unwrap());
        let into = folder.path().join("ml/processing/out");
        let left_out = unpack(&archive, "/opt/ml/processing/out", &into).unwrap();
        assert_eq!(left_out, ["/opt/ml/processing/out/secret"]);
        for name in ["deep/a.txt", "b.txt"] {
            assert_eq!(fs::read(into.join(name)).unwrap(), b"1", "{name}");
        }
        assert!(into.join("empty").is_dir());
        assert!(!into.join("secret").exists());
    }
}
