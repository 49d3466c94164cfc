//! Reading a whole body within a limit: the one reader of this crate.
//!
//! http-body-util's `collect` would hold the pieces and the whole at once, and its `Limited` would begin to read what
//! says itself that it is too long.

use crate::net::budget::{OverBudgetError, Tally};
use crate::rpc::{BoxError, cause};
use bytes::{Buf, Bytes, BytesMut};
use http_body::{Body, Frame};
use pin_project_lite::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

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
pub(crate) fn collect<B: Body>(body: B, limit: usize) -> Collect<B> {
    Collect { told: body.size_hint().lower(), body, limit, first: Bytes::new(), all: BytesMut::new(), tally: None }
}

pin_project! {
    /// A body that is read.
    pub(crate) struct Collect<B> {
        #[pin]
        body: B,
        limit: usize,
        told: u64,
        first: Bytes,
        all: BytesMut,
        tally: Option<Tally>,
    }
}

impl<B> Collect<B> {
    /// Each piece counts there as part of an answer.
    pub(crate) fn counted(mut self, tally: Option<Tally>) -> Self {
        self.tally = tally;
        self
    }
}

impl<B> Future for Collect<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Output = Result<Bytes, Incomplete>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let (limit, told) = (*this.limit, *this.told);
        if told > limit as u64 {
            return Poll::Ready(Err(Incomplete::TooLarge));
        }
        while let Some(frame) = ready!(this.body.as_mut().poll_frame(cx)) {
            let frame = frame.map_err(|error| Incomplete::of(error.into()))?;
            let Ok(mut data) = Frame::into_data(frame) else { continue };
            if this.first.len() + this.all.len() + data.remaining() > limit {
                return Poll::Ready(Err(Incomplete::TooLarge));
            }
            if let Some(tally) = &this.tally {
                tally.answered(data.remaining());
            }
            if this.first.is_empty() && this.all.is_empty() {
                *this.first = data.copy_to_bytes(data.remaining());
                continue;
            }
            if this.all.is_empty() {
                // No further than the limit, whatever was told.
                this.all.reserve((told as usize).max(this.first.len() + data.remaining()));
                this.all.extend_from_slice(&std::mem::take(this.first));
            }
            while data.has_remaining() {
                let piece = data.chunk();
                let length = piece.len();
                this.all.extend_from_slice(piece);
                data.advance(length);
            }
        }
        let (first, all) = (std::mem::take(this.first), std::mem::take(this.all));
        Poll::Ready(Ok(if all.is_empty() { first } else { all.freeze() }))
    }
}
