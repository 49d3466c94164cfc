//! The audit trail of a test program, by who called.
#![allow(dead_code, clippy::unwrap_used, reason = "helpers of tests")]

use serde_json::Value;
use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex};
use tracing_subscriber::filter::EnvFilter;

type Events = Arc<Mutex<HashMap<Option<String>, Vec<Value>>>>;

struct Pen(Events);

impl Write for Pen {
    /// Each event comes in one piece.
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        let mut event: Value = serde_json::from_slice(line)?;
        let event = event["fields"].take();
        let sub = event["sub"].as_str().map(str::to_owned);
        self.0.lock().unwrap().entry(sub).or_default().push(event);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A subscriber of one thread would miss events that another thread, which has none, came upon first.
static EVENTS: LazyLock<Events> = LazyLock::new(|| {
    let events = Events::default();
    let pen = Arc::clone(&events);
    let filter = EnvFilter::new(format!("off,{}=info", onec_mcp::audit::TARGET));
    let lines = tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(move || Pen(Arc::clone(&pen)));
    tracing::subscriber::set_global_default(lines.finish()).unwrap();
    events
});

/// Begins to listen; to be called before anything is done.
pub(crate) fn listen() {
    LazyLock::force(&EVENTS);
}

/// What was reported of this caller since this was asked last.
pub(crate) fn of(sub: Option<&str>) -> Vec<Value> {
    EVENTS.lock().unwrap().remove(&sub.map(str::to_owned)).unwrap_or_default()
}
