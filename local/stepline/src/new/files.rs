//! The files of a new repository: those of this one that make the chain, as the build script lists them, and a few of its own.

/// A file.
pub(super) struct File {
    /// Where it goes.
    pub(super) path: &'static str,
    pub(super) content: &'static [u8],
    pub(super) is_executable: bool,
}

include!(concat!(env!("OUT_DIR"), "/repository.rs"));

/// Files that only a new repository has.
const OWN: &[(&str, &[u8])] = &[
    (".github/workflows/deploy.yml", include_bytes!("assets/deploy.yml")),
    (".github/workflows/validate.yml", include_bytes!("assets/validate.yml")),
    (".gitignore", include_bytes!("assets/gitignore")),
    ("README.md", include_bytes!("assets/README.md")),
];

/// All files.
pub(super) fn all() -> impl Iterator<Item = File> {
    let own = OWN.iter().map(|&(path, content)| File {
        path,
        content,
        is_executable: false,
    });
    let shared = REPOSITORY.iter().map(|&(path, content, is_executable)| File {
        path,
        content,
        is_executable,
    });
    shared.chain(own)
}
