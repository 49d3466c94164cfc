//! How many files the system lets the gateway have open: each connection is one.

use crate::settings::Settings;

/// What is open beside connections and calls to 1C: the log, the token store, the listener, the runtime's own.
const OTHERS: usize = 128;

/// Asks the system for as many open files as it allows, and says for how many connections they are enough.
pub(crate) fn room_for(settings: &Settings) -> usize {
    let wanted = settings.http.max_connections;
    let others = OTHERS + settings.onec.max_concurrency;
    match raised() {
        Some(files) if files < wanted + others => {
            let most = files.saturating_sub(others).max(1);
            tracing::warn!("the system allows {files} open files (ulimit -n), so there are at most {most} connections");
            most
        }
        _ => wanted,
    }
}

/// The limit, after it was raised as far as it goes; `None` where there is none.
#[cfg(unix)]
fn raised() -> Option<usize> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        // Where it cannot be raised, it is as it was.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    }
    getrlimit(Resource::Nofile).current.map(|files| usize::try_from(files).unwrap_or(usize::MAX))
}

/// Other systems have no such limit.
#[cfg(not(unix))]
const fn raised() -> Option<usize> {
    None
}
