//! Reads a whole body within a limit: the only reader of bodies in this crate.
//!
//! http-body-util's `collect` would hold the pieces and the whole at once, and its `Limited` would begin to read a body
//! whose declared length is already too long.

use crate::net::budget::{OverBudgetError, Tally};
use crate::rpc::{BoxError, cause};
use bytes::{Buf, Bytes, BytesMut};
use http_body::{Body, Frame};
use http_body_util::LengthLimitError;
use pin_project_lite::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// The text of the 413 for a body that another layer cut off; its limit is not known here.
pub(crate) const CUT_OFF: &str = "The body is longer than this server accepts";

/// The error of a body that was not read to its end.
#[derive(Debug)]
pub(crate) enum CollectError {
    /// It is longer than the limit.
    TooLarge,
    /// A layer around this service cut it off at a limit of its own.
    CutOff,
    /// The budget has no room for the body, see [`crate::net::budget`].
    NoRoom,
    /// The connection broke off within the body.
    Broken(BoxError),
}

/// Why there is no whole body within a time.
#[derive(Debug)]
pub(crate) enum BodyError {
    /// It is not whole.
    Collect(CollectError),
    /// It took too long to arrive.
    TooSlow,
}

impl CollectError {
    fn of(error: BoxError) -> Self {
        if cause::<OverBudgetError>(&*error).is_some() {
            Self::NoRoom
        } else if cause::<LengthLimitError>(&*error).is_some() {
            Self::CutOff
        } else {
            Self::Broken(error)
        }
    }
}

/// Reads the body. A body that comes in a single piece is not copied.
pub(crate) fn collect<B: Body>(body: B, limit: usize) -> Collect<B> {
    Collect { told: body.size_hint().lower(), body, limit, first: Bytes::new(), all: BytesMut::new(), tally: None }
}

pin_project! {
    /// The future that reads a body.
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
    /// Counts each piece in this tally, as part of an answer.
    pub(crate) fn counted(mut self, tally: Option<Tally>) -> Self {
        self.tally = tally;
        self
    }

    /// It must be there within this time.
    pub(crate) const fn within(self, time: Duration) -> Within<B> {
        Within { body: self, time, end: None }
    }
}

pin_project! {
    /// A body that is read within a time.
    pub(crate) struct Within<B> {
        #[pin]
        body: Collect<B>,
        time: Duration,
        // Most bodies are there at once, and need none.
        #[pin]
        end: Option<Sleep>,
    }
}

impl<B> Future for Within<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Output = Result<Bytes, BodyError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Poll::Ready(read) = this.body.poll(cx) {
            return Poll::Ready(read.map_err(BodyError::Collect));
        }
        if this.end.is_none() {
            this.end.set(Some(sleep(*this.time)));
        }
        let Some(end) = this.end.as_pin_mut() else { return Poll::Pending };
        end.poll(cx).map(|()| Err(BodyError::TooSlow))
    }
}

impl<B> Future for Collect<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Output = Result<Bytes, CollectError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let (limit, told) = (*this.limit, *this.told);
        if told > limit as u64 {
            return Poll::Ready(Err(CollectError::TooLarge));
        }
        while let Some(frame) = ready!(this.body.as_mut().poll_frame(cx)) {
            let frame = frame.map_err(|error| CollectError::of(error.into()))?;
            let Ok(mut data) = Frame::into_data(frame) else { continue };
            if this.first.len() + this.all.len() + data.remaining() > limit {
                return Poll::Ready(Err(CollectError::TooLarge));
            }
            if let Some(tally) = &this.tally {
                tally.answered(data.remaining());
            }
            if this.first.is_empty() && this.all.is_empty() {
                *this.first = data.copy_to_bytes(data.remaining());
                continue;
            }
            if this.all.is_empty() {
                // Reserves no more than the limit, whatever length was declared.
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
