//! Tenants cannot see each other (promise P6): the catalog, the start-up check, and every operation.

use crate::support::TestApp;
use crate::support::operations::{Ids, operations};
use crate::support::server::{TestDatabase, number, texts};
use baton::app::check_isolation;
use baton::store::isolation::faults;
use diesel::connection::SimpleConnection;
use diesel::{PgConnection, RunQueryDsl};
use regex::Regex;
use serde_json::json;
use uuid::Uuid;

/// Tables and partitions that hold what belongs to a workspace.
const TENANT_TABLES: &str = "SELECT c.oid, c.relname, c.relispartition, c.relrowsecurity, c.relforcerowsecurity FROM pg_class c \
     JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public' \
     JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'workspace_id' AND NOT a.attisdropped WHERE c.relkind IN ('r', 'p')";

/// Tables without a workspace.
fn homeless(database: &TestDatabase) -> Vec<String> {
    database.texts(&format!(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') \
         AND oid NOT IN (SELECT oid FROM ({TENANT_TABLES}) t) ORDER BY 1"
    ))
}

/// Tables that row-level security does not guard, or that it would guard against their owner, too.
fn unguarded(database: &TestDatabase) -> Vec<String> {
    database.texts(&format!(
        "SELECT t.relname FROM ({TENANT_TABLES}) t WHERE NOT t.relrowsecurity OR t.relforcerowsecurity OR NOT EXISTS ( \
           SELECT FROM pg_policy p WHERE p.polrelid = t.oid AND p.polroles = ARRAY['baton_app'::regrole::oid] AND p.polcmd = '*' \
           AND pg_get_expr(p.polqual, p.polrelid) LIKE '%workspace_id = %baton.workspace_id%' \
           AND pg_get_expr(p.polwithcheck, p.polrelid) LIKE '%workspace_id = %baton.workspace_id%')"
    ))
}

/// Keys, indexes and references whose first column is not the workspace.
fn astray(database: &TestDatabase) -> Vec<String> {
    let column = |relation: &str, number: &str| {
        format!(
            "(SELECT attname FROM pg_attribute WHERE attrelid = {relation} AND attnum = {number})"
        )
    };
    database.texts(&format!(
        "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN ({TENANT_TABLES}) t ON t.oid = i.indrelid WHERE {} IS DISTINCT FROM 'workspace_id' \
         UNION ALL SELECT k.conname FROM pg_constraint k JOIN ({TENANT_TABLES}) t ON t.oid = k.conrelid WHERE k.contype = 'f' \
           AND ({} IS DISTINCT FROM 'workspace_id' OR {} IS DISTINCT FROM 'workspace_id') \
         UNION ALL SELECT t.relname FROM ({TENANT_TABLES}) t WHERE NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = t.oid AND i.indisprimary)",
        column("i.indrelid", "i.indkey[0]"),
        column("k.conrelid", "k.conkey[1]"),
        column("k.confrelid", "k.confkey[1]"),
    ))
}

fn nothing() -> Vec<String> {
    Vec::new()
}

#[test]
fn p6_every_table_is_of_workspaces_and_guarded() {
    let database = TestDatabase::create();
    assert_eq!(
        homeless(&database),
        ["__diesel_schema_migrations", "signing_keys"]
    );
    assert_eq!(unguarded(&database), nothing());
    let count = |which: &str| {
        database.number(&format!(
            "SELECT count(*) FROM ({TENANT_TABLES}) t WHERE {which}"
        ))
    };
    assert!(count("NOT t.relispartition") >= 13 && count("t.relispartition") >= 15);
    for bad in [
        "CREATE TABLE bad (workspace_id uuid PRIMARY KEY)",
        "CREATE TABLE bad (workspace_id uuid PRIMARY KEY); ALTER TABLE bad ENABLE ROW LEVEL SECURITY; \
         CREATE POLICY tenant ON bad TO baton_app USING (workspace_id = current_setting('baton.workspace_id')::uuid)",
        "CREATE TABLE bad (workspace_id uuid PRIMARY KEY); ALTER TABLE bad ENABLE ROW LEVEL SECURITY; \
         CREATE POLICY tenant ON bad TO baton_app USING (true) WITH CHECK (true)",
    ] {
        let database = TestDatabase::create();
        database.by_hand(bad);
        assert_eq!(unguarded(&database), ["bad"], "{bad}");
    }
    database.by_hand("ALTER TABLE leads FORCE ROW LEVEL SECURITY");
    assert_eq!(unguarded(&database), ["leads"]);
}

