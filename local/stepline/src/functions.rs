//! Stepline's own functions in repositories that have them as zips: what runs here in the place of a zip that cannot.
//!
//! A zip in `functions/` is built for Lambda: for Linux, and mostly for arm64. Where it is not there yet, or is not for this
//! machine, the local run takes the same function from where this command comes from: from a release's archive, in which it
//! lies beside the command as a program for this machine, or from a clone, whose sources are built. What was installed from
//! crates.io has neither: the function is refused then, with what mends it.

use services::lambda::Lambda;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The functions, by the names of their binaries and zips.
const NAMES: &[&str] = &["ask-service", "image-push", "pipeline-action", "resolve-parameters"];

/// What runs in the place of a zip that is one of these functions and cannot run here: its binary, or why there is none.
pub(crate) fn in_the_place_of(zip: &Path) -> Option<Result<&'static str, String>> {
    let name = cannot_run(zip)?;
    let is_had = beside().is_some() || sources().is_some();
    Some(if is_had { Ok(name) } else { Err(not_had(zip)) })
}

/// The function that a zip is one of, if the zip cannot run here.
fn cannot_run(zip: &Path) -> Option<&'static str> {
    let is_in_functions = zip
        .parent()
        .and_then(Path::file_name)
        .is_some_and(|folder| folder == "functions");
    let is_zip = zip.extension().is_some_and(|ending| ending == "zip");
    let stem = zip.file_stem()?.to_str()?;
    let name = NAMES.iter().find(|name| **name == stem).copied()?;
    (is_in_functions && is_zip && !runs_here(zip)).then_some(name)
}

/// Why a function cannot run, and what mends it.
fn not_had(zip: &Path) -> String {
    let (system, processor) = (std::env::consts::OS, std::env::consts::ARCH);
    let why = match zip.is_file() {
        true => format!(
            "`{}` is not built for this machine ({system}, {processor})",
            zip.display()
        ),
        false => format!("there is no `{}`", zip.display()),
    };
    // A zip is for Linux, whatever the machine is.
    let zips = match (system, processor) {
        ("linux", "aarch64") => {
            "`stepline functions --from FOLDER` takes a release's zips for arm64, which run here; or "
        }
        ("linux", "x86_64") => {
            "`stepline functions --from FOLDER` takes a release's zips for x86_64, which run here; or "
        }
        _ => "",
    };
    format!(
        "{why}, and this command has no sources to build it from: {zips}take the release's archive for this machine, which \
         has the function beside the command, or install from a clone (`cargo install --path local/stepline`)"
    )
}

/// Where a zip of each function is, in a folder with those of a release, or with what cargo-lambda has built.
fn zips(folder: &Path) -> Vec<(&'static str, PathBuf)> {
    let zip = |name: &&'static str| {
        let both = [
            folder.join(format!("{name}.zip")),
            folder.join(name).join("bootstrap.zip"),
        ];
        Some((*name, both.into_iter().find(|file| file.is_file())?))
    };
    NAMES.iter().filter_map(zip).collect()
}

