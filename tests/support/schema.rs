//! Every message that the tests get from the gateway, checked against the official JSON Schema of its revision.
//!
//! `ONEC_MCP_SCHEMAS` names the folder with `{revision}/schema.json`, as the MCP specification publishes them. Without
//! it nothing is checked, and the test that counts what was checked is ignored.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper that fails fails its test"
)]

use super::schema_names as names;

use jsonschema::Validator;
use serde_json::{Value, json};
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

pub(crate) const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const MODERN: &str = "2026-07-28";
const NEWEST_LEGACY: &str = "2025-11-25";

static FOLDER: LazyLock<Option<PathBuf>> = LazyLock::new(|| std::env::var_os("ONEC_MCP_SCHEMAS").map(PathBuf::from));
static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
static CHECKED: LazyLock<Mutex<BTreeMap<String, usize>>> = LazyLock::new(Mutex::default);

thread_local! {
    static ODD: Cell<bool> = const { Cell::new(false) };
}

/// Whether there are schemas to check against.
pub(crate) fn is_on() -> bool {
    FOLDER.is_some()
}

/// How many messages of each definition were right so far, by `revision definition`.
pub(crate) fn checked() -> BTreeMap<String, usize> {
    CHECKED.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Says that the 1C of a test answers what is no result of its method. While this lives, only the envelopes of the
/// messages that this thread gets are checked.
#[must_use]
pub(crate) fn odd_results(_why: &str) -> Odd {
    Odd(ODD.replace(true))
}

pub(crate) struct Odd(bool);

impl Drop for Odd {
    fn drop(&mut self) {
        ODD.set(self.0);
    }
}

/// What a client has said, by which it is known what the answers should be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Talk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// The revision of the header, or the one that was negotiated.
    revision: Option<String>,
    said: Vec<u8>,
    /// The method and revision of each request.
    asked: HashMap<String, (String, String)>,
}

impl Talk {
    /// Requests of this revision, where they do not say theirs.
    pub(crate) fn of(revision: Option<&str>) -> Self {
        Self(Arc::new(Mutex::new(State { revision: revision.map(str::to_owned), ..State::default() })))
    }

    /// A part of what is said; it counts from the next [`Self::end_of_message`] on.
    pub(crate) fn part(&self, bytes: &[u8]) {
        if is_on() {
            self.state().said.extend_from_slice(bytes);
        }
    }

    pub(crate) fn end_of_message(&self) {
        let said = std::mem::take(&mut self.state().said);
        self.says(&said);
    }

    /// A message or a batch of them; what is none asks for nothing.
    pub(crate) fn says(&self, message: &[u8]) {
        if !is_on() {
            return;
        }
        // Byte order marks are passed over, as the gateway does.
        let start = message.iter().position(|byte| !b"\xEF\xBB\xBF".contains(byte)).unwrap_or_default();
        let message = serde_json::from_slice(message[start..].trim_ascii()).unwrap_or(Value::Null);
        let mut state = self.state();
        match &message {
            Value::Array(batch) => batch.iter().for_each(|message| state.ask(message)),
            message => state.ask(message),
        }
    }

    /// Checks the text of a message. Only that of an odd one may have numbers that are too large to be read here.
    #[track_caller]
    pub(crate) fn hears_text(&self, text: &str) {
        match serde_json::from_str(text) {
            Ok(message) => self.hears(&message),
            Err(error) => assert!(ODD.get(), "{error}: {text}"),
        }
    }

    /// Checks what the gateway sent: a message or a batch of answers.
    #[track_caller]
    pub(crate) fn hears(&self, message: &Value) {
        if !is_on() {
            return;
        }
        self.end_of_message();
        match message {
            Value::Array(batch) => batch.iter().for_each(|message| self.hears_one(message)),
            message => self.hears_one(message),
        }
    }

