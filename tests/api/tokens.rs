//! Access tokens: what is no token of ours opens nothing; keys are published and rotated.

use crate::support::TestApp;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use baton::domain::flow::signing_keys;
use chrono::Utc;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

fn encode(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

fn decode(part: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// Header, claims and signature of a token.
fn parts(token: &str) -> (Value, Value, String) {
    let mut parts = token.split('.');
    let (header, claims) = (parts.next().unwrap(), parts.next().unwrap());
    (
        decode(header),
        decode(claims),
        parts.next().unwrap().to_owned(),
    )
}

/// The service's own private key: what somebody has who is the service.
fn own_pair(app: &TestApp) -> Ed25519KeyPair {
    let keys = signing_keys::usable(&app.db, Utc::now()).unwrap();
    Ed25519KeyPair::from_pkcs8(&keys[0].private_key).unwrap()
}

fn sign(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(sign(message.as_bytes()));
    format!("{message}.{signature}")
}

/// The token with changed header and claims, signed with the service's own key all the same.
fn forged(app: &TestApp, token: &str, change: impl FnOnce(&mut Value, &mut Value)) -> String {
    let (mut header, mut claims, _) = parts(token);
    change(&mut header, &mut claims);
    let pair = own_pair(app);
    sign(&header, &claims, |message| {
        pair.sign(message).as_ref().to_vec()
    })
}

fn status(app: &TestApp, token: &str) -> u16 {
    app.client_with(token).get("/v1/me").status
}

#[test]
fn a_token_says_what_rfc_9068_asks_for() {
    let app = TestApp::start();
    let user = app.user("rep");
    let (header, claims, _) = parts(&user.access_token);
    assert_eq!(
        (&header["typ"], &header["alg"]),
        (&json!("at+jwt"), &json!("EdDSA"))
    );
    assert_eq!(claims["iss"], "http://localhost:8080");
    assert_eq!(
        (&claims["aud"], &claims["sub"]),
        (&json!("baton"), &json!(user.id))
    );
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        600
    );
    let keys = app.stranger().get("/.well-known/jwks.json");
    assert_eq!(keys.status, 200);
    let key = &keys.json()["keys"][0];
    assert_eq!(key["kid"], header["kid"]);
    assert_eq!(
        [&key["kty"], &key["crv"], &key["alg"]],
        ["OKP", "Ed25519", "EdDSA"]
    );
    assert!(key.get("d").is_none());
    let public = URL_SAFE_NO_PAD.decode(key["x"].as_str().unwrap()).unwrap();
    assert_eq!(public, own_pair(&app).public_key().as_ref());
    // The way of the forger works when nothing is changed: what follows is refused for what it changes.
    assert_eq!(
        status(&app, &forged(&app, &user.access_token, |_, _| {})),
        200
    );
}

#[test]
fn a_token_with_another_algorithm_is_refused() {
    let app = TestApp::start();
    let token = app.user("rep").access_token;
    let (header, claims, signature) = parts(&token);
    let with_alg = |alg: &str| {
        let mut header = header.clone();
        header["alg"] = json!(alg);
        header
    };
    let none = format!("{}.{}.", encode(&with_alg("none")), encode(&claims));
    let none_signed = format!(
        "{}.{}.{signature}",
        encode(&with_alg("none")),
        encode(&claims)
    );
    let public = own_pair(&app).public_key().as_ref().to_vec();
    let x = URL_SAFE_NO_PAD.encode(&public);
    let mut bad = vec![("none", none), ("none, signed", none_signed)];
    // The public key as the shared secret of an HMAC, in both of its spellings.
    for (alg, by) in [
        ("HS256", hmac::HMAC_SHA256),
        ("HS384", hmac::HMAC_SHA384),
        ("HS512", hmac::HMAC_SHA512),
    ] {
        for secret in [public.as_slice(), x.as_bytes()] {
            let key = hmac::Key::new(by, secret);
            let token = sign(&with_alg(alg), &claims, |message| {
                hmac::sign(&key, message).as_ref().to_vec()
            });
            bad.push((alg, token));
        }
    }
    for alg in ["RS256", "ES256", "PS256", "ES384", "eddsa", "EdDSA ", ""] {
        bad.push((
            alg,
            forged(&app, &token, |header, _| header["alg"] = json!(alg)),
        ));
    }
    for (what, token) in bad {
        assert_eq!(status(&app, &token), 401, "{what}");
    }
    assert_eq!(status(&app, &token), 200);
}

#[test]
fn a_token_that_brings_its_own_key_is_refused() {
    let app = TestApp::start();
    let token = app.user("rep").access_token;
    let own = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let own = Ed25519KeyPair::from_pkcs8(own.as_ref()).unwrap();
    let x = URL_SAFE_NO_PAD.encode(own.public_key().as_ref());
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": x});
    let (header, claims, _) = parts(&token);
    for (name, value) in [
        ("jwk", jwk),
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/cert")),
        ("x5c", json!(["MIIB"])),
        ("crit", json!(["exp"])),
    ] {
        let mut header = header.clone();
        header[name] = value.clone();
        let by_own = sign(&header, &claims, |message| {
            own.sign(message).as_ref().to_vec()
        });
        assert_eq!(
            status(&app, &by_own),
            401,
            "{name}, signed with the key it brings"
        );
        let by_ours = forged(&app, &token, |header, _| header[name] = value);
        assert_eq!(status(&app, &by_ours), 401, "{name}, signed with ours");
    }
}

#[test]
fn a_token_that_says_something_else_is_refused() {
    let app = TestApp::start();
    let (user, other) = (app.user("rep"), app.user("admin"));
    let token = &user.access_token;
    let now = Utc::now().timestamp();
    type Change = Box<dyn FnOnce(&mut Value, &mut Value)>;
    let claim = |name: &'static str, value: Value| -> Change {
        Box::new(move |_, claims| claims[name] = value)
    };
    let without = |name: &'static str| -> Change {
        Box::new(move |_, claims| {
            claims.as_object_mut().unwrap().remove(name);
        })
    };
    let header = |name: &'static str, value: Value| -> Change {
        Box::new(move |header, _| header[name] = value)
    };
    let (_, others, _) = parts(&other.access_token);
    let cases: Vec<(&str, Change)> = vec![
        ("another kid", header("kid", json!(uuid::Uuid::now_v7()))),
        ("no kid", header("kid", Value::Null)),
        (
            "a kid that is a path",
            header("kid", json!("../../etc/passwd")),
        ),
        ("typ JWT", header("typ", json!("JWT"))),
        ("no typ", header("typ", Value::Null)),
        (
            "another issuer",
            claim("iss", json!("https://evil.example")),
        ),
        ("no issuer", without("iss")),
        ("another audience", claim("aud", json!("other"))),
        ("no audience", without("aud")),
        ("expired", claim("exp", json!(now - 31))),
        (
            "an end that is a text",
            claim("exp", json!((now + 600).to_string())),
        ),
        ("no end", without("exp")),
        ("not yet good", claim("nbf", json!(now + 60))),
        ("a beginning that is a text", claim("nbf", json!("0"))),
        ("no beginning", without("nbf")),
        ("another user", claim("sub", json!(uuid::Uuid::now_v7()))),
        ("a user of another session", claim("sub", json!(other.id))),
        (
            "another session",
            claim("session_id", json!(uuid::Uuid::now_v7())),
        ),
        (
            "a session of another user",
            claim("session_id", others["session_id"].clone()),
        ),
        (
            "another workspace",
            claim("workspace_id", json!(uuid::Uuid::now_v7())),
        ),
        ("an older epoch", claim("epoch", json!(1))),
        ("a newer epoch", claim("epoch", json!(3))),
    ];
    for (what, change) in cases {
        let forged = forged(&app, token, change);
        assert_eq!(status(&app, &forged), 401, "{what}");
    }
    // Clocks may differ by half a minute.
    let soon = forged(&app, token, |_, claims| claims["nbf"] = json!(now + 20));
    let late = forged(&app, token, |_, claims| claims["exp"] = json!(now - 20));
    assert_eq!((status(&app, &soon), status(&app, &late)), (200, 200));
}

