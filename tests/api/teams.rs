//! `/v1/teams`.

use crate::support::TestApp;
use serde_json::{Value, json};

#[test]
fn a_team_is_made_changed_and_deleted() {
    let app = TestApp::start();
    let user = |role| app.invite(role)["user"]["id"].as_str().unwrap().to_owned();
    let (one, two) = (user("rep"), user("rep"));
    let team = app.team("DACH", &[&one]);
    let path = format!("/v1/teams/{team}");
    assert_eq!(app.get(&path).json()["member_ids"], json!([one]));
    let changed = app.patch(
        &path,
        json!({"name": "North", "member_ids": [two, one, two]}),
    );
    assert_eq!(changed.header("ETag"), Some("\"2\""));
    assert_eq!(changed.json()["member_ids"], json!([one, two]));
    let same = app.patch(&path, json!({"member_ids": [two, one]}));
    assert_eq!(same.header("ETag"), Some("\"2\""));
    let of_one = app.get(&format!("/v1/users?team_id={team}")).json();
    assert_eq!(of_one["data"].as_array().unwrap().len(), 2);
    let second = app.post("/v1/teams", json!({"name": "North"}));
    assert_eq!(
        (second.status, second.json()["code"].clone()),
        (409, json!("name_taken"))
    );
    let nobody = app.patch(&path, json!({"member_ids": [uuid::Uuid::now_v7()]}));
    assert_eq!(
        nobody.errors(),
        [("/member_ids/0".into(), "unknown_user".into())]
    );
    assert_eq!(
        app.patch(&path, json!({"member_ids": null})).json()["member_ids"],
        json!([])
    );
    assert_eq!(app.delete(&path).status, 204);
    assert_eq!(app.get(&path).status, 404);
    assert_eq!(app.get("/v1/teams").json()["data"], json!([]));
}

#[test]
fn a_team_to_which_leads_belong_stays() {
    let app = TestApp::start();
    let team = app.team("DACH", &[]);
    let path = format!("/v1/teams/{team}");
    let lead = app.capture(json!({"email": "a@example.com"}))["lead"]["id"].clone();
    let assignment = format!("/v1/leads/{}/assignment", lead.as_str().unwrap());
    assert_eq!(app.post(&assignment, json!({"team_id": team})).status, 200);
    let refused = app.delete(&path);
    assert_eq!(
        (refused.status, refused.json()["code"].clone()),
        (409, json!("team_in_use"))
    );
    assert_eq!(
        app.post(&assignment, json!({"team_id": Value::Null}))
            .status,
        200
    );
    assert_eq!(app.delete(&path).status, 204);
}