#[test]
fn p6_every_key_index_and_reference_begins_with_the_workspace() {
    let database = TestDatabase::create();
    assert_eq!(astray(&database), nothing());
    for (bad, name) in [
        ("CREATE INDEX bad ON leads (email)", "bad"),
        (
            "CREATE TABLE bad (workspace_id uuid, id uuid PRIMARY KEY)",
            "bad_pkey",
        ),
        (
            "CREATE TABLE bad (workspace_id uuid, id uuid, PRIMARY KEY (workspace_id, id), UNIQUE (id))",
            "bad_id_key",
        ),
        ("CREATE TABLE bad (workspace_id uuid)", "bad"),
        (
            "CREATE TABLE one (workspace_id uuid, id uuid UNIQUE, PRIMARY KEY (workspace_id, id)); ALTER TABLE one DROP CONSTRAINT one_id_key; \
             CREATE UNIQUE INDEX one_by_both ON one (workspace_id, id); \
             CREATE TABLE bad (workspace_id uuid, other uuid, PRIMARY KEY (workspace_id, other), \
             CONSTRAINT bad_reference FOREIGN KEY (other, workspace_id) REFERENCES one (id, workspace_id))",
            "bad_reference",
        ),
    ] {
        let database = TestDatabase::create();
        database.by_hand(bad);
        assert_eq!(astray(&database), [name], "{bad}");
    }
}

#[test]
fn p6_the_service_refuses_a_database_in_which_tenants_are_not_apart() {
    let whole = TestDatabase::create();
    assert_eq!(faults(&whole.open()).unwrap(), nothing());
    check_isolation(&whole.open()).unwrap();
    for (damage, table) in [
        ("DROP POLICY tenant ON leads", "leads"),
        ("DROP POLICY tenant ON outbox", "outbox"),
        (
            "ALTER TABLE consents DISABLE ROW LEVEL SECURITY",
            "consents",
        ),
        ("ALTER TABLE forms OWNER TO baton_app", "forms"),
        (
            "CREATE POLICY open ON leads TO baton_app USING (true)",
            "leads",
        ),
        (
            "CREATE POLICY open ON activities USING (true) WITH CHECK (true)",
            "activities",
        ),
        (
            "DROP POLICY tenant ON leads; CREATE POLICY tenant ON leads TO baton_app USING (workspace_id IS NOT NULL) WITH CHECK (workspace_id IS NOT NULL)",
            "leads",
        ),
        (
            "CREATE TABLE added (workspace_id uuid PRIMARY KEY); GRANT SELECT ON added TO baton_app",
            "added",
        ),
    ] {
        let database = TestDatabase::create();
        database.by_hand(damage);
        let found = faults(&database.open()).unwrap();
        assert!(
            found.len() == 1 && found[0].contains(&format!("table {table}")),
            "{damage}: {found:?}"
        );
        assert!(check_isolation(&database.open()).is_err(), "{damage}");
    }
}

/// Two workspaces with a row of everything.
fn two_workspaces() -> (TestApp, Uuid) {
    let app = TestApp::start();
    let (other, key) = app.another_workspace();
    let person = json!({
        "email": "hidden@example.com", "phone": "+14155550132", "last_name": "Geheimnis", "external_ids": {"crm": "A-1"},
        "consents": [{"channel": "email", "granted": true}]
    });
    for client in [app.client(), app.client_with(&key)] {
        let captured = client
            .with("Idempotency-Key", "once")
            .post("/v1/capture", &person);
        assert_eq!(captured.status, 201);
        let lead = captured.json()["lead"]["id"].as_str().unwrap().to_owned();
        let note = client.post(&format!("/v1/leads/{lead}/notes"), &json!({"body": "x"}));
        assert_eq!(note.status, 201);
        let bulk = json!({"action": "tag", "tags": ["a"], "select": {"ids": [lead]}});
        assert_eq!(client.post("/v1/leads/bulk", &bulk).status, 202);
        let view = client.post("/v1/views", &json!({"name": "All"}));
        assert_eq!(view.status, 201);
    }
    app.form(|_| {});
    app.events(3);
    (app, other)
}

fn run(connection: &mut PgConnection, sql: &str) -> Result<usize, diesel::result::Error> {
    diesel::sql_query(sql).execute(connection)
}

fn enter(connection: &mut PgConnection, workspace: Uuid) {
    connection
        .batch_execute(&format!("SET baton.workspace_id = '{workspace}'"))
        .unwrap();
}

