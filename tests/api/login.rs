//! `/v1/auth`: logging in and out.

use crate::support::{PASSWORD, TestApp};
use baton::domain::password::{self, Password, PasswordHash};
use baton::store::users;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

#[test]
fn a_login_answers_tokens_and_who_it_is() {
    let app = TestApp::start();
    let user = app.user("rep");
    let reply = app.log_in(&user.email.to_uppercase(), PASSWORD);
    assert_eq!(reply.status, 200, "{}", reply.text());
    let session = reply.json();
    assert_eq!(
        [&session["token_type"], &session["user"]["id"]],
        [&json!("Bearer"), &json!(user.id)]
    );
    assert_eq!(session["expires_in_seconds"], 600);
    assert!(session["user"]["last_login_at"].is_string());
    assert!(session["user"].get("password_hash").is_none());
    let client = app.client_with(session["access_token"].as_str().unwrap());
    assert_eq!(client.get("/v1/me").json()["id"], user.id);
}

#[test]
fn the_workspace_may_be_left_out_where_there_is_only_one() {
    let app = TestApp::start();
    let user = app.user("rep");
    let body = json!({"email": user.email, "password": PASSWORD});
    assert_eq!(app.stranger().post("/v1/auth/login", &body).status, 200);
    app.another_workspace();
    std::thread::sleep(Duration::from_millis(5100));
    let reply = app.stranger().post("/v1/auth/login", &body);
    assert_eq!(
        reply.errors(),
        [("/workspace_id".into(), "workspace_required".into())]
    );
}

/// A body without what differs from one answer to the next.
fn faceless(mut body: Value) -> Value {
    body.as_object_mut().unwrap().remove("request_id");
    body
}

fn timed(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

fn hash(text: &str) -> PasswordHash {
    password::hash(&Password::typed(text), &[0; 16]).unwrap()
}

#[test]
fn who_is_not_there_is_answered_as_who_gives_a_wrong_password_and_after_the_same_work() {
    let app = TestApp::start();
    let (user, disabled) = (app.user("rep"), app.user("rep"));
    let invited = app.invite("rep");
    app.delete(&format!("/v1/users/{}", disabled.id));
    let callers = [
        user.email.as_str(),
        "nobody@example.com",
        disabled.email.as_str(),
        invited["user"]["email"].as_str().unwrap(),
    ];
    // The least of several times: what else runs on the machine only adds to them.
    let hashing = (0..5)
        .map(|_| timed(|| drop(hash("not the password"))))
        .min();
    let mut answers = Vec::new();
    for email in callers {
        let logins = (0..5).map(|_| {
            timed(|| {
                let reply = app.log_in(email, "not the password");
                answers.push((
                    reply.status,
                    reply.header("WWW-Authenticate").map(str::to_owned),
                    faceless(reply.json()),
                ));
            })
        });
        let login = logins.min();
        assert!(
            login > hashing.map(|time| time / 4),
            "{email}: {login:?} is less than hashing takes: {hashing:?}"
        );
    }
    assert_eq!(answers[0].0, 401);
    assert_eq!(answers[0].2["code"], "login_failed");
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    let unknown_workspace = app.stranger().post(
        "/v1/auth/login",
        &json!({"workspace_id": uuid::Uuid::now_v7(), "email": user.email, "password": PASSWORD}),
    );
    assert_eq!(faceless(unknown_workspace.json()), answers[0].2);
}

#[test]
fn ten_attempts_are_too_many_for_an_address_whoever_has_it() {
    let app = TestApp::start();
    let user = app.user("rep");
    for email in [user.email.as_str(), "nobody@example.com"] {
        for _ in 0..10 {
            assert_eq!(app.log_in(email, "not the password").status, 401);
        }
        let refused = app.log_in(email, PASSWORD);
        assert_eq!(refused.status, 429, "{email}");
        let seconds: i64 = refused.header("Retry-After").unwrap().parse().unwrap();
        assert!((1..=900).contains(&seconds), "{seconds}");
    }
    app.database()
        .by_hand("UPDATE login_attempts SET began_at = began_at - interval '16 minutes'");
    assert_eq!(app.log_in(&user.email, PASSWORD).status, 200);
    for _ in 0..10 {
        assert_eq!(
            app.log_in(&user.email, "not the password").status,
            401,
            "counted anew"
        );
    }
}

#[test]
fn attempts_at_the_same_moment_do_not_slip_through() {
    let app = TestApp::start();
    let user = app.user("rep");
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..24)
            .map(|_| scope.spawn(|| app.log_in(&user.email, "not the password").status))
            .collect();
        tries.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let tried = statuses.iter().filter(|status| **status == 401).count();
    let refused = statuses.iter().filter(|status| **status == 429).count();
    assert_eq!((tried, refused), (10, 14), "{statuses:?}");
}

#[test]
fn an_address_that_tries_too_often_is_refused() {
    let app = TestApp::start_with(|config| config.logins_per_minute = 3);
    for attempt in 0..4 {
        let reply = app.log_in(&format!("{attempt}@example.com"), "not the password");
        assert_eq!(reply.status, if attempt < 3 { 401 } else { 429 });
    }
}

#[test]
fn a_hash_of_weaker_parameters_is_replaced_at_the_next_login() {
    let app = TestApp::start();
    let user = app.user("rep");
    // argon2id, m=8192, t=1, p=1, of "correct horse battery".
    let weak = weak_hash();
    app.db
        .in_workspace(app.workspace_id, |conn| {
            let mut found = users::get(conn, user.id.parse().unwrap())?;
            found.password_hash = Some(PasswordHash(weak.clone()));
            users::update(conn, &found)
        })
        .unwrap();
    assert_eq!(app.log_in(&user.email, PASSWORD).status, 200);
    let kept = app.database().texts(&format!(
        "SELECT password_hash FROM users WHERE id = '{}'",
        user.id
    ));
    assert!(
        kept[0].starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{kept:?}"
    );
    assert_eq!(app.log_in(&user.email, PASSWORD).status, 200);
}

