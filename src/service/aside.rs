//! Runs long work off the serving threads, so that other requests do not wait while a huge list is read.

use crate::rpc::BoxError;
use std::num::NonZeroUsize;
use std::sync::{Arc, LazyLock};
use std::thread::available_parallelism;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// The length from which work counts as long: a MiB of JSON takes some 10 ms to be read, mended and written.
const LONG: usize = 1024 * 1024;

/// As much work at once as there are processors. Work that waits for its turn holds no thread.
static TURNS: LazyLock<Arc<Semaphore>> =
    LazyLock::new(|| Arc::new(Semaphore::new(available_parallelism().map_or(1, NonZeroUsize::get))));

/// Returns whether work on so many bytes takes long.
pub(crate) const fn is_long(bytes: usize) -> bool {
    bytes >= LONG
}

/// Runs `work` on a blocking thread. Once started, it cannot be cancelled.
///
/// # Errors
/// The runtime shuts down, or the work panics.
pub(crate) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, BoxError> {
    // Without a tokio runtime there are no such threads.
    if Handle::try_current().is_err() {
        return Ok(work());
    }
    let turn = Arc::clone(&TURNS).acquire_owned().await?;
    let worked = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        work()
    });
    Ok(worked.await?)
}
