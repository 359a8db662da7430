//! What was compiled for one of the README's commands is not compiled again for the other: cargo chooses the features of a
//! dependency by all packages that a command builds, and a feature that tests alone ask for makes it another dependency.

use super::house::root;
use std::collections::BTreeSet;
use std::process::Command;

/// The workspace's dependencies with their features, as `cargo` would build them along these kinds of edges.
fn built_along(edges: &str) -> BTreeSet<String> {
    let listing = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "--workspace", "--prefix", "none"])
        .args(["--edges", edges, "--format", "{p} [{f}]"])
        .current_dir(root())
        .output()
        .expect("cargo tree");
    assert!(listing.status.success(), "{}", String::from_utf8_lossy(&listing.stderr));
    let of_others = |line: &&str| !line.contains(" (/");
    let text = String::from_utf8(listing.stdout).expect("names in UTF-8");
    text.lines()
        .map(|line| line.trim_end_matches(" (*)"))
        .filter(of_others)
        .map(str::to_owned)
        .collect()
}

#[test]
fn tests_build_what_the_command_has_built() {
    let ran = built_along("normal,build");
    let tested = built_along("normal,build,dev");
    assert!(ran.len() > 200, "{ran:?}");
    let again: Vec<_> = ran.difference(&tested).collect();
    assert!(
        again.is_empty(),
        "tests ask for other features of {again:?} than the command does, so that `cargo run` and `cargo test --workspace` each \
         compile it, and all that uses it. Ask for them in test-support/Cargo.toml, too, which both build."
    );
}
