//! Metrics from events: what the audit trail tells, counted.

use onec_mcp::audit;
use std::collections::BTreeMap;
use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex, PoisonError};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// Counts the events of the audit trail, by their names and reasons. Clones share the counts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics(Arc<Mutex<BTreeMap<Labels, Count>>>);

/// What an event is counted by. A tool's name comes from clients, so it is no label.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Labels {
    event: String,
    reason: String,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    events: u64,
    milliseconds: u64,
}

impl<S: Subscriber> Layer<S> for Metrics {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() != audit::TARGET {
            return;
        }
        let mut seen = Seen::default();
        event.record(&mut seen);
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(seen.labels).or_default();
        count.events += 1;
        count.milliseconds += seen.milliseconds;
    }
}

/// The fields of an event that matter here.
#[derive(Default)]
struct Seen {
    labels: Labels,
    milliseconds: u64,
}

impl Visit for Seen {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "event" => value.clone_into(&mut self.labels.event),
            "reason" => value.clone_into(&mut self.labels.reason),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "duration_ms" {
            self.milliseconds = value;
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

impl Metrics {
    /// Returns the counts as Prometheus reads them.
    pub(crate) fn text(&self) -> String {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = "# TYPE onec_events_total counter\n# TYPE onec_event_milliseconds_total counter\n".to_owned();
        for (Labels { event, reason }, Count { events, milliseconds }) in &*counts {
            let labels = format!("event=\"{event}\",reason=\"{reason}\"");
            // Writing into a string cannot fail.
            let _ = writeln!(text, "onec_events_total{{{labels}}} {events}");
            let _ = writeln!(text, "onec_event_milliseconds_total{{{labels}}} {milliseconds}");
        }
        text
    }
}
