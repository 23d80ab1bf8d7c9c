//! `POST /v1/capture`.

use crate::support::TestApp;
use serde_json::json;

#[test]
fn p2_the_same_address_in_capitals_is_the_same_lead() {
    let app = TestApp::start();
    let first = app.post("/v1/capture", json!({"email": "buyer@example.com"}));
    let again = app.post(
        "/v1/capture",
        json!({"email": " Buyer@Example.COM ", "first_name": "Bea"}),
    );
    assert_eq!((first.status, again.status), (201, 200));
    assert_eq!(first.json()["lead"]["id"], again.json()["lead"]["id"]);
    assert_eq!(again.json()["matched_by"]["kind"], "email");
    assert_eq!(again.json()["lead"]["first_name"], "Bea");
}
