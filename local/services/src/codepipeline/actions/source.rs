//! The source: the repository's working tree, as a connection to GitHub would deliver it.
//!
//! The artifact has all files that git tracks or would add, with the changes that are not committed. It has no files
//! that git ignores. See
//! <https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-CodestarConnectionSource.html>.

use crate::codepipeline::work::{Done, Failure, Work};
use crate::objects;
use platform::Requirement;
use platform::journal::Happening;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use zip::write::SimpleFileOptions;

pub(super) async fn perform(mut work: Work<'_>) -> Result<Done, Failure> {
    use_connection(&work)?;
    if work
        .configuration
        .get("OutputArtifactFormat")
        .is_some_and(|format| format != "CODE_ZIP")
    {
        return Err(Failure::new(
            "ConfigurationError",
            "the local run has no OutputArtifactFormat but CODE_ZIP",
        ));
    }
    let root = work.platform.root.clone();
    let tree = tokio::task::spawn_blocking(move || Tree::read(&root))
        .await
        .map_err(|error| Failure::new("SystemUnavailable", error.to_string()))?
        .map_err(|message| Failure::new("ConfigurationError", message))?;
    if tree.is_dirty {
        work.platform.journal.record(Happening::Note {
            text: format!(
                "the working tree differs from its last commit: it runs as revision {}",
                &tree.revision[..12]
            ),
        });
    }
    let Some(artifact) = work.outputs.first_mut() else {
        return Err(Failure::new(
            "ConfigurationError",
            "a source action needs an output artifact",
        ));
    };
    artifact.revision = Some(tree.revision.clone());
    let (bucket, key) = (artifact.bucket.clone(), artifact.key.clone());
    // Source actions upload with an access control list.
    let acl = json!({"ACL": "bucket-owner-full-control"});
    objects::put(work.platform, &work.caller, (&bucket, &key), tree.zip, acl).await?;
    let variables = [
        ("BranchName", work.configured("BranchName")),
        ("ConnectionArn", work.configured("ConnectionArn")),
        ("FullRepositoryName", work.configured("FullRepositoryId")),
        ("CommitId", &tree.revision),
        ("CommitMessage", &tree.message),
        ("AuthorDate", &tree.author_date),
        ("AuthorDisplayName", &tree.author),
        ("AuthorEmail", &tree.author_email),
        ("AuthorId", ""),
        ("ProviderType", "GitHub"),
    ];
    let variables: BTreeMap<String, String> = variables
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    Ok(Done {
        variables,
        summary: Some(tree.message),
        external_id: Some(tree.revision),
        outputs: work.outputs,
    })
}

/// The working tree at `root` as the zip that an artifact is.
pub(crate) async fn zip_of(root: std::path::PathBuf) -> Result<Vec<u8>, String> {
    let read = tokio::task::spawn_blocking(move || Tree::read(&root));
    read.await.map_err(|error| error.to_string())?.map(|tree| tree.zip)
}

/// The connection needs to be allowed, under the name that its ARN has.
fn use_connection(work: &Work<'_>) -> Result<(), Failure> {
    let arn = work.configured("ConnectionArn");
    let service = arn.split(':').nth(2).unwrap_or("codestar-connections");
    let requirement = Requirement::new(format!("{service}:UseConnection"), arn).with(
        format!("{service}:FullRepositoryId"),
        work.configured("FullRepositoryId"),
    );
    work.platform
        .authorize(&work.caller, &[requirement])
        .map_err(Failure::from)
}

/// The working tree: its files as a zip, and the author and message of its last commit.
struct Tree {
    zip: Vec<u8>,
    /// The last commit if no file differs from it, else a digest of the files.
    revision: String,
    is_dirty: bool,
    message: String,
    author: String,
    author_email: String,
    author_date: String,
}

