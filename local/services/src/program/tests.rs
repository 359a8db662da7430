//! Programs as processes: with the image's files at their own paths, and, as on a system without namespaces, at mapped ones.

use super::{Image, Own, Program, process};
use crate::containers::Containers;
use crate::machine::{self, Other, System};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Where the program finds what is its own, whichever way it runs.
const PROGRAM: &str = r#"
. "$(dirname "$0")/words"
echo "$greeting from $(basename "$(pwd)")"
echo kept >"${ML_ROOT:-/opt/ml}/output"
"#;

/// An image with the program, and what it reads.
fn image(ending: &str) -> Image {
    let mut layer = tar::Builder::new(Vec::new());
    for (path, content) in [
        ("opt/program/run", format!("{PROGRAM}{ending}\n")),
        ("opt/program/words", "greeting=Hello\n".to_owned()),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        layer.append_data(&mut header, path, content.as_bytes()).unwrap();
    }
    Image::of(layer.into_inner().unwrap(), "/opt/program")
}

fn program(folder: &Path) -> Program {
    let own = Own {
        path: "/opt/ml",
        variable: "ML_ROOT",
        folder: folder.join("ml"),
    };
    std::fs::create_dir(&own.folder).unwrap();
    Program {
        name: "greeter".into(),
        command: ["sh", "/opt/program/run"].map(str::to_owned).to_vec(),
        working_directory: None,
        environment: BTreeMap::new(),
        is_isolated: false,
        own: Some(own),
        port: None,
    }
}

/// A program that runs on a system, its folder, and its lines so far.
struct Running {
    program: process::Process,
    folder: tempfile::TempDir,
    lines: Arc<Mutex<Vec<String>>>,
}

async fn running(system: &'static dyn System, ending: &str) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let lines = Arc::new(Mutex::new(Vec::new()));
    let containers = Containers::default().on(system);
    let (program, image, log) = (program(folder.path()), image(ending), Arc::clone(&lines));
    let say = move |line| log.lock().unwrap().push(line);
    let started = process::start(&containers, &program, image, folder.path(), say).await;
    Running {
        program: started.unwrap(),
        folder,
        lines,
    }
}

#[tokio::test]
async fn a_program_finds_its_files_and_its_own_folder_on_every_system() {
    use super::Started;
    for system in [machine::this(), &Other] {
        let mut running = running(system, "exit 3").await;
        assert_eq!(running.program.wait().await.unwrap(), 3, "{system:?}");
        Box::new(running.program).leave(&[]).await.unwrap();
        assert_eq!(*running.lines.lock().unwrap(), ["Hello from program"], "{system:?}");
        let kept = std::fs::read_to_string(running.folder.path().join("ml/output"));
        assert_eq!(kept.unwrap(), "kept\n", "{system:?}");
    }
}

#[tokio::test]
async fn without_namespaces_it_is_said_that_paths_are_mapped_and_everything_else_works() {
    use super::Started;
    let mut running = running(&Other, "sleep 1000").await;
    let said = running.program.describe();
    assert!(
        said.starts_with("a plain process, with the image's paths mapped"),
        "{said}"
    );
    // A health check, say, runs with the same files.
    let beside = running.program.beside();
    for (command, code) in [("/opt/program/words", 0), ("/opt/program/absent", 1)] {
        let command = ["test", "-f", command].map(str::to_owned);
        assert_eq!(beside.run(&command).await.unwrap(), code, "{command:?}");
    }
    running.program.stop(Duration::from_secs(20)).await.unwrap();
    assert_eq!(running.program.wait().await.unwrap(), 128 + 15);
}
