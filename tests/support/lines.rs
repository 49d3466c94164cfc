//! What is logged in this thread, as values.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

use serde_json::{Map, Value};
use std::fmt::Debug;
use std::sync::{Arc, LazyLock, Mutex};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::subscriber::DefaultGuard;
use tracing::{Dispatch, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};

/// Hears this thread alone, while the guard lives.
pub(crate) fn listen(subscriber: impl Subscriber + Send + Sync) -> DefaultGuard {
    // While there is another, a thread of another test that has none does not decide that nobody listens.
    static OTHER: LazyLock<Dispatch> =
        LazyLock::new(|| Dispatch::new(tracing_subscriber::registry().with(LevelFilter::TRACE)));
    LazyLock::force(&OTHER);
    tracing::subscriber::set_default(subscriber)
}

/// The lines so far. Each has its fields, `level` and `target`; its text is `message`.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<Value>>>);

impl Lines {
    /// Listens in this thread while the guard lives.
    pub(crate) fn start() -> (Self, DefaultGuard) {
        let lines = Self::default();
        let subscriber = tracing_subscriber::registry().with(lines.clone()).with(LevelFilter::TRACE);
        (lines, listen(subscriber))
    }

    /// Those since the last look, at `INFO` and above.
    pub(crate) fn take(&self) -> Vec<Value> {
        let mut lines = std::mem::take(&mut *self.0.lock().unwrap());
        lines.retain(|line| !matches!(line["level"].as_str(), Some("DEBUG" | "TRACE")));
        lines
    }

    /// Those whose text is this.
    pub(crate) fn of(&self, message: &str) -> Vec<Value> {
        let mut lines = self.take();
        lines.retain(|line| line["message"] == message);
        lines
    }

    /// The only one whose text is this.
    #[track_caller]
    pub(crate) fn one(&self, message: &str) -> Value {
        let mut lines = self.of(message);
        assert_eq!(lines.len(), 1, "{lines:?}");
        lines.remove(0)
    }
}

impl<S: Subscriber> tracing_subscriber::Layer<S> for Lines {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let meta = event.metadata();
        fields.0.insert("level".to_owned(), meta.level().as_str().into());
        fields.0.insert("target".to_owned(), meta.target().into());
        self.0.lock().unwrap().push(Value::Object(fields.0));
    }
}

#[derive(Default)]
struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.0.insert(field.name().to_owned(), value.to_string().into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }
}
