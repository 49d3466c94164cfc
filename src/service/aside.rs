//! Work that takes long, off the threads that serve: nobody else waits while a list of a hundred thousand lines is read.

use crate::rpc::BoxError;
use std::num::NonZeroUsize;
use std::sync::{Arc, LazyLock};
use std::thread::available_parallelism;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// So many bytes of JSON take some 10 ms to be read, mended and written anew.
const LONG: usize = 1024 * 1024;

/// As many at once as there are processors. Those who wait for a turn hold no thread.
static TURNS: LazyLock<Arc<Semaphore>> =
    LazyLock::new(|| Arc::new(Semaphore::new(available_parallelism().map_or(1, NonZeroUsize::get))));

/// Whether what is made of so many bytes takes long.
pub(crate) const fn is_long(bytes: usize) -> bool {
    bytes >= LONG
}

/// Does `work` on a thread for such work. On its way it cannot be stopped.
///
/// # Errors
/// The runtime ends, or the work does in a way that it must not.
pub(crate) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, BoxError> {
    // Whoever drives futures without a runtime has no such threads.
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