#[test]
fn p6_without_a_workspace_nothing_is_seen_and_nothing_written() {
    let (app, _) = two_workspaces();
    let mut connection = app.database().look_as_app();
    let tables = app.database().texts(&format!(
        "SELECT relname FROM ({TENANT_TABLES}) t WHERE NOT relispartition"
    ));
    for table in tables {
        assert_eq!(
            number(&mut connection, &format!("SELECT count(*) FROM {table}")),
            0,
            "{table}"
        );
        let copy = row_of(&app, &table, app.workspace_id);
        let Some(copy) = copy else { continue };
        let refused = run(&mut connection, &copy).unwrap_err().to_string();
        assert!(refused.contains("row-level security"), "{table}: {refused}");
    }
    for partition in app.database().texts(&format!(
        "SELECT relname FROM ({TENANT_TABLES}) t WHERE relispartition"
    )) {
        let refused = run(&mut connection, &format!("SELECT 1 FROM {partition}")).unwrap_err();
        assert!(
            refused.to_string().contains("permission denied"),
            "{partition}: {refused}"
        );
    }
}

/// A statement that adds a row which the workspace has already.
fn row_of(app: &TestApp, table: &str, workspace: Uuid) -> Option<String> {
    let row = app.database().texts(&format!(
        "SELECT to_jsonb(t) FROM {table} t WHERE workspace_id = '{workspace}' LIMIT 1"
    ));
    let row = row.first()?.replace('\'', "''");
    Some(format!(
        "INSERT INTO {table} SELECT (jsonb_populate_record(NULL::{table}, '{row}')).*"
    ))
}

#[test]
fn p6_one_workspace_neither_sees_nor_changes_rows_of_another() {
    let (app, other) = two_workspaces();
    let mut connection = app.database().look_as_app();
    enter(&mut connection, other);
    let mut with_rows = 0;
    for table in app.database().texts(&format!(
        "SELECT relname FROM ({TENANT_TABLES}) t WHERE NOT relispartition"
    )) {
        let of_first = format!("{table} WHERE workspace_id = '{}'", app.workspace_id);
        // Only what the other workspace did is counted, never the rows before and after: the
        // workers of the first go on beside this.
        let rows = app
            .database()
            .number(&format!("SELECT count(*) FROM {of_first}"));
        with_rows += usize::from(rows > 0);
        assert_eq!(
            number(&mut connection, &format!("SELECT count(*) FROM {of_first}")),
            0,
            "{table}"
        );
        // Some tables are not granted for these at all: that is as good.
        for change in [
            format!(
                "UPDATE {table} SET workspace_id = '{other}' WHERE workspace_id = '{}'",
                app.workspace_id
            ),
            format!("DELETE FROM {of_first}"),
        ] {
            match run(&mut connection, &change) {
                Ok(changed) => assert_eq!(changed, 0, "{change}"),
                Err(refused) => {
                    assert!(
                        refused.to_string().contains("permission denied"),
                        "{change}: {refused}"
                    )
                }
            }
        }
        if let Some(copy) = row_of(&app, &table, app.workspace_id) {
            let refused = run(&mut connection, &copy).unwrap_err().to_string();
            assert!(refused.contains("row-level security"), "{table}: {refused}");
        }
    }
    assert!(
        with_rows >= 12,
        "only {with_rows} tables had a row to protect"
    );
}

#[test]
fn p6_what_a_policy_hides_shows_when_it_is_taken_away() {
    let (app, other) = two_workspaces();
    let mut connection = app.database().look_as_app();
    enter(&mut connection, other);
    let seen = |connection: &mut PgConnection| {
        texts(
            connection,
            &format!(
                "SELECT last_name FROM leads WHERE workspace_id = '{}'",
                app.workspace_id
            ),
        )
    };
    assert_eq!(seen(&mut connection), nothing());
    app.database().by_hand("DROP POLICY tenant ON leads");
    assert_eq!(
        seen(&mut connection),
        nothing(),
        "without a policy PostgreSQL shows nothing at all"
    );
    app.database()
        .by_hand("CREATE POLICY tenant ON leads TO baton_app USING (true) WITH CHECK (true)");
    assert_eq!(seen(&mut connection), ["Geheimnis"]);
    app.database()
        .by_hand("DROP POLICY tenant ON leads; ALTER TABLE leads DISABLE ROW LEVEL SECURITY");
    assert_eq!(seen(&mut connection), ["Geheimnis"]);
}

/// A body without what differs from one answer to the next.
fn faceless(text: &str) -> String {
    let id = Regex::new("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").unwrap();
    let time = Regex::new(r"\d{4}-\d\d-\d\dT[0-9:.]+Z").unwrap();
    time.replace_all(&id.replace_all(text, "<id>"), "<time>")
        .into_owned()
}

