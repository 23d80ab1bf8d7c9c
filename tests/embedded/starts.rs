//! Starting and stopping when nothing is wrong.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use baton::postgres::{Durability, Embedded, Settings, find_binaries, install_hint};
use diesel::PgConnection;
use diesel::connection::SimpleConnection;

use crate::support::{Folder, ask, connect, durable, start, store_lead, stored_lead};

#[test]
fn the_second_start_is_quick_and_finds_what_was_stored() {
    let folder = Folder::new();
    let first = Instant::now();
    let server = start(folder.home());
    let first = first.elapsed();
    store_lead(&server);
    server.stop();

    let again = Instant::now();
    let server = start(folder.home());
    let again = again.elapsed();
    assert_eq!(stored_lead(&server), "first");
    // Twice the promise (10 s and 2 s): other tests run on the same cores.
    assert!(
        first < Duration::from_secs(20),
        "the first start took {first:?}"
    );
    assert!(
        again < Duration::from_secs(4),
        "the second start took {again:?}"
    );
    println!("first start {first:?}, second start {again:?}");
}

#[test]
fn nothing_that_was_committed_can_be_lost() {
    let folder = Folder::new();
    let server = start(folder.home());
    let mut conn = connect(&server, "postgres", "postgres");
    for setting in [
        "fsync",
        "synchronous_commit",
        "full_page_writes",
        "data_checksums",
    ] {
        assert_eq!(show(&mut conn, setting), "on", "{setting}");
    }
    assert_eq!(show(&mut conn, "server_encoding"), "UTF8");
    assert_eq!(show(&mut conn, "listen_addresses"), "");
    assert!(show(&mut conn, "server_version").starts_with(&server.version().to_string()));
}

#[test]
fn personal_data_of_a_failed_statement_stay_out_of_the_log() {
    let folder = Folder::new();
    let server = start(folder.home());
    let mut conn = connect(&server, "baton_owner", "baton");
    conn.batch_execute("CREATE TABLE people (email text UNIQUE)")
        .unwrap();
    let insert = "INSERT INTO people VALUES ('buyer@example.com')";
    conn.batch_execute(insert).unwrap();
    conn.batch_execute(insert).unwrap_err();
    conn.batch_execute("SELECT 'buyer@example.com'::uuid")
        .unwrap_err();
    server.stop();
    let log = fs::read_to_string(folder.home().join("postgres.log")).unwrap();
    assert!(log.contains("shut down"));
    assert!(!log.contains("buyer"), "{log}");
}

#[test]
fn tests_get_a_server_that_waits_for_no_disk() {
    let folder = Folder::new();
    let settings = Settings {
        durability: Durability::None,
        ..durable(folder.home())
    };
    let server = Embedded::start(&settings).unwrap();
    let mut conn = connect(&server, "postgres", "postgres");
    assert_eq!(show(&mut conn, "fsync"), "off");
    assert_eq!(show(&mut conn, "max_connections"), "300");
}

#[test]
fn the_service_is_never_a_superuser() {
    let folder = Folder::new();
    for _ in 0..2 {
        let server = start(folder.home());
        for role in ["baton_owner", "baton_app", "baton_worker"] {
            let mut conn = connect(&server, role, "baton");
            let rights = "SELECT format('%s %s %s', rolsuper, rolbypassrls, rolcreatedb) AS answer
                FROM pg_roles WHERE rolname = current_user";
            assert_eq!(ask(&mut conn, rights), "f f f", "{role}");
        }
        let owner = "SELECT pg_get_userbyid(datdba)::text AS answer
            FROM pg_database WHERE datname = 'baton'";
        assert_eq!(
            ask(&mut connect(&server, "baton_app", "baton"), owner),
            "baton_owner"
        );
    }
}

#[test]
fn a_named_folder_of_programs_is_used() {
    let best = find_binaries(None).unwrap().remove(0);
    let folder = Folder::new();
    let settings = Settings {
        bin: Some(best.folder.clone()),
        ..durable(folder.home())
    };
    assert_eq!(Embedded::start(&settings).unwrap().version(), best.version);

    let empty = Settings {
        bin: Some(folder.path().to_owned()),
        ..durable(folder.home())
    };
    let refused = Embedded::start(&empty).err().unwrap().to_string();
    assert!(refused.contains("BATON_PG_BIN"), "{refused}");
}

#[test]
fn an_old_version_is_refused_with_the_command_that_installs_a_new_one() {
    let folder = Folder::new();
    for program in ["postgres", "initdb"] {
        let script = folder.path().join(program);
        fs::write(&script, "#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n").unwrap();
        fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
    }
    let refused = find_binaries(Some(folder.path()))
        .err()
        .unwrap()
        .to_string();
    assert!(
        refused.contains("14") && refused.contains("15 or newer"),
        "{refused}"
    );
    assert!(refused.contains(&install_hint()), "{refused}");
}

fn show(conn: &mut PgConnection, setting: &str) -> String {
    ask(
        conn,
        &format!("SELECT current_setting('{setting}') AS answer"),
    )
}