/// Why there are no zips.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ZipsError {
    /// There is no clone, or it is not where it was when the command was built.
    #[error(
        "this command has no sources of the functions: give the folder with a release's zips, which its archives \
         `stepline-functions-…` have, with --from FOLDER"
    )]
    NoSources,
    /// The build does not start, or fails.
    #[error(
        "`cargo lambda build` {0}: it comes with `pip install cargo-lambda`, or give a release's zips with --from FOLDER"
    )]
    Build(String),
    /// A zip is missing.
    #[error("{folder} has not all of {}", NAMES.join(".zip, ") + ".zip", folder = folder.display())]
    Missing {
        /// Where they were looked for.
        folder: PathBuf,
    },
    /// A file cannot be read or written.
    #[error("{file}: {source}", file = file.display())]
    File {
        /// Which one.
        file: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// Puts the zips of the functions into `functions/` of a repository, with their sums: from a folder, or as cargo-lambda builds
/// them of this command's own sources for `architecture` (`arm64` or `x86-64`).
pub(crate) fn put(root: &Path, from: Option<&Path>, architecture: &str) -> Result<(), ZipsError> {
    let folder = match from {
        Some(from) => from.to_owned(),
        None => build(architecture)?,
    };
    let zips = zips(&folder);
    if zips.len() < NAMES.len() {
        return Err(ZipsError::Missing { folder });
    }
    let into = root.join("functions");
    let wrong = |file: &Path| {
        let file = file.to_owned();
        move |source| ZipsError::File { file, source }
    };
    std::fs::create_dir_all(&into).map_err(wrong(&into))?;
    let mut sums = String::new();
    for (name, zip) in zips {
        let content = std::fs::read(&zip).map_err(wrong(&zip))?;
        let _ = writeln!(sums, "{}  {name}.zip", hex::encode(Sha256::digest(&content)));
        let file = into.join(format!("{name}.zip"));
        std::fs::write(&file, content).map_err(wrong(&file))?;
    }
    let file = into.join("SHA256SUMS");
    std::fs::write(&file, sums).map_err(wrong(&file))
}

/// Builds the zips, and says where they are.
fn build(architecture: &str) -> Result<PathBuf, ZipsError> {
    let sources = sources().ok_or(ZipsError::NoSources)?;
    let bins = NAMES.iter().flat_map(|name| ["--bin", name]);
    let mut command = std::process::Command::new("cargo");
    command
        .args(["lambda", "build", "--release", "--locked", "--output-format", "zip"])
        .arg(format!("--{architecture}"))
        .args(bins)
        .current_dir(&sources)
        .env_remove("CARGO_TARGET_DIR");
    let status = command
        .status()
        .map_err(|error| ZipsError::Build(format!("cannot start ({error})")))?;
    match status.success() {
        true => Ok(sources.join("target/lambda")),
        false => Err(ZipsError::Build(format!("failed ({status})"))),
    }
}

/// Whether a zip's `bootstrap` is a program for this machine.
fn runs_here(file: &Path) -> bool {
    let header = || -> Option<[u8; 20]> {
        let mut zip = zip::ZipArchive::new(std::fs::File::open(file).ok()?).ok()?;
        let mut header = [0; 20];
        zip.by_name("bootstrap").ok()?.read_exact(&mut header).ok()?;
        Some(header)
    };
    // What an ELF file says of its machine: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
    let machine: [u8; 2] = match std::env::consts::ARCH {
        "x86_64" => [62, 0],
        "aarch64" => [183, 0],
        _ => return false,
    };
    let is_linux = std::env::consts::OS == "linux";
    is_linux && header().is_some_and(|header| header.starts_with(b"\x7fELF") && header[18..] == machine)
}

/// Has functions run that lie beside the command, unless the repository itself has Rust to build them from.
pub(crate) async fn provide(lambda: &Lambda, root: &Path) {
    let Some(folder) = beside().filter(|_| !root.join("Cargo.toml").is_file()) else {
        return;
    };
    for name in NAMES {
        lambda.provide(name, folder.join(name)).await;
    }
}

/// The folder beside this command with the functions as programs, as a release's archive has it.
fn beside() -> Option<PathBuf> {
    // A link to the command leads to its archive.
    let command = std::env::current_exe().ok()?.canonicalize().ok()?;
    programs(command.parent()?)
}

/// The folder with the functions' programs in a release's archive.
fn programs(archive: &Path) -> Option<PathBuf> {
    let folder = archive.join("functions");
    NAMES.iter().all(|name| folder.join(name).is_file()).then_some(folder)
}

/// The workspace to build functions from: the repository itself where it has Rust, else the sources of this command, if they
/// are still where they were.
pub(crate) fn workspace(root: &Path) -> PathBuf {
    match sources().filter(|_| !root.join("Cargo.toml").is_file()) {
        Some(sources) => sources,
        None => root.to_owned(),
    }
}

/// The workspace that this command was built from, if it is still there.
fn sources() -> Option<PathBuf> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2)?;
    let is_there = sources.join("functions/pipeline-action/Cargo.toml").is_file();
    is_there.then(|| sources.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn an_archive_has_all_functions_beside_the_command_or_none() {
        let archive = tempfile::tempdir().unwrap();
        let folder = archive.path().join("functions");
        std::fs::create_dir(&folder).unwrap();
        for name in NAMES {
            assert_eq!(programs(archive.path()), None, "before {name}");
            std::fs::write(folder.join(name), "").unwrap();
        }
        assert_eq!(programs(archive.path()), Some(folder));
    }

    #[test]
    fn a_zip_for_another_machine_is_one_of_ours_or_stays() {
        let folder = tempfile::tempdir().unwrap();
        let functions = folder.path().join("functions");
        std::fs::create_dir(&functions).unwrap();
        let zip = |name: &str, content: &[u8]| {
            let file = functions.join(name);
            let mut writer = zip::ZipWriter::new(std::fs::File::create(&file).unwrap());
            let options = zip::write::SimpleFileOptions::default().unix_permissions(0o755);
            writer.start_file("bootstrap", options).unwrap();
            writer.write_all(content).unwrap();
            writer.finish().unwrap();
            file
        };
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let missing = functions.join("image-push.zip");
        assert_eq!(cannot_run(&missing), Some("image-push"));
        assert!(not_had(&missing).starts_with("there is no `"), "{}", not_had(&missing));
        // This command has its sources.
        assert_eq!(in_the_place_of(&missing), Some(Ok("image-push")));
        let other = zip("image-push.zip", b"\x7fELF of another machine");
        assert_eq!(cannot_run(&other), Some("image-push"));
        let said = not_had(&other);
        for part in [
            "image-push.zip` is not built for this machine (",
            "the release's archive",
            "a clone",
        ] {
            assert!(said.contains(part), "{said}");
        }
        assert_eq!(cannot_run(&zip("own.zip", b"x")), None);
        if cfg!(target_os = "linux") {
            assert_eq!(cannot_run(&zip("image-push.zip", &own)), None);
        }
        // A release's zips are put where the templates name them, all or none.
        let root = tempfile::tempdir().unwrap();
        let missing = put(root.path(), Some(&functions), "arm64").unwrap_err().to_string();
        assert!(missing.contains("has not all of ask-service.zip"), "{missing}");
        for name in NAMES {
            zip(&format!("{name}.zip"), b"x");
        }
        put(root.path(), Some(&functions), "arm64").unwrap();
        let sums = std::fs::read_to_string(root.path().join("functions/SHA256SUMS")).unwrap();
        assert_eq!(sums.lines().count(), NAMES.len());
        assert!(
            sums.lines().all(|line| line.len() > 66 && line.ends_with(".zip")),
            "{sums}"
        );
    }
}