#[test]
fn p6_every_operation_answers_another_workspaces_id_as_if_it_did_not_exist() {
    let app = TestApp::start();
    let person = json!({"email": "hidden@example.com", "last_name": "Geheimnis", "external_ids": {"crm": "A-1"}});
    let lead = app.capture(person)["lead"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    app.database()
        .by_hand("ALTER TABLE leads ADD CONSTRAINT boom CHECK (last_name <> 'Boom')");
    let kept = app.post(
        "/v1/capture",
        json!({"email": "boom@example.com", "last_name": "Boom", "message": "Geheimnis"}),
    );
    assert_eq!(kept.status, 202);
    let submission = kept.json()["receipt_id"].as_str().unwrap().to_owned();
    let job = app.post(
        "/v1/leads/bulk",
        json!({"action": "tag", "tags": ["Geheimnis"], "select": {"ids": [lead]}}),
    );
    assert_eq!(job.status, 202, "{}", job.text());
    let job = job.json()["id"].as_str().unwrap().to_owned();
    let view = app.post("/v1/views", json!({"name": "Geheimnis", "shared": true}));
    let view = view.json()["id"].as_str().unwrap().to_owned();
    let rep = app.user("rep");
    let team = app.team("Geheimnis", &[&rep.id]);
    let api_key = app.get("/v1/api-keys").json()["data"][0]["id"].clone();
    let id_of = |reply: crate::support::http::Reply| {
        assert_eq!(reply.status, 201, "{}", reply.text());
        reply.json()["id"].as_str().unwrap().to_owned()
    };
    let activity = id_of(app.post(
        &format!("/v1/leads/{lead}/activities"),
        json!({"type": "call", "subject": "Geheimnis"}),
    ));
    let note = id_of(app.post(
        &format!("/v1/leads/{lead}/notes"),
        json!({"body": "Geheimnis"}),
    ));
    app.events(4);
    let before = app.get(&format!("/v1/leads/{lead}")).json();

    let (_, key) = app.another_workspace();
    let stranger = app.client_with(&key);
    let field = json!({"key": "geheimnis", "type": "text", "label": "Geheimnis"});
    assert_eq!(app.post("/v1/field-definitions", field).status, 201);
    let like = |email: &str| json!({"email": email, "first_name": "Rosalinde", "last_name": "Geheimnis", "city": "Ulm", "street": "Hafenbad 9"});
    app.capture(like("r1@example.com"));
    app.capture(like("r2@example.com"));
    let pair = app.get("/v1/dedupe/pairs").json()["data"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let theirs = Ids {
        lead: lead.clone(),
        submission: submission.clone(),
        activity: activity.clone(),
        note: note.clone(),
        job: job.clone(),
        view: view.clone(),
        external_id: "A-1".into(),
        field: "geheimnis".into(),
        user: rep.id.clone(),
        team: team.clone(),
        api_key: api_key.as_str().unwrap().to_owned(),
        pair: pair.clone(),
    };
    for operation in operations() {
        let told = operation.call(&stranger, &theirs);
        assert!(told.status < 500, "{operation:?}: {}", told.text());
        let secrets = [
            "Geheimnis",
            "hidden@example.com",
            &lead,
            &submission,
            &activity,
            &note,
            &job,
            &view,
            &rep.id,
            &rep.email,
            &team,
            &theirs.api_key,
            &pair,
        ];
        for secret in secrets {
            assert!(
                !told.text().contains(secret),
                "{operation:?} tells {secret}: {}",
                told.text()
            );
        }
        if operation.has_ids() {
            let nobodys = operation.call(&stranger, &Ids::random());
            assert_eq!(
                (told.status, faceless(&told.text())),
                (nobodys.status, faceless(&nobodys.text())),
                "{operation:?}"
            );
            assert!(
                told.status == 404 || operation.method == "PUT",
                "{operation:?}: {}",
                told.status
            );
        } else if operation.method == "GET" {
            // What the stranger's own workspace has.
            let own = ["/v1/schema", "/v1/api-keys", "/v1/audit-log"];
            let told = told.json();
            let data = told["data"].as_array();
            assert!(
                data.is_none_or(Vec::is_empty) || own.contains(&operation.path.as_str()),
                "{operation:?}: {data:?}"
            );
        }
    }
    for query in [
        format!("/v1/submissions?lead_id={lead}"),
        "/v1/leads?email=hidden@example.com".to_owned(),
        "/v1/leads?is_test=any&last_name=Geheimnis&include_total=true".to_owned(),
    ] {
        let found = stranger.get(&query).json();
        assert_eq!(found["data"], json!([]), "{query}");
    }
    assert_eq!(
        app.get(&format!("/v1/leads/{lead}")).json(),
        before,
        "another workspace changed the lead"
    );
    assert_eq!(
        rep.client(&app).get("/v1/me").json()["teams"][0]["id"],
        team
    );
    let waiting = app.get(&format!("/v1/submissions/{submission}")).json();
    assert_eq!(waiting["state"], "quarantined");
}
