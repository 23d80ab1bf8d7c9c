//! A short name for a long path, always the same.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use sha2::{Digest, Sha256};

/// The first 16 hexadecimal digits of the SHA-256 of `path`.
pub(super) fn of(path: &Path) -> String {
    let digest = Sha256::digest(path.as_os_str().as_bytes());
    digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_sha256sum_prints_first() {
        // printf /srv/baton/.baton | sha256sum
        assert_eq!(of(Path::new("/srv/baton/.baton")), "1db16426267dd202");
    }
}
