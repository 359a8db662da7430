//! The Python of builds: apart from this machine's, from what a person has activated, and from other builds.

use crate::world::{World, everything};
use serde_json::json;
use std::path::Path;

/// Makes packages without an index, and a list that locks one of them, in a folder that is the same for all builds.
const MAKE: &str = r#"
import hashlib, pathlib, sys, zipfile

def wheel(name):
    path = pathlib.Path(sys.argv[1], f"{name}-1-py3-none-any.whl")
    info = f"{name}-1.dist-info"
    files = {
        f"{name}.py": "def main():\n    import sys\n    print(__name__, 'says hello in', sys.prefix)\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
        f"{info}/RECORD": "",
    }
    if not path.exists():
        with zipfile.ZipFile(path, "w") as archive:
            for file, text in files.items():
                archive.writestr(file, text)
    return path

locked, _ = wheel("greeting"), wheel("parting")
digest = hashlib.sha256(locked.read_bytes()).hexdigest()
pathlib.Path("locked.txt").write_text(f"greeting @ file://{locked} --hash=sha256:{digest}\n")
"#;

/// A buildspec with these commands, after the packages are made.
fn buildspec(packages: &Path, commands: &[&str]) -> String {
    let make = format!("python3 make.py {}", packages.display());
    let commands: Vec<&str> = std::iter::once(make.as_str()).chain(commands.iter().copied()).collect();
    let spec = json!({"version": "0.2", "env": {"shell": "bash"}, "phases": {"build": {"commands": commands}}});
    spec.to_string()
}

async fn build(world: &World, packages: &Path, commands: &[&str]) -> Vec<String> {
    let before = world.lines().len();
    let spec = buildspec(packages, commands);
    let build = world
        .build(&[("buildspec.yml", &spec), ("make.py", MAKE)], json!({}))
        .await;
    let lines = world.lines().split_off(before);
    assert_eq!(build["buildStatus"], "SUCCEEDED", "{lines:#?}");
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_build_installs_is_in_no_other_build_and_not_in_this_machines_python() {
    let world = World::new(&everything()).await;
    let packages = tempfile::tempdir().unwrap();
    let package = packages.path().join("parting-1-py3-none-any.whl");
    let install = format!("pip install --no-index {}", package.display());
    let lines = build(
        &world,
        packages.path(),
        &[
            "test -z \"$VIRTUAL_ENV$PYTHONHOME$PYTHONPATH$CONDA_PREFIX\"",
            "! python3 -c 'import parting' 2>/dev/null",
            &install,
            "parting",
            "python -c 'import parting; parting.main()'",
            // Whichever way this machine's own pip is called, it refuses.
            "! \"$STEPLINE_PYTHON\" -m pip install --no-index --no-deps /none.whl",
            "! \"$STEPLINE_PYTHON\" -c 'import parting' 2>/dev/null",
        ],
    )
    .await;
    let said: Vec<&String> = lines
        .iter()
        .filter(|line| line.starts_with("parting says hello in"))
        .collect();
    assert!(said.len() == 2 && said[0] == said[1], "{lines:#?}");
    assert!(said[0].contains("/.stepline/builds/"), "{said:?}");
    build(&world, packages.path(), &["! python3 -c 'import parting' 2>/dev/null"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn locked_packages_are_installed_once_and_no_build_changes_them() {
    let world = World::new(&everything()).await;
    let packages = tempfile::tempdir().unwrap();
    let another = packages.path().join("parting-1-py3-none-any.whl");
    let another = format!("python3 -m pip install --no-index {}", another.display());
    let install = "python3 -m pip install --require-hashes -r locked.txt";
    let first = build(
        &world,
        packages.path(),
        &[install, "greeting", &another, "greeting", "parting"],
    )
    .await;
    let has = |lines: &[String], part: &str| lines.iter().any(|line| line.contains(part));
    assert!(has(&first, "installing the packages into"), "{first:#?}");
    assert!(has(&first, "Successfully installed greeting-1"), "{first:#?}");

    let harm = [
        install,
        "python3 -m pip uninstall --yes greeting || true",
        "rm -f $(command -v greeting)",
        "! python3 -c 'import parting' 2>/dev/null",
    ];
    let second = build(&world, packages.path(), &harm).await;
    let third = build(&world, packages.path(), &[install, "greeting", "python3 -m greeting"]).await;
    for lines in [&second, &third] {
        assert!(has(lines, "the locked packages are in "), "{lines:#?}");
        assert!(!has(lines, "installing the packages into"), "{lines:#?}");
    }
    let said = third
        .iter()
        .find(|line| line.starts_with("greeting says hello in"))
        .unwrap();
    assert!(said.contains("/.stepline/builds/"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_network_the_log_says_what_to_do_and_another_python_is_told_of() {
    let world = World::new(&everything()).await;
    let spec = "
version: 0.2
phases:
  install:
    runtime-versions: {python: 2.7}
    commands: ['pip3 install --index-url http://127.0.0.1:9/simple greeting']
";
    let build = world.build(&[("buildspec.yml", spec)], json!({})).await;
    assert_eq!(build["buildStatus"], "FAILED");
    let lines = world.lines();
    let has = |part: &str| lines.iter().any(|line| line.contains(part));
    assert!(has("Connect it to a network once"), "{lines:#?}");
    let told = "python 2.7 is asked for, and this machine's Python 3.";
    assert!(has(told), "{lines:#?}");
    // In a log of many lines it would be lost.
    let notes = world.notes();
    assert!(notes.iter().any(|note| note.contains(told)), "{notes:#?}");
}