impl Tree {
    fn read(root: &Path) -> Result<Self, String> {
        // What git looks for takes as long as the zip does.
        let (zip, asked) = std::thread::scope(|scope| {
            let asked = scope.spawn(|| Asked::of(root));
            let files = source_files(root);
            let zip = files.and_then(|files| zip(root, files.iter().map(String::as_str)));
            (zip, asked.join())
        });
        let zip = zip?;
        let asked = asked.map_err(|_| "asking `git` has panicked".to_owned())?;
        let Some(Asked { is_dirty, log }) = asked? else {
            return Ok(Self::of_folder(zip));
        };
        let mut fields = log.trim_end().split('\0').map(str::to_owned);
        let mut field = || fields.next().unwrap_or_default();
        let (commit, message, author, author_email, author_date) = (field(), field(), field(), field(), field());
        let revision = if is_dirty || commit.is_empty() {
            hex::encode(Sha256::digest(&zip))[..40].to_owned()
        } else {
            commit
        };
        Ok(Self {
            zip,
            revision,
            is_dirty,
            message,
            author,
            author_email,
            author_date,
        })
    }

    /// A folder that is no repository yet.
    fn of_folder(zip: Vec<u8>) -> Self {
        Self {
            revision: hex::encode(Sha256::digest(&zip))[..40].to_owned(),
            zip,
            is_dirty: false,
            message: "The folder as it is: it is no repository of git".to_owned(),
            author: String::new(),
            author_email: String::new(),
            author_date: String::new(),
        }
    }
}

/// What git says of a working tree beside its files.
struct Asked {
    is_dirty: bool,
    /// The last commit's fields. A repository may have no commit yet.
    log: String,
}

impl Asked {
    /// Nothing where there is no repository.
    fn of(root: &Path) -> Result<Option<Self>, String> {
        if !is_repository(root) {
            return Ok(None);
        }
        let is_dirty = !git(root, &["status", "--porcelain", "-z", "."])?.is_empty();
        let log = git(root, &["log", "-1", "--format=%H%x00%s%x00%an%x00%ae%x00%aI"]).unwrap_or_default();
        Ok(Some(Self { is_dirty, log }))
    }
}

fn is_repository(root: &Path) -> bool {
    git(root, &["rev-parse", "--git-dir"]).is_ok()
}

/// The files of the working tree that Source takes, as paths below its root: all but those that git ignores. Of a folder
/// that is no repository yet these are all but those that a `.gitignore` in it names.
///
/// # Errors
/// Git cannot be asked.
pub fn source_files(root: &Path) -> Result<Vec<String>, String> {
    let listed = if is_repository(root) {
        git(root, &["ls-files", "-z", "--cached", "--others", "--exclude-standard"])?
    } else {
        let repository = empty_repository()?;
        let (place, tree) = (repository.path().to_string_lossy(), root.to_string_lossy());
        let of = ["--git-dir", &*place, "--work-tree", &*tree];
        git(
            root,
            &[&of[..], &["ls-files", "-z", "--others", "--exclude-standard"]].concat(),
        )?
    };
    let files = listed
        .split('\0')
        .filter(|file| !file.is_empty() && !file.starts_with(OWN));
    Ok(files.map(str::to_owned).collect())
}

/// Where builds, jobs and tasks have their folders: what they leave there is nobody's source, whether git knows that or not.
const OWN: &str = ".stepline/";

/// The beginning of a git repository of which nothing but what it ignores is asked.
fn empty_repository() -> Result<tempfile::TempDir, String> {
    let folder = tempfile::tempdir().map_err(|error| format!("cannot make a temporary folder: {error}"))?;
    git(folder.path(), &["init", "--quiet", "--bare"])?;
    Ok(folder)
}

