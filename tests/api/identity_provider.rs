//! People who come with tokens of the workspace's identity provider.

use crate::support::TestApp;
use crate::support::http::{Client, Reply};
use crate::support::provider::{Algorithm, Provider};
use chrono::Utc;
use serde_json::{Value, json};

fn start() -> TestApp {
    TestApp::start_with(|config| config.allow_private_addresses = true)
}

/// Makes the workspace accept the provider's tokens; what `more` says is merged in.
fn accept(app: &TestApp, provider: &Provider, more: Value) {
    let mut setting = json!({"issuer": provider.issuer, "audience": "baton", "jwks_url": provider.url(),
        "algorithms": ["RS256", "ES256", "EdDSA"], "claims": {"role": "groups"},
        "roles": {"sales": "rep", "heads": "manager"}, "provision": true});
    for (name, value) in more.as_object().unwrap() {
        setting[name] = value.clone();
    }
    let reply = app.patch(
        "/v1/workspace",
        json!({"settings": {"identity_provider": setting}}),
    );
    assert_eq!(reply.status, 200, "{}", reply.text());
}

fn claims(provider: &Provider) -> Value {
    let now = Utc::now().timestamp();
    json!({"iss": provider.issuer, "aud": "baton", "sub": "u-1", "exp": now + 300, "nbf": now - 5, "iat": now - 5,
        "email": "ada@corp.example", "email_verified": true, "name": "Ada Lovelace", "groups": ["sales"]})
}

