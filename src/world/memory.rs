//! How much memory this process may have: the machine's, or less where a control group says so.

use std::fs;
use std::path::Path;

/// What content may take of it at the most, so that rules, sessions and what a reader makes of content
/// have room beside it.
const SHARE: u64 = 4;

/// The part of this process's memory that content may take.
pub fn share() -> u64 {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total(&text));
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let limits = limit_files(&groups).into_iter().filter_map(|file| fs::read_to_string(file).ok()?.trim().parse().ok());
    limits.chain(machine).min().unwrap_or(u64::MAX) / SHARE
}

/// `MemTotal: 24616188 kB`.
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}

/// Where limits may stand for this process: in its own group and in each above it, of either version. `max`
/// in one of them is no number, and so no limit.
fn limit_files(groups: &str) -> Vec<String> {
    let mut files = Vec::new();
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(group)) = (fields.next(), fields.next()) else { continue };
        let (root, file) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max"),
            some if some.split(',').any(|one| one == "memory") => ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            _ => continue,
        };
        for above in Path::new(group).ancestors() {
            let above = above.to_string_lossy();
            files.push(format!("{root}/{}/{file}", above.trim_matches('/')));
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_looked_for_in_every_group_above() {
        let second = limit_files("0::/system.slice/waxseal.service\n");
        assert_eq!(
            second,
            [
                "/sys/fs/cgroup/system.slice/waxseal.service/memory.max",
                "/sys/fs/cgroup/system.slice/memory.max",
                "/sys/fs/cgroup//memory.max",
            ]
        );
        let first = limit_files("5:cpu,cpuacct:/a\n4:memory:/small\n1:name=systemd:/\n");
        assert_eq!(
            first,
            ["/sys/fs/cgroup/memory/small/memory.limit_in_bytes", "/sys/fs/cgroup/memory//memory.limit_in_bytes"]
        );
    }

    #[test]
    fn the_machine_has_what_the_kernel_says() {
        assert_eq!(total("MemTotal:       1000 kB\nMemFree: 7 kB\n"), Some(1_024_000));
        assert_eq!(total("nothing"), None);
        assert!(share() > 1 << 20);
    }
}