fn git(root: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        .args(arguments)
        .output()
        .map_err(|error| {
            format!("cannot start `git`: {error}; the local run takes the source from the working tree")
        })?;
    if !output.status.success() {
        return Err(format!(
            "`git {}` failed in {}: {}",
            arguments[0],
            root.display(),
            String::from_utf8_lossy(&output.stderr).trim()
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// How much work is put into making the artifact small: little. It stays on this machine, and is read once or twice.
const COMPRESSION: i64 = 1;

/// The files as a zip that has the same bytes for the same files.
fn zip<'f>(root: &Path, files: impl Iterator<Item = &'f str>) -> Result<Vec<u8>, String> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for file in files {
        let path = root.join(file);
        // What is listed and not there was deleted and not committed; a folder is another repository.
        let Ok(metadata) = path.symlink_metadata() else {
            continue;
        };
        let named = |error: &dyn std::fmt::Display| format!("cannot take `{file}` into the source: {error}");
        let options = SimpleFileOptions::default()
            .compression_level(Some(COMPRESSION))
            .unix_permissions(permissions(&metadata));
        if metadata.is_symlink() {
            let target = std::fs::read_link(&path).map_err(|error| named(&error))?;
            writer
                .add_symlink(file, target.to_string_lossy(), options)
                .map_err(|error| named(&error))?;
        } else if metadata.is_file() {
            let content = std::fs::read(&path).map_err(|error| named(&error))?;
            writer.start_file(file, options).map_err(|error| named(&error))?;
            writer.write_all(&content).map_err(|error| named(&error))?;
        }
    }
    let zip = writer
        .finish()
        .map_err(|error| format!("cannot zip the source: {error}"))?;
    Ok(zip.into_inner())
}

#[cfg(unix)]
fn permissions(metadata: &std::fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    // As git has it: a file is executable or it is not.
    if metadata.permissions().mode() & 0o100 == 0 {
        0o644
    } else {
        0o755
    }
}

#[cfg(not(unix))]
fn permissions(_metadata: &std::fs::Metadata) -> u32 {
    0o644
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path();
        git(root, &["init", "--quiet"]).expect("git init");
        std::fs::write(root.join("kept.txt"), "kept").expect("a file");
        std::fs::write(root.join("ignored.log"), "ignored").expect("a file");
        std::fs::write(root.join(".gitignore"), "*.log\n").expect("a file");
        folder
    }

    fn commit(root: &Path) {
        git(root, &["add", "--all"]).expect("git add");
        let identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"];
        let arguments = [&identity[..], &["commit", "--quiet", "--message", "First"]].concat();
        git(root, &arguments).expect("git commit");
    }

    fn names(zip: &[u8]) -> Vec<String> {
        let archive = zip::ZipArchive::new(std::io::Cursor::new(zip)).expect("a zip");
        archive
            .file_names()
            .map(|name| name.expect("a name").into_owned())
            .collect()
    }

    #[test]
    fn a_clean_tree_is_its_commit() {
        let folder = repository();
        commit(folder.path());
        let tree = Tree::read(folder.path()).expect("a tree");
        let head = git(folder.path(), &["rev-parse", "HEAD"]).expect("a commit");
        assert_eq!(tree.revision, head.trim());
        assert!(!tree.is_dirty);
        assert_eq!((tree.message.as_str(), tree.author.as_str()), ("First", "Ada"));
    }

    #[test]
    fn uncommitted_files_are_in_the_artifact_and_change_the_revision() {
        let folder = repository();
        let before = Tree::read(folder.path()).expect("a tree without a commit");
        commit(folder.path());
        std::fs::write(folder.path().join("new.txt"), "new").expect("a file");
        std::fs::remove_file(folder.path().join("kept.txt")).expect("a file");
        let tree = Tree::read(folder.path()).expect("a tree");
        let mut files = names(&tree.zip);
        files.sort();
        assert_eq!(files, [".gitignore", "new.txt"]);
        assert!(tree.is_dirty);
        assert_ne!(tree.revision, before.revision);
        assert_eq!(tree.revision.len(), 40);
    }

    #[test]
    fn a_folder_that_is_no_repository_is_its_files() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path();
        std::fs::create_dir(root.join("made")).expect("a folder");
        for (file, content) in [("kept.txt", "kept"), ("made/.gitignore", "*\n"), ("made/by-a-run", "m")] {
            std::fs::write(root.join(file), content).expect("a file");
        }
        let tree = Tree::read(root).expect("a tree");
        assert_eq!(names(&tree.zip), ["kept.txt"]);
        assert_eq!((tree.revision.len(), tree.is_dirty), (40, false));
        assert!(tree.message.contains("no repository of git"), "{}", tree.message);
    }
}