fn with(mut claims: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

fn client(app: &TestApp, token: &str) -> Client {
    app.client_with(token)
        .with("Baton-Workspace", &app.workspace_id.to_string())
}

fn me(app: &TestApp, token: &str) -> Reply {
    client(app, token).get("/v1/me")
}

#[test]
fn a_person_of_the_provider_becomes_a_user_whatever_its_keys() {
    let app = start();
    let provider = Provider::start();
    accept(&app, &provider, json!({}));
    for (number, algorithm) in Algorithm::ALL.into_iter().enumerate() {
        let email = format!("p{number}@corp.example");
        let said = with(
            claims(&provider),
            json!({"sub": format!("u-{number}"), "email": email}),
        );
        let reply = me(&app, &provider.sign(algorithm, &said));
        assert_eq!(reply.status, 200, "{algorithm:?} {}", reply.text());
        let me = reply.json();
        assert_eq!((&me["email"], &me["role"]), (&json!(email), &json!("rep")));
        assert_eq!(me["name"], "Ada Lovelace");
    }
    assert_eq!(app.audited("action=user.provisioned").len(), 3);
    let users = app.get("/v1/users?role=rep").json();
    assert_eq!(users["data"].as_array().unwrap().len(), 3);
}

#[test]
fn a_token_that_is_not_good_for_this_workspace_opens_nothing() {
    let app = start();
    let provider = Provider::start();
    accept(&app, &provider, json!({"algorithms": ["ES256", "RS256"]}));
    let good = claims(&provider);
    let now = Utc::now().timestamp();
    let es = |said: &Value| provider.sign(Algorithm::ES256, said);
    let bad = [
        (
            "another issuer",
            es(&with(good.clone(), json!({"iss": "https://evil.example"}))),
        ),
        (
            "another audience",
            es(&with(good.clone(), json!({"aud": "other"}))),
        ),
        ("no audience", es(&with(good.clone(), json!({"aud": null})))),
        (
            "expired",
            es(&with(good.clone(), json!({"exp": now - 120}))),
        ),
        ("no end", es(&with(good.clone(), json!({"exp": null})))),
        (
            "not yet good",
            es(&with(good.clone(), json!({"nbf": now + 120}))),
        ),
        ("no subject", es(&with(good.clone(), json!({"sub": ""})))),
        (
            "an algorithm that is not allowed",
            provider.sign(Algorithm::EdDSA, &good),
        ),
        (
            "an unknown key",
            provider.sign_as(Algorithm::ES256, &json!({"kid": "other"}), &good),
        ),
        (
            "no key",
            provider.sign_as(Algorithm::ES256, &json!({"kid": null}), &good),
        ),
        (
            "the key of another algorithm",
            provider.sign_as(Algorithm::ES256, &json!({"kid": "RS256"}), &good),
        ),
        (
            "another algorithm than the key's",
            provider.sign_as(Algorithm::ES256, &json!({"alg": "RS256"}), &good),
        ),
        (
            "none",
            provider.sign_as(Algorithm::ES256, &json!({"alg": "none"}), &good),
        ),
        (
            "a key that the token brings",
            provider.sign_as(Algorithm::ES256, &json!({"jwk": {"kty": "EC"}}), &good),
        ),
        (
            "an address that the token brings",
            provider.sign_as(Algorithm::ES256, &json!({"jku": provider.url()}), &good),
        ),
        (
            "a critical extension",
            provider.sign_as(Algorithm::ES256, &json!({"crit": ["x"]}), &good),
        ),
        (
            "the public key as a shared secret",
            provider.hmac_with_public_key(&good),
        ),
        ("a broken signature", format!("{}AA", es(&good))),
    ];
    for (what, token) in &bad {
        assert_eq!(me(&app, token).status, 401, "{what}");
    }
    let token = es(&good);
    assert_eq!(
        app.client_with(&token).get("/v1/me").status,
        401,
        "no workspace is named"
    );
    let elsewhere = app
        .client_with(&token)
        .with("Baton-Workspace", &uuid::Uuid::now_v7().to_string());
    assert_eq!(
        elsewhere.get("/v1/me").status,
        401,
        "a workspace that is not there"
    );
    let odd = app.client_with(&token).with("Baton-Workspace", "mine");
    assert_eq!(odd.get("/v1/me").status, 401);
    assert!(
        app.audited("action=user.provisioned").is_empty(),
        "nobody became a user"
    );
    assert_eq!(me(&app, &token).status, 200, "the good one is good");
}

#[test]
fn a_workspace_that_names_no_provider_or_another_one_lets_nobody_in() {
    let app = start();
    let (provider, other) = (Provider::start(), Provider::start());
    let token = provider.sign(Algorithm::ES256, &claims(&provider));
    assert_eq!(me(&app, &token).status, 401);
    accept(&app, &other, json!({}));
    assert_eq!(me(&app, &token).status, 401);
}

#[test]
fn what_the_provider_says_of_role_and_teams_is_followed() {
    let app = start();
    let provider = Provider::start();
    let team = app.team("DACH", &[]);
    accept(
        &app,
        &provider,
        json!({"claims": {"role": "realm.groups", "teams": "teams"}}),
    );
    let said = |groups: Value| {
        with(
            claims(&provider),
            json!({"realm": {"groups": groups}, "teams": ["DACH", "Nobody's"]}),
        )
    };
    let token = |groups| provider.sign(Algorithm::RS256, &said(groups));
    let reply = me(&app, &token(json!(["sales"]))).json();
    assert_eq!(reply["role"], "rep");
    let members = app.get(&format!("/v1/teams/{team}")).json()["member_ids"].clone();
    assert_eq!(members, json!([reply["id"]]));
    assert_eq!(
        me(&app, &token(json!(["sales", "heads"]))).json()["role"],
        "manager"
    );
    assert_eq!(
        me(&app, &token(json!(["strangers"]))).status,
        401,
        "no role here"
    );
    assert_eq!(me(&app, &token(json!(["sales"]))).json()["role"], "rep");
}

#[test]
fn a_user_who_was_there_is_linked_only_by_an_address_that_the_provider_stands_for() {
    let app = start();
    let provider = Provider::start();
    accept(&app, &provider, json!({"provision": false}));
    let invited = app.invite("rep");
    let email = invited["user"]["email"].clone();
    let doubtful = with(
        claims(&provider),
        json!({"email": email, "email_verified": null}),
    );
    assert_eq!(
        me(&app, &provider.sign(Algorithm::ES256, &doubtful)).status,
        401
    );
    let proven = with(claims(&provider), json!({"email": email}));
    let token = provider.sign(Algorithm::ES256, &proven);
    let reply = me(&app, &token).json();
    assert_eq!(reply["id"], invited["user"]["id"]);
    let stranger = with(
        claims(&provider),
        json!({"sub": "u-2", "email": "new@corp.example"}),
    );
    assert_eq!(
        me(&app, &provider.sign(Algorithm::ES256, &stranger)).status,
        401,
        "nobody is made a user"
    );
    let impostor = with(claims(&provider), json!({"sub": "u-3", "email": email}));
    assert_eq!(
        me(&app, &provider.sign(Algorithm::ES256, &impostor)).status,
        401,
        "a second subject is somebody else"
    );
    let moved = with(
        claims(&provider),
        json!({"email": "elsewhere@corp.example"}),
    );
    let again = me(&app, &provider.sign(Algorithm::ES256, &moved)).json();
    assert_eq!(
        again["id"], invited["user"]["id"],
        "the subject says who it is"
    );
    app.delete(&format!(
        "/v1/users/{}",
        invited["user"]["id"].as_str().unwrap()
    ));
    assert_eq!(me(&app, &token).status, 401, "disabled");
}

#[test]
fn new_keys_are_fetched_when_a_token_names_one_and_old_ones_serve_while_the_provider_is_away() {
    let app = start();
    let mut provider = Provider::start();
    accept(&app, &provider, json!({}));
    let token = provider.sign(Algorithm::EdDSA, &claims(&provider));
    assert_eq!(me(&app, &token).status, 200);
    let asked = provider.asked();
    for number in 0..20 {
        let made_up = provider.sign_as(
            Algorithm::EdDSA,
            &json!({"kid": format!("made-up-{number}")}),
            &claims(&provider),
        );
        assert_eq!(me(&app, &made_up).status, 401);
    }
    assert!(
        provider.asked() <= asked + 1,
        "made-up keys make nobody ask the provider again and again"
    );
    provider.stop();
    assert_eq!(me(&app, &token).status, 200);
}

#[test]
fn keys_that_were_never_had_are_an_outage_and_no_refusal() {
    let app = start();
    let mut provider = Provider::start();
    accept(&app, &provider, json!({}));
    provider.stop();
    let token = provider.sign(Algorithm::EdDSA, &claims(&provider));
    assert_eq!(me(&app, &token).status, 503);
}

#[test]
fn twice_the_first_time_at_once_is_one_user() {
    let app = start();
    let provider = Provider::start();
    accept(&app, &provider, json!({}));
    let token = provider.sign(Algorithm::EdDSA, &claims(&provider));
    std::thread::scope(|scope| {
        let calls: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| me(&app, &token).status))
            .collect();
        for call in calls {
            assert_eq!(call.join().unwrap(), 200);
        }
    });
    assert_eq!(app.audited("action=user.provisioned").len(), 1);
}

#[test]
fn a_provider_that_cannot_work_is_refused_with_what_is_wrong() {
    let app = TestApp::start();
    let set = |setting: Value| {
        app.patch(
            "/v1/workspace",
            json!({"settings": {"identity_provider": setting}}),
        )
    };
    let refused = set(
        json!({"issuer": "https://id.example.com", "jwks_url": "http://127.0.0.1/keys", "provision": true}),
    );
    let pointers: Vec<String> = refused
        .errors()
        .into_iter()
        .map(|(pointer, _)| pointer)
        .collect();
    let under = |name: &str| format!("/settings/identity_provider/{name}");
    assert_eq!(
        pointers,
        [under("audience"), under("jwks_url"), under("default_role")]
    );
    let private = set(
        json!({"issuer": "https://id.example.com", "jwks_url": "https://10.0.0.7/keys", "audience": "baton"}),
    );
    assert_eq!(
        private.errors(),
        [(under("jwks_url"), "private_address".to_owned())]
    );
}
