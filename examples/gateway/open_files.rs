//! The limit of the system on open files: each connection is one.

use crate::settings::Settings;

/// Files that are open beside connections and calls to 1C: the log, the token store, the listener, those of the
/// runtime.
const OTHERS: usize = 128;

/// Raises the limit as far as the system allows, and returns for how many connections it is enough.
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

/// Returns the raised limit; `None` if there is none.
#[cfg(unix)]
fn raised() -> Option<usize> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        // If it cannot be raised, it stays as it is.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    }
    getrlimit(Resource::Nofile).current.map(|files| usize::try_from(files).unwrap_or(usize::MAX))
}

/// Returns `None`: other systems have no such limit.
#[cfg(not(unix))]
const fn raised() -> Option<usize> {
    None
}
