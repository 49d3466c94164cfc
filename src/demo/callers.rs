//! The callers of tools, as the infobase sees them.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::HeaderMap;
use percent_encoding::percent_decode_str;

/// The number of callers that are remembered.
const REMEMBERED: usize = 100;

/// A caller of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Caller {
    /// The user of the infobase that the call runs as.
    pub user: String,
    /// The tool, or the path of the REST dialect, such as `reports/sales`.
    pub tool: String,
    /// The header `X-MCP-Sub` as it was sent: percent-encoded.
    pub sub: Option<String>,
    /// The header `X-MCP-Scopes` as it was sent: separated by commas.
    pub scopes: Option<String>,
}

/// The session of a request: a user, and what the gateway says about the caller.
#[derive(Debug)]
pub(super) struct Session {
    user: &'static str,
    sub: Option<String>,
    scopes: Option<String>,
}

impl Session {
    pub(super) fn new(user: &'static str, headers: &HeaderMap) -> Self {
        let text = |name| {
            let values = headers.get_all(name).iter();
            // Joined as a web server joins them, so that a repeated header is noticed.
            values.map(|value| String::from_utf8_lossy(value.as_bytes())).reduce(|all, next| all + ", " + next)
        };
        let owned = |name| text(name).map(String::from);
        Self { user, sub: owned("x-mcp-sub"), scopes: owned("x-mcp-scopes") }
    }

    pub(super) const fn user(&self) -> &'static str {
        self.user
    }

    pub(super) fn scopes(&self) -> Option<&str> {
        self.scopes.as_deref()
    }

    /// Describes the session for people, one fact a line.
    pub(super) fn describe(&self) -> String {
        let mut text = format!("Пользователь 1С: {}", self.user);
        if let Some(sub) = &self.sub {
            text.push_str(&format!("\nКто вызывает: {}", percent_decode_str(sub).decode_utf8_lossy()));
        }
        if let Some(scopes) = &self.scopes {
            text.push_str(&format!("\nРазрешения: {scopes}"));
        }
        text
    }

    fn calls(&self, tool: &str) -> Caller {
        let Self { user, sub, scopes } = self;
        Caller { user: (*user).to_owned(), tool: tool.to_owned(), sub: sub.clone(), scopes: scopes.clone() }
    }
}

/// The callers of an infobase, the newest at the end.
#[derive(Debug, Default)]
pub(super) struct Callers(Mutex<VecDeque<Caller>>);

impl Callers {
    pub(super) fn remember(&self, session: &Session, tool: &str) {
        let mut callers = self.callers();
        if callers.len() == REMEMBERED {
            callers.pop_front();
        }
        callers.push_back(session.calls(tool));
    }

    pub(super) fn now(&self) -> Vec<Caller> {
        self.callers().iter().cloned().collect()
    }

    fn callers(&self) -> MutexGuard<'_, VecDeque<Caller>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
