//! Where the database lies, and that it has one master.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};

use baton::postgres::StartError;
use nix::unistd::geteuid;

use crate::support::{Folder, durable, refusal, start, store_lead, stored_lead};

#[test]
fn a_second_baton_on_the_folder_is_refused_and_told_how_to_share() {
    let folder = Folder::new();
    let server = start(folder.home());
    let refused = refusal(&durable(folder.home()));
    let own_pid = std::process::id();
    assert!(matches!(refused, StartError::InUse { pid: Some(pid), .. } if pid == own_pid));
    let message = refused.to_string();
    for hint in ["DATABASE_URL", "BATON_DATA_DIR", &own_pid.to_string()] {
        assert!(message.contains(hint), "{message}");
    }
    server.stop();
    start(folder.home());
}

#[test]
fn what_a_killed_first_start_left_is_ignored() {
    let folder = Folder::new();
    for name in ["pgdata.new", "pgdata.new.4711"] {
        fs::create_dir_all(folder.home().join(name)).unwrap();
        fs::write(folder.home().join(name).join("PG_VERSION"), "15\n").unwrap();
    }
    open_to_all(&folder);
    let server = start(folder.home());
    store_lead(&server);
    assert!(!folder.home().join("pgdata.new").exists());
    assert!(!folder.home().join("pgdata.new.4711").exists());
}

#[test]
fn a_folder_with_a_long_path_and_a_comma_gets_its_socket_elsewhere() {
    let folder = Folder::new();
    let home = folder
        .path()
        .join("long, ".repeat(15))
        .join("it's")
        .join("home".repeat(30));
    let server = start(&home);
    store_lead(&server);
    let url = server.url("postgres", "baton");
    let socket_folder = url.split('\'').nth(1).unwrap().to_owned();
    assert!(!socket_folder.starts_with(home.to_str().unwrap()));
    let mode = fs::metadata(&socket_folder).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    server.stop();
    assert!(
        !fs::exists(&socket_folder).unwrap(),
        "{socket_folder} is left behind"
    );
    assert_eq!(stored_lead(&start(&home)), "first");
}

#[test]
fn a_home_reached_by_a_symlink_is_the_same_home() {
    let folder = Folder::new();
    let server = start(folder.home());
    symlink(folder.home(), folder.path().join("link")).unwrap();
    let refused = refusal(&durable(folder.path().join("link")));
    assert!(matches!(refused, StartError::InUse { .. }));
    assert_eq!(server.home(), folder.home());
}

#[test]
fn data_of_a_version_that_is_gone_are_not_touched() {
    let folder = Folder::new();
    start(folder.home()).stop();
    let version = folder.home().join("pgdata/PG_VERSION");
    fs::write(&version, "9\n").unwrap();
    let refused = refusal(&durable(folder.home()));
    assert!(
        matches!(refused, StartError::OtherVersion { made_by: 9, .. }),
        "{refused}"
    );
    assert_eq!(fs::read_to_string(version).unwrap(), "9\n");
}

#[test]
fn a_server_that_does_not_come_up_is_quoted() {
    let folder = Folder::new();
    start(folder.home()).stop();
    fs::write(
        folder.home().join("pgdata/postgresql.conf"),
        "no such setting",
    )
    .unwrap();
    let message = refusal(&durable(folder.home())).to_string();
    assert!(message.contains("syntax error"), "{message}");
}

#[test]
fn root_may_keep_its_home_where_the_server_cannot_go() {
    if !geteuid().is_root() {
        return; // An ordinary user's server may go wherever its user may.
    }
    let folder = Folder::new();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
    let server = start(folder.home());
    store_lead(&server);
    server.stop();
    let data = fs::read_link(folder.home().join("pgdata")).unwrap();
    let elsewhere = Removed(data.parent().unwrap().to_owned());
    assert!(data.starts_with("/var/lib/baton"));
    let server = start(folder.home());
    assert_eq!(stored_lead(&server), "first");

    // A copy of the home leads to the same data, so it must wait its turn.
    let copy = folder.path().join("copy");
    fs::create_dir(&copy).unwrap();
    symlink(&data, copy.join("pgdata")).unwrap();
    assert!(matches!(refusal(&durable(copy)), StartError::InUse { .. }));
    drop((server, elsewhere));
}

struct Removed(std::path::PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Lets the server's account pass, as a home that Baton makes does.
fn open_to_all(folder: &Folder) {
    fs::set_permissions(folder.home(), Permissions::from_mode(0o711)).unwrap();
}
