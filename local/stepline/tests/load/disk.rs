//! A full disk: what needs one fails and says why, what does not goes on, and all is well once there is space again.

use crate::client::Client;
use crate::world::{machine, served};
use platform::principal::Principal;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use stepline::cloud::Cloud;

/// Names the folder of a small file system, in the process that has one.
const SMALL_DISK: &str = "STEPLINE_SMALL_DISK";

/// A project that writes a file into its folder, and as much of it as this.
fn project(cloud: &Cloud, name: &str, kilobytes: usize) -> Value {
    let command = format!("head -c {kilobytes}k /dev/zero >$CODEBUILD_SRC_DIR/file");
    let buildspec = json!({"version": "0.2", "phases": {"build": {"commands": [command]}}});
    json!({
        "name": name, "serviceRole": cloud.account.global_arn("iam", "role/all"),
        "source": {"type": "NO_SOURCE", "buildspec": format!("{buildspec:#}")}, "artifacts": {"type": "NO_ARTIFACTS"},
        "environment": {"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL", "image": "standard:5.0"},
    })
}

async fn call(cloud: &Arc<Cloud>, operation: &str, input: Value) -> Value {
    let output = cloud
        .call(&Principal::Administrator, "codebuild", operation, input)
        .await;
    output.unwrap_or_else(|error| panic!("{operation}: {error}"))
}

/// Builds a project to its end: its status, and what its phases say.
async fn build(cloud: &Arc<Cloud>, project: &Value) -> (String, String) {
    call(cloud, "CreateProject", project.clone()).await;
    let started = call(cloud, "StartBuild", json!({"projectName": project["name"]})).await;
    let id = started["build"]["id"].as_str().expect("an id");
    cloud
        .ongoing
        .end(started["build"]["arn"].as_str().expect("an ARN"))
        .await;
    let builds = call(cloud, "BatchGetBuilds", json!({"ids": [id]})).await;
    let build = &builds["builds"][0];
    (
        build["buildStatus"].as_str().unwrap_or_default().to_owned(),
        build["phases"].to_string(),
    )
}

/// What must hold with a root on a disk that is full, or that nothing can be written to.
async fn goes_on(root: &Path) -> Arc<Cloud> {
    let cloud = served(root.to_owned()).await;
    let (status, phases) = build(&cloud, &project(&cloud, "full", 4096)).await;
    assert_eq!(status, "FAILED", "{phases}");
    assert!(phases.contains("contexts"), "it says why: {phases}");
    let machine = machine(&cloud, "m", &json!({"P": {"Type": "Pass", "End": true}})).await;
    let mut client = Client::connect(&cloud).await;
    let start = json!({"stateMachineArn": machine, "name": "e", "input": "{}"});
    client
        .call("states", "AWSStepFunctions.StartExecution", &start)
        .await
        .expect("a start");
    cloud
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_fails_builds_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    // Where the builds' folder would be is a file, which nobody's rights get past.
    std::fs::write(folder.path().join(".stepline"), "").expect("a file");
    let cloud = goes_on(folder.path()).await;
    std::fs::remove_file(folder.path().join(".stepline")).expect("removed");
    let (status, phases) = build(&cloud, &project(&cloud, "fits", 1)).await;
    assert_eq!(status, "SUCCEEDED", "{phases}");
}

/// The same on a disk of 256 KB that is really full: this test again, in a process that may mount one.
#[test]
fn a_full_disk_fails_builds_alone() {
    if std::env::var_os(SMALL_DISK).is_some() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let inner =
        "mount -t tmpfs -o size=256k tmpfs \"$STEPLINE_SMALL_DISK\" || exit 99; exec \"$0\" --exact disk::inside";
    let program = std::env::current_exe().expect("this program");
    let ran = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", inner])
        .arg(&program)
        .env(SMALL_DISK, folder.path())
        .output();
    match ran {
        Ok(output) if output.status.success() => (),
        // Where nobody may mount anything, the test above has to do.
        Ok(output)
            if output.status.code() == Some(99) || String::from_utf8_lossy(&output.stderr).contains("unshare") =>
        {
            println!("no file system can be mounted here");
        }
        Err(_) => println!("there is no unshare here"),
        Ok(output) => panic!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        ),
    }
}

#[tokio::test]
async fn inside() {
    let Some(folder) = std::env::var_os(SMALL_DISK) else {
        return;
    };
    let folder = Path::new(&folder);
    let cloud = goes_on(folder).await;
    let (status, phases) = build(&cloud, &project(&cloud, "fits", 1)).await;
    assert_eq!(status, "SUCCEEDED", "{phases}");
    // Full before the build begins, down to the last byte.
    let filler = std::fs::File::create(folder.join("filler")).expect("a file");
    let _ = std::io::copy(&mut std::io::Read::take(std::io::repeat(0), 1 << 20), &mut &filler);
    let (status, phases) = build(&cloud, &project(&cloud, "full-before", 64)).await;
    assert_eq!(status, "FAILED", "{phases}");
    assert!(phases.contains("contexts"), "it says why: {phases}");
    // An open file keeps its space.
    drop(filler);
    std::fs::remove_file(folder.join("filler")).expect("removed");
    let (status, phases) = build(&cloud, &project(&cloud, "fits-again", 1)).await;
    assert_eq!(status, "SUCCEEDED", "{phases}");
}
