//! How much memory a process has used at most.

use std::path::PathBuf;

/// The peak of a living process's resident memory in MB, rounded up, or None if the system does not tell.
///
/// Linux says so in `/proc` (`VmHWM`); elsewhere `ps` gives only what is resident now.
pub(super) async fn peak_mb(pid: u32) -> Option<u32> {
    let kilobytes = if cfg!(target_os = "linux") {
        let status = tokio::fs::read_to_string(PathBuf::from(format!("/proc/{pid}/status")))
            .await
            .ok()?;
        high_water_mark(&status)?
    } else {
        let output = tokio::process::Command::new("ps")
            .args(["-o", "rss=", "-p", &pid.to_string()])
            .output()
            .await
            .ok()?;
        String::from_utf8_lossy(&output.stdout).trim().parse().ok()?
    };
    u32::try_from(kilobytes.div_ceil(1024)).ok()
}

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
}
