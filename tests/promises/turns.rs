//! P4, fair shares: two services at once, with requests that are sent twice, and dry runs between them.

use crate::crowd::at_once;
use crate::support::TestApp;
use crate::twin::{Twin, count};
use crate::wire::Wire;
use serde_json::{Value, json};

const HANDS: usize = 40;
const ROUNDS: usize = 8;

#[test]
fn p4_two_services_with_doubled_requests_and_dry_runs_take_each_turn_once() {
    let app = TestApp::start_deciding();
    let twin = Twin::beside(&app);
    let reps: Vec<_> = (0..5).map(|_| app.user("rep")).collect();
    let statuses: Vec<u16> = at_once(HANDS, |hand| {
        let address = [app.address, twin.address][hand % 2];
        let mut wire = Wire::open(address, &app.key).unwrap();
        let send = |round: usize| {
            // Two hands of the same service send the same at the same time.
            let key = format!("{}-{}-{round}", hand / 4, hand % 2);
            let headers = [("idempotency-key", key.as_bytes())];
            let email = format!("{key}@example.com");
            let dry = wire.post(
                "/v1/capture",
                &[],
                &json!({"email": email, "dry_run": true}),
            );
            let dry = dry.unwrap();
            assert!(matches!(dry.status, 200 | 201), "{}", dry.text());
            let reply = wire.post("/v1/capture", &headers, &json!({"email": email}));
            reply.unwrap().status
        };
        (0..ROUNDS).map(send).collect::<Vec<_>>()
    })
    .concat();
    assert!(statuses.iter().all(|status| *status == 201), "{statuses:?}");
    let leads = HANDS / 2 * ROUNDS;
    assert_eq!(count(&app, "SELECT count(*) FROM leads") as usize, leads);
    let fair = app.get("/v1/pools/everyone/fairness").json();
    let given: Vec<f64> = fair["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member: &Value| member["given"].as_f64().unwrap())
        .collect();
    assert_eq!(given.len(), reps.len(), "{fair}");
    assert_eq!(given.iter().sum::<f64>() as usize, leads, "{fair}");
    let share = leads as f64 / reps.len() as f64;
    assert!(
        given.iter().all(|given| (given - share).abs() < 1.0),
        "{fair}"
    );
    for rep in &reps {
        let owned = format!("SELECT count(*) FROM leads WHERE owner_id = '{}'", rep.id);
        assert!((count(&app, &owned) as f64 - share).abs() < 1.0, "{fair}");
    }
}
