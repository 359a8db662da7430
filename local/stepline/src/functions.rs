//! Stepline's own functions in repositories that have them as zips: what runs here in the place of a zip that cannot.
//!
//! A zip in `functions/` is built for Lambda: for Linux, and mostly for arm64. Where it is not there yet, or is not for this
//! machine, the local run takes the same function as this command's own sources build it.

use std::io::Read as _;
use std::path::{Path, PathBuf};

/// The functions, by the names of their binaries and zips.
const NAMES: &[&str] = &["ask-service", "image-push", "pipeline-action", "resolve-parameters"];

/// The function that a zip is one of, if the zip cannot run here.
pub(crate) fn in_the_place_of(zip: &Path) -> Option<&'static str> {
    let is_in_functions = zip
        .parent()
        .and_then(Path::file_name)
        .is_some_and(|folder| folder == "functions");
    let is_zip = zip.extension().is_some_and(|ending| ending == "zip");
    let stem = zip.file_stem()?.to_str()?;
    let name = NAMES.iter().find(|name| **name == stem).copied()?;
    (is_in_functions && is_zip && !runs_here(zip)).then_some(name)
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

/// The workspace to build functions from: the repository itself where it has Rust, else the sources of this command, if they
/// are still where they were.
pub(crate) fn workspace(root: &Path) -> PathBuf {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap_or(Path::new(""));
    match root.join("Cargo.toml").is_file() || !sources.join("functions/pipeline-action/Cargo.toml").is_file() {
        true => root.to_owned(),
        false => sources.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

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
        assert_eq!(in_the_place_of(&functions.join("image-push.zip")), Some("image-push"));
        assert_eq!(
            in_the_place_of(&zip("image-push.zip", b"\x7fELF of another machine")),
            Some("image-push")
        );
        assert_eq!(in_the_place_of(&zip("own.zip", b"x")), None);
        if cfg!(target_os = "linux") {
            assert_eq!(in_the_place_of(&zip("image-push.zip", &own)), None);
        }
    }
}
