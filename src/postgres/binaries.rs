//! Which PostgreSQL to run: the folders where systems put `postgres` and `initdb`, and the choice
//! among the versions found there.

use std::collections::HashSet;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::{StartError, not_installed};
use super::install_hint;

/// The oldest major version with everything Baton uses.
const OLDEST: u32 = 15;
/// The newest major version that Baton was tried with. Newer ones are used if there is nothing else.
const NEWEST_TRIED: u32 = 18;

/// Where systems keep server programs; one `*` stands for the rest of a folder's name.
const USUAL_FOLDERS: [&str; 12] = [
    "/usr/lib/postgresql/*/bin",   // Debian, Ubuntu
    "/usr/pgsql-*/bin",            // packages of the PostgreSQL project for Fedora, Red Hat
    "/usr/libexec/postgresql*",    // Alpine
    "/usr/lib/postgresql*/bin",    // SUSE
    "/usr/lib64/postgresql-*/bin", // Gentoo
    "/usr/bin",                    // Fedora, Arch, when PATH is bare
    "/usr/local/pgsql*/bin",       // built from source
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
    "/opt/local/lib/postgresql*/bin", // MacPorts
    "/Applications/Postgres.app/Contents/Versions/*/bin",
];

/// The programs of one installed PostgreSQL server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binaries {
    /// The folder of `postgres` and `initdb`, without symlinks.
    pub folder: PathBuf,
    /// The major version, such as 17.
    pub version: u32,
}

/// Finds the installed servers that Baton can run, the best one first; never an empty list.
///
/// Looks in `folder` alone if it is given, else on `PATH` and in the usual folders of Debian,
/// Fedora, Alpine, Homebrew and others.
///
/// # Errors
/// [`StartError::NotInstalled`] or [`StartError::NotInFolder`] when there is none,
/// [`StartError::Unsupported`] when all are older than version 15.
pub fn find_binaries(folder: Option<&Path>) -> Result<Vec<Binaries>, StartError> {
    let mut found = match folder {
        Some(folder) => inspect([folder.to_owned()]),
        None => inspect(candidates()),
    };
    if found.is_empty() {
        return Err(match folder {
            Some(folder) => StartError::NotInFolder {
                folder: folder.to_owned(),
            },
            None => not_installed(),
        });
    }
    rank(&mut found);
    if let Some(best) = found.first().filter(|best| best.version < OLDEST) {
        return Err(StartError::Unsupported {
            version: best.version,
            folder: best.folder.clone(),
            install: install_hint(),
        });
    }
    found.retain(|binaries| binaries.version >= OLDEST);
    Ok(found)
}

/// Picks the server that can read data made by `version`: data files belong to a major version.
pub(super) fn of_version(
    found: Vec<Binaries>,
    version: u32,
    data: &Path,
) -> Result<Binaries, StartError> {
    let versions: Vec<String> = found.iter().map(|b| b.version.to_string()).collect();
    found
        .into_iter()
        .find(|binaries| binaries.version == version)
        .ok_or_else(|| StartError::OtherVersion {
            data: data.to_owned(),
            made_by: version,
            found: versions.join(", "),
        })
}

/// Best first: the newest that was tried, then newer ones, then those that are too old.
fn rank(found: &mut [Binaries]) {
    found.sort_by_key(|binaries| match binaries.version {
        tried @ OLDEST..=NEWEST_TRIED => (0, NEWEST_TRIED - tried),
        newer if newer > NEWEST_TRIED => (1, newer),
        older => (2, OLDEST - older),
    });
}

fn candidates() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let usual = USUAL_FOLDERS.iter().flat_map(|pattern| expand(pattern));
    env::split_paths(&path).chain(usual).collect()
}

/// The existing folders that `pattern` stands for.
fn expand(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else {
        return vec![PathBuf::from(pattern)];
    };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or(("", before));
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path().join(after.trim_start_matches('/')))
        .collect()
}

/// The servers in `folders`, each once. Programs on `PATH` are often symlinks to the real folder.
fn inspect(folders: impl IntoIterator<Item = PathBuf>) -> Vec<Binaries> {
    let mut seen = HashSet::new();
    folders
        .into_iter()
        .filter_map(|folder| fs::canonicalize(folder.join("postgres")).ok())
        .filter_map(|program| program.parent().map(Path::to_owned))
        .filter(|folder| folder.join("initdb").is_file() && seen.insert(folder.clone()))
        .filter_map(|folder| {
            Some(Binaries {
                version: ask_version(&folder)?,
                folder,
            })
        })
        .collect()
}

fn ask_version(folder: &Path) -> Option<u32> {
    let output = Command::new(folder.join("postgres"))
        .arg("--version")
        .output()
        .ok()?;
    parse_version(&String::from_utf8_lossy(&output.stdout))
}

/// The major version in an answer such as `postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)`.
fn parse_version(answer: &str) -> Option<u32> {
    let (_, version) = answer.split_once("(PostgreSQL) ")?;
    version
        .split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(version: u32) -> Binaries {
        Binaries {
            folder: PathBuf::from(format!("/pg/{version}")),
            version,
        }
    }

    #[test]
    fn the_major_version_is_read_from_releases_and_previews() {
        let debian = "postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n";
        assert_eq!(parse_version(debian), Some(15));
        assert_eq!(parse_version("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(parse_version("bash: postgres: not found"), None);
    }

    #[test]
    fn the_newest_version_that_was_tried_comes_first() {
        let mut found = [14, 20, 15, 18, 19].map(server);
        rank(&mut found);
        assert_eq!(found.map(|binaries| binaries.version), [18, 15, 19, 20, 14]);
    }

    #[test]
    fn data_are_opened_by_the_version_that_made_them() {
        let found = vec![server(17), server(15)];
        let chosen = of_version(found.clone(), 15, Path::new("/data"));
        assert_eq!(chosen.ok(), Some(server(15)));
        let missing = of_version(found, 16, Path::new("/data"));
        assert!(matches!(
            missing,
            Err(StartError::OtherVersion { made_by: 16, .. })
        ));
    }
}