#[test]
fn a_token_that_was_tampered_with_is_refused() {
    let app = TestApp::start();
    let (rep, admin) = (app.user("rep"), app.user("admin"));
    let (rep_parts, admin_parts): (Vec<&str>, Vec<&str>) = (
        rep.access_token.split('.').collect(),
        admin.access_token.split('.').collect(),
    );
    let joined = |one: &str, two: &str, three: &str| format!("{one}.{two}.{three}");
    let mut flipped = URL_SAFE_NO_PAD.decode(rep_parts[2]).unwrap();
    flipped[10] ^= 1;
    let flipped = URL_SAFE_NO_PAD.encode(flipped);
    for (what, token) in [
        (
            "the claims of another",
            joined(rep_parts[0], admin_parts[1], rep_parts[2]),
        ),
        (
            "the signature of another",
            joined(rep_parts[0], rep_parts[1], admin_parts[2]),
        ),
        (
            "one bit of the signature",
            joined(rep_parts[0], rep_parts[1], &flipped),
        ),
        ("no signature", joined(rep_parts[0], rep_parts[1], "")),
        ("two parts", format!("{}.{}", rep_parts[0], rep_parts[1])),
        ("five parts", format!("{}.a.b", rep.access_token)),
        ("a refresh token", rep.refresh_token.clone()),
        ("nothing", ".".into()),
        ("dots", "..".into()),
    ] {
        assert_eq!(status(&app, &token), 401, "{what}");
    }
}