fn weak_hash() -> String {
    use argon2::password_hash::PasswordHasher;
    let params = argon2::Params::new(8192, 1, 1, None).unwrap();
    argon2::Argon2::from(params)
        .hash_password_with_salt(PASSWORD.as_bytes(), &[1; 16])
        .unwrap()
        .to_string()
}

#[test]
fn logging_out_ends_this_session_and_logging_out_everywhere_all() {
    let app = TestApp::start();
    let one = app.user("rep");
    let (two, three) = (app.log_in_again(&one), app.log_in_again(&one));
    let is_in =
        |session: &crate::support::TestUser| session.client(&app).get("/v1/me").status == 200;
    let reply = app.stranger().post(
        "/v1/auth/logout",
        &json!({"refresh_token": one.refresh_token}),
    );
    assert_eq!(reply.status, 204);
    assert_eq!(
        (is_in(&one), is_in(&two), is_in(&three)),
        (false, true, true)
    );
    assert_eq!(app.refresh(&one.refresh_token).status, 401);
    let everywhere = two
        .client(&app)
        .send("POST", "/v1/auth/logout-everywhere", "", b"");
    assert_eq!(everywhere.status, 204);
    assert_eq!((is_in(&two), is_in(&three)), (false, false));
    assert_eq!(app.refresh(&three.refresh_token).status, 401);
    let four = app.log_in_again(&one);
    assert!(is_in(&four));
    let by_admin = app
        .client()
        .send("POST", &format!("/v1/users/{}/logout", one.id), "", b"");
    assert_eq!((by_admin.status, is_in(&four)), (204, false));
}

#[test]
fn another_password_ends_every_session_but_the_new_one() {
    let app = TestApp::start();
    let user = app.user("rep");
    let other = app.log_in_again(&user);
    let change = |current: &str, new: &str| {
        let body = json!({"current_password": current, "new_password": new});
        user.client(&app).post("/v1/me/password", &body)
    };
    assert_eq!(
        change("not the password", "a better one, even").errors(),
        [("/current_password".into(), "wrong_password".into())]
    );
    assert_eq!(
        change(PASSWORD, &user.email).errors(),
        [("/new_password".into(), "too_common".into())]
    );
    let changed = change(PASSWORD, "a better one, even");
    assert_eq!(changed.status, 200, "{}", changed.text());
    let fresh = app.client_with(changed.json()["access_token"].as_str().unwrap());
    assert_eq!(fresh.get("/v1/me").status, 200);
    assert_eq!(user.client(&app).get("/v1/me").status, 401);
    assert_eq!(other.client(&app).get("/v1/me").status, 401);
    assert_eq!(app.log_in(&user.email, PASSWORD).status, 401);
    assert_eq!(app.log_in(&user.email, "a better one, even").status, 200);
}

#[test]
fn an_admins_link_sets_another_password_once() {
    let app = TestApp::start();
    let user = app.user("rep");
    let link = || {
        let reply = app.post(
            &format!("/v1/users/{}/password-reset", user.id),
            Value::Null,
        );
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()["link_token"].as_str().unwrap().to_owned()
    };
    let (old, new) = (link(), link());
    let choose = |token: &str| {
        let body = json!({"token": token, "password": "a better one, even"});
        app.stranger().post("/v1/auth/reset-password", &body)
    };
    assert_eq!(choose(&old).status, 422, "a newer link voids it");
    assert_eq!(choose(&new).status, 200);
    assert_eq!(choose(&new).status, 422);
    assert_eq!(user.client(&app).get("/v1/me").status, 401);
    assert_eq!(app.log_in(&user.email, "a better one, even").status, 200);
}

#[test]
fn a_page_of_another_origin_cannot_log_anybody_in() {
    let app = TestApp::start();
    let user = app.user("rep");
    let from = |origin: &str| {
        app.stranger().with("Origin", origin).post(
            "/v1/auth/login",
            &json!({"workspace_id": app.workspace_id, "email": user.email, "password": PASSWORD}),
        )
    };
    let foreign = from("https://evil.example");
    assert_eq!(foreign.status, 403);
    assert_eq!(foreign.header("Access-Control-Allow-Origin"), None);
    app.patch(
        "/v1/workspace",
        json!({"settings": {"allowed_origins": ["https://crm.example"]}}),
    );
    let named = from("https://crm.example");
    assert_eq!(named.status, 200);
    assert_eq!(
        named.header("Access-Control-Allow-Origin"),
        Some("https://crm.example")
    );
}

#[test]
fn no_password_and_no_token_is_stored_as_it_is() {
    let app = TestApp::start();
    let user = app.user("rep");
    let next = app.refresh(&user.refresh_token).json();
    let secrets = [
        PASSWORD.to_owned(),
        user.refresh_token.clone(),
        next["refresh_token"].as_str().unwrap().to_owned(),
        user.access_token.clone(),
    ];
    for table in [
        "users",
        "sessions",
        "refresh_tokens",
        "one_time_tokens",
        "idempotency_keys",
        "audit_log",
    ] {
        for row in app
            .database()
            .texts(&format!("SELECT to_jsonb(t) FROM {table} t"))
        {
            assert!(
                secrets.iter().all(|secret| !row.contains(secret)),
                "{table}"
            );
        }
    }
}
