//! Reading a whole body within a limit: the one reader of this crate.
//!
//! http-body-util's `collect` would hold the pieces and the whole at once, and its `Limited` would begin to read what
//! says itself that it is too long.

use crate::net::budget::OverBudgetError;
use crate::rpc::{BoxError, cause};
use bytes::{Buf, Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt;

/// Why there is no whole body.
#[derive(Debug)]
pub(crate) enum Incomplete {
    /// It is longer than the limit.
    TooLarge,
    /// There is no room for it, see [`crate::net::budget`].
    NoRoom,
    /// It broke off.
    Broken(BoxError),
}

impl Incomplete {
    fn of(error: BoxError) -> Self {
        if cause::<OverBudgetError>(&*error).is_some() { Self::NoRoom } else { Self::Broken(error) }
    }
}

/// Reads the body. One that comes in a single piece is not copied.
pub(crate) async fn collect<B>(body: B, limit: usize) -> Result<Bytes, Incomplete>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    collect_telling(body, limit, |_| {}).await
}

/// The same; `came` is told the length of each piece that comes.
pub(crate) async fn collect_telling<B>(body: B, limit: usize, came: impl Fn(usize)) -> Result<Bytes, Incomplete>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    let told = body.size_hint().lower();
    if told > limit as u64 {
        return Err(Incomplete::TooLarge);
    }
    let mut body = std::pin::pin!(body);
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Incomplete::of(error.into()))?;
        let Ok(mut data) = frame.into_data() else { continue };
        if first.len() + all.len() + data.remaining() > limit {
            return Err(Incomplete::TooLarge);
        }
        came(data.remaining());
        if first.is_empty() && all.is_empty() {
            first = data.copy_to_bytes(data.remaining());
            continue;
        }
        if all.is_empty() {
            // No further than the limit, whatever was told.
            all.reserve((told as usize).max(first.len() + data.remaining()));
            all.extend_from_slice(&std::mem::take(&mut first));
        }
        while data.has_remaining() {
            let piece = data.chunk();
            let length = piece.len();
            all.extend_from_slice(piece);
            data.advance(length);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}
