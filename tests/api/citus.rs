//! The rules that let Citus distribute the schema without a change, checked over migrations and queries; and that each
//! migration can be taken back.

use crate::support::server::TestDatabase;
use baton::store::migrations::{self, statements};
use diesel::connection::SimpleConnection;
use diesel::{Connection, PgConnection};
use regex::Regex;
use std::path::{Path, PathBuf};

/// Tables of the service itself, which Citus copies to every server (reference tables).
const OF_THE_SERVICE: [&str; 1] = ["create table signing_keys "];

/// What a statement does against the rules.
fn offences(statement: &str) -> Vec<&'static str> {
    let sql = plain(statement);
    let has = |pattern: &str| Regex::new(pattern).unwrap().is_match(&sql);
    let mut found = Vec::new();
    let mut note = |broken: bool, rule: &'static str| {
        if broken {
            found.push(rule);
        }
    };
    note(
        has(r"\bcreate (or replace )?(constraint )?trigger\b"),
        "trigger",
    );
    note(
        has(r"\bcreate sequence\b|\b(small|big)?serial[248]?\b|\bas identity\b|\bnextval ?\("),
        "sequence",
    );
    note(
        has(r"\bon (delete|update) set (null|default)\b"),
        "set null",
    );
    note(has(r"\bforce row level security\b"), "force");
    note(has(r"\bcreate unlogged\b"), "unlogged");
    note(has(r"\bcreate type [^;]*\bas enum\b"), "enum");
    note(has(r"\bset_config ?\("), "set_config");
    note(
        has(r"\bcreate (unique )?index\b") && index_columns(&sql).iter().any(|c| c.contains('(')),
        "expression index",
    );
    let is_of_workspaces = !OF_THE_SERVICE.iter().any(|table| sql.starts_with(table));
    note(
        is_of_workspaces && keys(&sql).iter().any(|first| first != "workspace_id"),
        "key",
    );
    let writes =
        !has(r"^select\b") || has(r"\b(insert|update|delete|merge) (into|from|only|\w+ set)\b");
    note(
        writes
            && has(
                r"\b(now|random|gen_random_uuid|uuidv7|uuid_generate_v\d|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday) ?\(|\bcurrent_(timestamp|date|time)\b|\blocaltime(stamp)?\b",
            ),
        "clock or chance",
    );
    found
}

/// In small letters, without comments and texts, with single spaces.
fn plain(statement: &str) -> String {
    let comments = Regex::new(r"--[^\n]*|(?s:/\*.*?\*/)").unwrap();
    let texts = Regex::new(r"'(?:[^']|'')*'").unwrap();
    let sql = texts.replace_all(statement, "''").into_owned();
    let sql = comments.replace_all(&sql, " ").to_lowercase();
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What stands between the first parenthesis after `from` and the one that closes it.
fn inside(sql: &str, from: usize) -> &str {
    let Some(open) = sql[from..].find('(').map(|at| from + at + 1) else {
        return "";
    };
    let mut depth = 1;
    for (at, letter) in sql[open..].char_indices() {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &sql[open..open + at];
        }
    }
    &sql[open..]
}

fn index_columns(sql: &str) -> Vec<String> {
    let from = sql.find(" on ").unwrap_or_default();
    inside(sql, from)
        .split(',')
        .map(|column| column.trim().to_owned())
        .collect()
}

/// The first column of every primary key, unique key, reference and index.
fn keys(sql: &str) -> Vec<String> {
    let mut first = Vec::new();
    for key in Regex::new(r"\b(primary key|unique|foreign key|references \w+)\b")
        .unwrap()
        .find_iter(sql)
    {
        if sql[..key.start()].ends_with("create ") {
            continue;
        }
        let columns = sql[key.end()..].trim_start();
        first.push(if columns.starts_with('(') {
            inside(columns, 0)
                .split(',')
                .next()
                .unwrap_or_default()
                .trim()
                .to_owned()
        } else {
            "of one column".to_owned()
        });
    }
    if Regex::new(r"\bcreate (unique )?index\b")
        .unwrap()
        .is_match(sql)
    {
        first.push(index_columns(sql).swap_remove(0));
    }
    first
}

