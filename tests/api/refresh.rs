//! Refresh tokens: rotation, the grace of twenty seconds, and what happens to a stolen one.

use crate::support::{TestApp, TestUser};
use serde_json::Value;

fn token(session: &Value) -> String {
    session["refresh_token"].as_str().unwrap().to_owned()
}

/// Makes every spent token spent so many seconds longer ago.
fn wait(app: &TestApp, seconds: u32) {
    app.database().by_hand(&format!(
        "UPDATE refresh_tokens SET spent_at = spent_at - interval '{seconds} seconds'"
    ));
}

fn is_in(app: &TestApp, user: &TestUser) -> bool {
    user.client(app).get("/v1/me").status == 200
}

#[test]
fn a_refresh_gives_new_tokens_and_the_session_goes_on() {
    let app = TestApp::start();
    let user = app.user("rep");
    let mut current = user.refresh_token.clone();
    for _ in 0..3 {
        let next = app.refresh(&current);
        assert_eq!(next.status, 200, "{}", next.text());
        assert_eq!(next.header("Cache-Control"), Some("no-store"));
        let next = next.json();
        assert_ne!(token(&next), current);
        assert_ne!(next["access_token"], user.access_token);
        let client = app.client_with(next["access_token"].as_str().unwrap());
        assert_eq!(client.get("/v1/me").json()["id"], user.id);
        current = token(&next);
        wait(&app, 60);
    }
    assert_eq!(app.database().number("SELECT count(*) FROM sessions"), 1);
}

#[test]
fn two_tabs_that_refresh_at_once_do_not_log_out() {
    let app = TestApp::start();
    for _ in 0..5 {
        let user = app.user("rep");
        let answers: Vec<Value> = std::thread::scope(|scope| {
            let tabs: Vec<_> = (0..6)
                .map(|_| {
                    let (app, token) = (&app, user.refresh_token.clone());
                    scope.spawn(move || {
                        let reply = app.refresh(&token);
                        assert_eq!(reply.status, 200, "{}", reply.text());
                        reply.json()
                    })
                })
                .collect();
            tabs.into_iter().map(|tab| tab.join().unwrap()).collect()
        });
        let successor = token(&answers[0]);
        assert!(answers.iter().all(|answer| token(answer) == successor));
        let next = app.refresh(&successor);
        assert_eq!(next.status, 200);
        // A tab that was asleep for a moment still has the first one.
        assert_eq!(token(&app.refresh(&user.refresh_token).json()), successor);
        assert!(is_in(&app, &user));
    }
}

#[test]
fn a_token_used_again_after_the_grace_ends_the_whole_session() {
    let app = TestApp::start();
    let user = app.user("rep");
    let other = app.log_in_again(&user);
    let second = app.refresh(&user.refresh_token).json();
    let third = app.refresh(&token(&second)).json();
    wait(&app, 21);
    let stolen = app.refresh(&user.refresh_token);
    assert_eq!(
        (stolen.status, stolen.json()["code"].clone()),
        (401, "session_over".into())
    );
    for token in [token(&second), token(&third)] {
        assert_eq!(app.refresh(&token).status, 401, "the family is over");
    }
    assert!(
        !is_in(&app, &user),
        "access tokens of the session are void at once"
    );
    assert!(
        is_in(&app, &other),
        "another login of the same user goes on"
    );
    assert_eq!(app.refresh(&other.refresh_token).status, 200);
    assert_eq!(app.audited("action=session.reuse_detected").len(), 1);
}

#[test]
fn a_spent_token_does_not_tell_its_successor_without_the_database() {
    let app = TestApp::start();
    let user = app.user("rep");
    let (one, two) = (app.refresh(&user.refresh_token).json(), app.user("rep"));
    app.database()
        .by_hand("UPDATE refresh_tokens SET successor_salt = sha256(successor_salt) WHERE successor_salt IS NOT NULL");
    let again = app.refresh(&user.refresh_token).json();
    assert_ne!(
        token(&again),
        token(&one),
        "with another salt it is another one"
    );
    assert_eq!(
        app.refresh(&token(&again)).status,
        401,
        "and that one is nobody's"
    );
    assert!(is_in(&app, &two));
}

#[test]
fn a_session_ends_by_age_and_by_idleness() {
    let app = TestApp::start();
    for change in [
        "UPDATE sessions SET expires_at = used_at",
        "UPDATE sessions SET used_at = used_at - interval '14 days'",
    ] {
        let user = app.user("rep");
        app.database().by_hand(change);
        assert_eq!(app.refresh(&user.refresh_token).status, 401, "{change}");
        assert!(!is_in(&app, &user), "{change}");
    }
}

#[test]
fn what_is_no_refresh_token_is_refused() {
    let app = TestApp::start();
    let user = app.user("rep");
    let another = app.another_workspace();
    let cut = &user.refresh_token[..user.refresh_token.len() - 1];
    for bad in [
        "",
        "bt_refresh_",
        cut,
        &user.access_token[..100],
        &another.1,
    ] {
        assert_eq!(app.refresh(bad).status, 401, "{bad}");
    }
}

#[test]
fn sessions_past_their_time_are_forgotten_with_their_tokens() {
    let app = TestApp::start();
    let (gone, kept) = (app.user("rep"), app.user("rep"));
    app.refresh(&gone.refresh_token);
    app.database().by_hand(&format!(
        "UPDATE sessions SET expires_at = used_at WHERE user_id = '{}'",
        gone.id
    ));
    baton::worker::retention::tick(&app.db, chrono::Utc::now()).unwrap();
    assert_eq!(app.database().number("SELECT count(*) FROM sessions"), 1);
    assert_eq!(
        app.database().number("SELECT count(*) FROM refresh_tokens"),
        1
    );
    assert_eq!(app.refresh(&kept.refresh_token).status, 200);
}
