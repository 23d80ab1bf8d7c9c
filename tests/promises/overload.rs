//! Too much at once is said at once, and what was taken is done.

use crate::support::TestApp;
use crate::twin::{count, wait_until};
use crate::wire::Wire;
use diesel::connection::SimpleConnection;
use serde_json::json;
use std::thread::scope;
use std::time::{Duration, Instant};

#[test]
fn p1_a_full_queue_turns_away_at_once_and_keeps_what_it_took() {
    const WAITING: usize = 4;
    const WRITERS: usize = 2;
    let app = TestApp::start_with(|config| {
        config.capture_waiting = WAITING;
        config.capture_writers = WRITERS;
    });
    app.capture(json!({"email": "first@example.com"}));
    let mut by_hand = app.database().look();
    by_hand
        .batch_execute("BEGIN; LOCK TABLE leads IN EXCLUSIVE MODE")
        .unwrap();
    let capture = |name: String| {
        let mut wire = Wire::open(app.address, &app.key).unwrap();
        let body = json!({"email": format!("{name}@example.com")});
        wire.post("/v1/capture", &[], &body).unwrap()
    };
    scope(|scope| {
        let mut taken = Vec::new();
        // One for each writer, one after the other so that they do not share a transaction; then the queue fills.
        for number in 0..WRITERS + WAITING {
            taken.push(scope.spawn(move || capture(format!("taken{number}"))));
            let blocked = (number + 1).min(WRITERS) as i64;
            wait_until("the writers wait", Duration::from_secs(5), || {
                count(
                    &app,
                    "SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'RowExclusiveLock'",
                ) == blocked
            });
            std::thread::sleep(Duration::from_millis(50));
        }
        for number in 0..20 {
            let since = Instant::now();
            let reply = capture(format!("refused{number}"));
            assert_eq!(reply.status, 503, "{}", reply.text());
            assert!(reply.header("retry-after").is_some());
            assert!(
                since.elapsed() < Duration::from_secs(1),
                "{:?}",
                since.elapsed()
            );
        }
        by_hand.batch_execute("COMMIT").unwrap();
        for reply in taken {
            let reply = reply.join().unwrap();
            assert_eq!(reply.status, 201, "{}", reply.text());
        }
    });
    let taken = (1 + WRITERS + WAITING) as i64;
    assert_eq!(count(&app, "SELECT count(*) FROM leads"), taken);
    assert_eq!(count(&app, "SELECT count(*) FROM submissions"), taken);
    app.capture(json!({"email": "refused0@example.com"}));
}
