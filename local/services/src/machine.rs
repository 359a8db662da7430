//! What only Linux has, and what stands in for it elsewhere: the one file that knows one system from another.
//!
//! Everything else here asks for what every Unix has. Both ways are compiled on both systems, so that either is tested where
//! the other one runs.

use std::fmt::Debug;
use std::path::Path;
use tokio::process::Command;

/// A system that programs run on.
#[async_trait::async_trait]
pub(crate) trait System: Debug + Send + Sync {
    /// What runs the command behind it in a mount namespace of its own, as an ordinary user may make one; none where the
    /// system has no such thing. Whether this machine allows it shows when it is tried.
    fn in_namespace(&self) -> Option<Command>;

    /// The most memory that a living process has had resident, in kB; none where the system does not tell.
    async fn peak_kilobytes(&self, process: u32) -> Option<u64>;

    /// The machine's name, as a container engine tells it whose containers share this machine's kernel; none where they
    /// never do.
    fn shared_with_engines(&self) -> Option<String>;
}

/// The system of this machine.
pub(crate) fn this() -> &'static dyn System {
    if cfg!(target_os = "linux") { &Linux } else { &Other }
}

/// Linux.
#[derive(Debug)]
pub(crate) struct Linux;

#[async_trait::async_trait]
impl System for Linux {
    fn in_namespace(&self) -> Option<Command> {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--mount", "--"]);
        Some(command)
    }

    async fn peak_kilobytes(&self, process: u32) -> Option<u64> {
        let status = Path::new("/proc").join(process.to_string()).join("status");
        high_water_mark(&tokio::fs::read_to_string(status).await.ok()?)
    }

    fn shared_with_engines(&self) -> Option<String> {
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
        Some(name.trim().to_owned())
    }
}

/// Any other Unix, such as macOS: programs run by mapped paths, and containers in a virtual machine.
#[derive(Debug)]
pub(crate) struct Other;

#[async_trait::async_trait]
impl System for Other {
    fn in_namespace(&self) -> Option<Command> {
        None
    }

    /// What is resident now: nobody else tells the peak.
    async fn peak_kilobytes(&self, process: u32) -> Option<u64> {
        let mut asked = Command::new("ps");
        asked.args(["-o", "rss=", "-p", &process.to_string()]);
        let told = asked.output().await.ok()?;
        String::from_utf8_lossy(&told.stdout).trim().parse().ok()
    }

    fn shared_with_engines(&self) -> Option<String> {
        None
    }
}

/// The peak in what Linux says of a process.
fn high_water_mark(status: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_from_the_kernels_words() {
        let status = "Name:\tbootstrap\nVmPeak:\t   22000 kB\nVmHWM:\t    9216 kB\nVmRSS:\t    9000 kB\n";
        assert_eq!(high_water_mark(status), Some(9216));
        assert_eq!(high_water_mark("State:\tZ (zombie)\n"), None);
    }

    #[tokio::test]
    async fn the_memory_of_a_process_is_told_and_none_of_one_that_is_gone() {
        let own = std::process::id();
        let nobody = i32::MAX.unsigned_abs();
        for system in [this(), &Other] {
            let told = system.peak_kilobytes(own).await;
            // A program that has threads has more than a megabyte, and this one less than a terabyte.
            assert!(
                told.is_some_and(|told| (1_000..1_000_000_000).contains(&told)),
                "{system:?}: {told:?}"
            );
            assert_eq!(system.peak_kilobytes(nobody).await, None, "{system:?}");
        }
    }

    #[test]
    fn an_engine_elsewhere_than_on_linux_is_never_on_this_kernel() {
        assert_eq!(Other.shared_with_engines(), None);
        assert_eq!(this().shared_with_engines().is_some(), cfg!(target_os = "linux"));
    }
}