#[test]
fn a_new_key_signs_when_everybody_knows_it_and_the_old_tokens_stay_good() {
    let app = TestApp::start();
    let user = app.user("rep");
    let old_kid = parts(&user.access_token).0["kid"].clone();
    let new_kid = signing_keys::rotate(&app.db, Utc::now())
        .unwrap()
        .to_string();
    // Five seconds for the caches; the new key is known before it signs.
    std::thread::sleep(std::time::Duration::from_millis(5100));
    let keys = app.stranger().get("/.well-known/jwks.json").json();
    let kids: Vec<&Value> = keys["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| &key["kid"])
        .collect();
    assert_eq!(kids, [&json!(new_kid), &old_kid]);
    let still = app.log_in_again(&user);
    assert_eq!(parts(&still.access_token).0["kid"], old_kid);
    app.database()
        .by_hand("UPDATE signing_keys SET active_from = created_at");
    std::thread::sleep(std::time::Duration::from_millis(5100));
    let fresh = app.log_in_again(&user);
    assert_eq!(parts(&fresh.access_token).0["kid"], json!(new_kid));
    for session in [&user, &still, &fresh] {
        assert_eq!(status(&app, &session.access_token), 200);
    }
    let left = app.database().number(
        "SELECT extract(epoch FROM expires_at - now()) FROM signing_keys WHERE expires_at IS NOT NULL",
    );
    assert!(
        left > 600 + 30,
        "tokens live ten minutes, and clocks may differ by half a one: {left} s"
    );
    app.database()
        .by_hand("UPDATE signing_keys SET expires_at = now() WHERE expires_at IS NOT NULL");
    std::thread::sleep(std::time::Duration::from_millis(5100));
    assert_eq!(status(&app, &user.access_token), 401, "the old key is gone");
    assert_eq!(status(&app, &fresh.access_token), 200);
}

#[test]
fn processes_that_start_together_make_one_key() {
    let app = TestApp::start();
    let ids: Vec<uuid::Uuid> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..6)
            .map(|_| scope.spawn(|| signing_keys::usable(&app.db, Utc::now()).unwrap()[0].id))
            .collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert_eq!(
        app.database().number("SELECT count(*) FROM signing_keys"),
        1
    );
}
