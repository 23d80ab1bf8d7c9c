//! How the server is set. Options go on its command line, where no edited file overrides them.

use std::path::Path;

use super::Durability;

/// The port, which over a Unix socket is only a part of the socket's name.
pub(super) const PORT: u16 = 5432;

const MEBIBYTE: u64 = 1024 * 1024;

/// What the options depend on.
pub(super) struct Machine<'a> {
    /// The private folder of the socket.
    pub socket_folder: &'a Path,
    /// Memory of the machine in bytes; `None` if unknown.
    pub memory_bytes: Option<u64>,
    /// Whether this server was built with lz4.
    pub has_lz4: bool,
}

/// All options, as `name=value`.
pub(super) fn all(machine: &Machine, durability: Durability) -> Vec<String> {
    let mut options = access(machine.socket_folder);
    options.extend(DISCREET.map(str::to_owned));
    options.extend(COMMON.map(str::to_owned));
    match durability {
        Durability::Full => {
            options.extend(DURABLE.map(str::to_owned));
            options.extend(sized(machine.memory_bytes));
            let compression = if machine.has_lz4 { "lz4" } else { "pglz" };
            options.push(format!("wal_compression={compression}"));
            options.push(format!("default_toast_compression={compression}"));
        }
        Durability::None => options.extend(FLEETING.map(str::to_owned)),
    }
    options
}

/// One socket in a private folder, no network.
fn access(socket_folder: &Path) -> Vec<String> {
    vec![
        "listen_addresses=".to_owned(),
        format!("unix_socket_directories={}", socket_folder.display()),
        "unix_socket_permissions=0700".to_owned(),
        format!("port={PORT}"),
    ]
}

/// Leads are people: no statement, parameter or row reaches the log. Failed statements are the
/// caller's to report (`log` leaves out what is below it, `error`), and `terse` leaves out the
/// lines that quote rows ("Key (email)=(…) already exists").
const DISCREET: [&str; 8] = [
    "log_min_messages=log",
    "log_min_error_statement=panic",
    "log_error_verbosity=terse",
    "log_statement=none",
    "log_min_duration_statement=-1",
    "log_parameter_max_length=0",
    "log_parameter_max_length_on_error=0",
    "log_checkpoints=off",
];

const COMMON: [&str; 10] = [
    "cluster_name=baton",
    "logging_collector=off",
    "log_destination=stderr",
    "timezone=UTC",
    "log_timezone=UTC",
    "jit=off",
    "random_page_cost=1.1",
    "idle_in_transaction_session_timeout=30s",
    "autovacuum=on",
    "autovacuum_naptime=10s",
];

/// What was answered is on the disk. Checkpoints are rare, because each makes the next change of
/// every page cost a whole page of log.
const DURABLE: [&str; 6] = [
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
    "max_wal_size=4GB",
    "checkpoint_timeout=15min",
    "max_connections=100",
];

/// For tests: nothing waits for the disk, and many tests connect at once.
const FLEETING: [&str; 6] = [
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "shared_buffers=64MB",
    "max_wal_size=1GB",
    "max_connections=300",
];

/// A quarter of the memory for the server's own cache, between 128 MB and 1 GB: beyond that the
/// operating system caches as well, and the machine is not ours alone.
fn sized(memory_bytes: Option<u64>) -> Vec<String> {
    let Some(memory) = memory_bytes.map(|bytes| bytes / MEBIBYTE) else {
        return Vec::new();
    };
    vec![
        format!("shared_buffers={}MB", (memory / 4).clamp(128, 1024)),
        format!("effective_cache_size={}MB", (memory / 2).max(256)),
        format!("maintenance_work_mem={}MB", (memory / 32).clamp(64, 256)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cache_is_a_quarter_of_memory_within_bounds() {
        let cache = |gigabytes_tenths: u64| {
            sized(Some(gigabytes_tenths * 1024 * MEBIBYTE / 10)).swap_remove(0)
        };
        assert_eq!(cache(2), "shared_buffers=128MB");
        assert_eq!(cache(20), "shared_buffers=512MB");
        assert_eq!(cache(240), "shared_buffers=1024MB");
    }

    #[test]
    fn only_tests_may_lose_data() {
        let machine = Machine {
            socket_folder: Path::new("/run/baton"),
            memory_bytes: None,
            has_lz4: false,
        };
        let full = all(&machine, Durability::Full);
        for option in ["fsync=on", "synchronous_commit=on", "full_page_writes=on"] {
            assert!(full.iter().any(|set| set == option), "{option}");
        }
        assert!(
            all(&machine, Durability::None)
                .iter()
                .any(|set| set == "fsync=off")
        );
    }
}