    #[track_caller]
    fn hears_one(&self, message: &Value) {
        let (method, revision) = self.state().asked_by(message);
        if method == "initialize" {
            self.state().revision = message["result"]["protocolVersion"].as_str().map(str::to_owned);
        }
        // What the newest legacy revision negotiates is in its own words.
        let revision = message["result"]["protocolVersion"].as_str().unwrap_or(&revision);
        check_message(revision, &method, message);
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn ask(&mut self, message: &Value) {
        let Some(method) = message["method"].as_str() else { return };
        let named = message["params"]["_meta"][META_VERSION].as_str();
        let revision = self.known(named.or(self.revision.as_deref()));
        self.asked.insert(message["id"].to_string(), (method.to_owned(), revision));
    }

    /// The method and the revision of the request that a message belongs to.
    fn asked_by(&self, message: &Value) -> (String, String) {
        let asked = message.get("id").and_then(|id| self.asked.get(&id.to_string()));
        // What belongs to no request of its own is in the revision of the latest modern one, or of all.
        let modern = || self.asked.values().find(|(_, revision)| revision == MODERN).map(|(_, revision)| revision);
        let other = || (String::new(), self.known(modern().or(self.revision.as_ref()).map(String::as_str)));
        asked.cloned().unwrap_or_else(other)
    }

    fn known(&self, revision: Option<&str>) -> String {
        let known = revision.filter(|revision| names::REVISIONS.contains(revision));
        known.unwrap_or(NEWEST_LEGACY).to_owned()
    }
}

#[track_caller]
fn check_message(revision: &str, method: &str, message: &Value) {
    if let Some(kind) = message["method"].as_str() {
        let (envelope, special) = if message.get("id").is_some() {
            ("JSONRPCRequest", names::request(kind))
        } else {
            ("JSONRPCNotification", names::notification(kind))
        };
        valid(revision, envelope, message);
        match special {
            _ if ODD.get() => {}
            Some(special) => valid(revision, special, message),
            None => panic!("no server sends {kind}: {message}"),
        }
    } else if message.get("error").is_some() {
        // Before 2025-11-25 there were no words for an error of no request.
        let revision = if message.get("id").is_none() { revision.max(NEWEST_LEGACY) } else { revision };
        valid(revision, names::error_envelope(revision), message);
        let code = message["error"]["code"].as_i64().unwrap_or(0);
        if let Some(special) = names::error_message(code) {
            valid(MODERN, special, message);
        } else if let Some(special) = names::error(code).filter(|_| revision == MODERN) {
            valid(revision, special, &message["error"]);
        }
    } else {
        // That of 2026-07-28 looks into the result, too.
        let envelope = if ODD.get() { revision.min(NEWEST_LEGACY) } else { revision };
        valid(envelope, names::result_envelope(envelope), message);
        check_result(revision, method, &message["result"]);
    }
}

#[track_caller]
fn check_result(revision: &str, method: &str, result: &Value) {
    assert!(revision == MODERN || result.get("resultType").is_none(), "resultType in {revision}: {result}");
    if ODD.get() {
        return;
    }
    let asks = result["resultType"] == "input_required";
    let definition = match names::result(method) {
        Some(_) if asks && names::may_ask(method) => "InputRequiredResult",
        Some(definition) => definition,
        None => panic!("there is no result of {method:?} in {revision}: {result}"),
    };
    valid(revision, definition, result);
    for tool in result["tools"].as_array().into_iter().flatten().filter(|_| method == "tools/list") {
        for schema in [&tool["inputSchema"], &tool["outputSchema"]].into_iter().filter(|schema| !schema.is_null()) {
            jsonschema::meta::validate(schema).unwrap_or_else(|error| panic!("{}: {error}: {schema}", tool["name"]));
        }
    }
}

/// Fails if a value is not what a revision defines by this name.
#[track_caller]
pub(crate) fn valid(revision: &str, definition: &str, value: &Value) {
    let Some(validator) = validator(revision, definition) else { return };
    let faults: Vec<_> =
        validator.iter_errors(value).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert!(faults.is_empty(), "no {definition} of {revision}: {}\n{value}", faults.join("\n"));
    let mut checked = CHECKED.lock().unwrap_or_else(PoisonError::into_inner);
    *checked.entry(format!("{revision} {definition}")).or_default() += 1;
}

fn validator(revision: &str, definition: &str) -> Option<Arc<Validator>> {
    let folder = FOLDER.as_ref()?;
    let name = format!("{revision} {definition}");
    let mut validators = VALIDATORS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = validators.get(&name) {
        return Some(known.clone());
    }
    let path = folder.join(revision).join("schema.json");
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut schema: Value = serde_json::from_slice(&text).unwrap();
    let definitions = if schema["$defs"].is_object() { "$defs" } else { "definitions" };
    assert!(schema[definitions][definition].is_object(), "{revision} does not define {definition}");
    schema["$ref"] = json!(format!("#/{definitions}/{definition}"));
    let made = jsonschema::options().should_validate_formats(true).build(&schema);
    let made = Arc::new(made.unwrap_or_else(|error| panic!("{name}: {error}")));
    validators.insert(name, made.clone());
    Some(made)
}
