//! How much memory this machine, or this container, has.

use std::fs;

/// Memory in bytes, if it can be learnt: the machine's, or less where a control group sets a limit.
pub(super) fn total_bytes() -> Option<u64> {
    [machine_bytes(), container_bytes()]
        .into_iter()
        .flatten()
        .min()
}

#[cfg(target_os = "linux")]
fn machine_bytes() -> Option<u64> {
    parse_meminfo(&fs::read_to_string("/proc/meminfo").ok()?)
}

#[cfg(not(target_os = "linux"))]
fn machine_bytes() -> Option<u64> {
    let output = std::process::Command::new("sysctl")
        .args(["-n", "hw.memsize"])
        .output()
        .ok()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

/// The limit of the control group that this process sees as its root, versions 2 and 1.
fn container_bytes() -> Option<u64> {
    let files = [
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ];
    // Without a limit the file says "max" or is missing.
    files
        .into_iter()
        .find_map(|file| fs::read_to_string(file).ok()?.trim().parse().ok())
}

#[cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "other systems have no /proc")
)]
fn parse_meminfo(text: &str) -> Option<u64> {
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meminfo_counts_in_kilobytes() {
        let text = "MemTotal:       24576 kB\nMemFree:           12 kB\n";
        assert_eq!(parse_meminfo(text), Some(24576 * 1024));
    }
}