#[test]
fn each_rule_refuses_a_bad_example() {
    for (bad, rule) in [
        (
            "CREATE TRIGGER t BEFORE INSERT ON leads EXECUTE FUNCTION f()",
            "trigger",
        ),
        ("CREATE SEQUENCE s", "sequence"),
        (
            "CREATE TABLE t (workspace_id uuid, n bigserial)",
            "sequence",
        ),
        (
            "CREATE TABLE t (n bigint GENERATED ALWAYS AS IDENTITY)",
            "sequence",
        ),
        (
            "ALTER TABLE t ADD FOREIGN KEY (workspace_id, a)\n  REFERENCES u (workspace_id, id) ON DELETE SET NULL",
            "set null",
        ),
        ("ALTER TABLE t FORCE ROW LEVEL SECURITY", "force"),
        ("CREATE UNLOGGED TABLE t (workspace_id uuid)", "unlogged"),
        ("CREATE TYPE stage AS ENUM ('new', 'mql')", "enum"),
        (
            "SELECT set_config('baton.workspace_id', $1, true)",
            "set_config",
        ),
        (
            "CREATE INDEX i ON leads (workspace_id, lower(email))",
            "expression index",
        ),
        (
            "CREATE INDEX i ON leads (workspace_id, (custom ->> 'plan'))",
            "expression index",
        ),
        ("CREATE TABLE t (id uuid PRIMARY KEY)", "key"),
        (
            "CREATE TABLE t (workspace_id uuid, id uuid, PRIMARY KEY (id, workspace_id))",
            "key",
        ),
        ("CREATE TABLE t (workspace_id uuid, UNIQUE (email))", "key"),
        ("CREATE UNIQUE INDEX i ON leads (email)", "key"),
        ("CREATE INDEX i ON leads USING btree (email)", "key"),
        ("ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES u (id)", "key"),
        (
            "CREATE TABLE t (at timestamptz DEFAULT now())",
            "clock or chance",
        ),
        (
            "INSERT INTO t (at) VALUES (CURRENT_TIMESTAMP)",
            "clock or chance",
        ),
        ("UPDATE t SET id = gen_random_uuid()", "clock or chance"),
        (
            "WITH old AS (SELECT random()) DELETE FROM t",
            "clock or chance",
        ),
        (
            "INSERT INTO t SELECT $1 ON CONFLICT (workspace_id, id) DO UPDATE SET at = clock_timestamp()",
            "clock or chance",
        ),
    ] {
        assert!(offences(bad).contains(&rule), "{bad}: {:?}", offences(bad));
    }
    for good in [
        "CREATE UNIQUE INDEX i ON leads (workspace_id, email) WHERE email IS NOT NULL",
        "COMMENT ON COLUMN t.a IS 'set by a trigger, now()'",
        "SELECT now()",
        "-- CREATE TRIGGER\nCREATE TABLE t (workspace_id uuid, id uuid, PRIMARY KEY (workspace_id, id))",
        "CREATE POLICY p ON t USING (workspace_id = nullif(current_setting('baton.workspace_id', true), '')::uuid)",
    ] {
        assert_eq!(offences(good), Vec::<&str>::new(), "{good}");
    }
}

#[test]
fn every_migration_keeps_the_rules_of_citus() {
    let mut checked = 0;
    for migration in migrations::ALL {
        for statement in statements(migration.up) {
            assert_eq!(
                offences(statement),
                Vec::<&str>::new(),
                "{}: {statement}",
                migration.name
            );
            checked += 1;
        }
    }
    assert!(checked > 50, "only {checked} statements");
}

#[test]
fn every_query_of_the_store_keeps_the_rules_of_citus() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    let mut checked = 0;
    for file in files(&folder) {
        let code = std::fs::read_to_string(&file).unwrap();
        for forbidden in [
            "diesel::dsl::now",
            "dsl::now",
            "CURRENT_TIMESTAMP",
            "CurrentTimestamp",
        ] {
            let allowed =
                usize::from(forbidden == "CURRENT_TIMESTAMP" && file.ends_with("migrations.rs"));
            assert_eq!(
                code.matches(forbidden).count(),
                allowed,
                "{forbidden} in {}",
                file.display()
            );
        }
        for text in sql_texts(&code) {
            // Of diesel's own shape, and local to one node.
            if text.contains("__diesel_schema_migrations") {
                continue;
            }
            assert_eq!(
                offences(&text),
                Vec::<&str>::new(),
                "{}: {text}",
                file.display()
            );
            checked += 1;
        }
    }
    assert!(checked >= 15, "only {checked} statements");
}

/// The files of a folder, at any depth.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| match path.is_dir() {
            true => files(&path),
            false => vec![path],
        })
        .collect()
}

/// The string literals of Rust code that are SQL.
fn sql_texts(code: &str) -> Vec<String> {
    let literal = Regex::new(r#""((?:[^"\\]|\\(?s:.))*)""#).unwrap();
    let is_sql = Regex::new(
        r"^(SELECT|INSERT INTO|UPDATE \w+ |DELETE FROM|WITH (RECURSIVE )?\w+ AS|CREATE|ALTER|DROP) ?",
    )
    .unwrap();
    let continued = Regex::new(r"\\\n\s*").unwrap();
    literal
        .captures_iter(code)
        .map(|found| continued.replace_all(&found[1], "").into_owned())
        .filter(|text| is_sql.is_match(text))
        .collect()
}

/// Everything a migration can make, each on a line.
fn catalog(database: &TestDatabase) -> Vec<String> {
    database.texts(
        "SELECT relkind::text || ' ' || relname FROM pg_class WHERE relnamespace = 'public'::regnamespace \
         UNION ALL SELECT 'option ' || relname || ' ' || unnest(reloptions) FROM pg_class WHERE relnamespace = 'public'::regnamespace \
         UNION ALL SELECT 'column ' || attrelid::regclass || '.' || attname || ' ' || atttypid::regtype FROM pg_attribute \
           JOIN pg_class c ON c.oid = attrelid WHERE c.relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped \
         UNION ALL SELECT 'constraint ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace \
         UNION ALL SELECT 'policy ' || polrelid::regclass || '.' || polname FROM pg_policy \
         UNION ALL SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace \
         UNION ALL SELECT 'type ' || typname FROM pg_type WHERE typnamespace = 'public'::regnamespace \
         ORDER BY 1",
    )
}

#[test]
fn every_migration_can_be_taken_back() {
    let database = TestDatabase::empty();
    let mut owner = PgConnection::establish(&database.urls.owner).unwrap();
    let mut before = Vec::new();
    for migration in migrations::ALL {
        before.push(catalog(&database));
        for statement in statements(migration.up) {
            owner.batch_execute(statement).unwrap();
        }
        assert_ne!(before.last(), Some(&catalog(&database)));
    }
    for (migration, before) in migrations::ALL.iter().zip(before).rev() {
        let down = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("migrations")
            .join(migration.name)
            .join("down.sql");
        for statement in statements(&std::fs::read_to_string(down).unwrap()) {
            owner.batch_execute(statement).unwrap();
        }
        assert_eq!(catalog(&database), before, "{}", migration.name);
    }
    assert_eq!(catalog(&database), Vec::<String>::new());
}
