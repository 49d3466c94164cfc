//! Request and response bodies whose bytes count in a budget.

use super::pool::OverBudgetError;
use super::tally::Tally;
use crate::rpc::BoxError;
use bytes::{Buf, Bytes};
use futures_core::future::BoxFuture;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

pin_project! {
    /// The request body that a [`Budget`](super::Budget) service passes on. While the budget has no room, the next
    /// piece is not read; if none becomes free in time, the body ends with an [`OverBudgetError`].
    pub struct Counted<B> {
        #[pin]
        body: B,
        tally: Tally,
        // Boxed, since few bodies wait and every one would otherwise carry the timer.
        room: Option<BoxFuture<'static, Result<(), OverBudgetError>>>,
    }
}

impl<B> Counted<B> {
    pub(super) const fn new(body: B, tally: Tally) -> Self {
        Self { body, tally, room: None }
    }
}

impl<B> fmt::Debug for Counted<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Counted").field("tally", &self.tally).finish_non_exhaustive()
    }
}

impl<B: Body<Error: Into<BoxError>>> Body for Counted<B> {
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        let mut this = self.project();
        if let Some(room) = this.room {
            let found = ready!(room.as_mut().poll(cx));
            *this.room = None;
            found?;
        }
        let frame = ready!(this.body.as_mut().poll_frame(cx));
        if let Some(Ok(frame)) = &frame {
            this.tally.came(frame.data_ref().map_or(0, Buf::remaining));
            // This piece has arrived already; the next one can wait in the connection.
            if !this.tally.has_room() && !this.body.is_end_stream() {
                *this.room = Some(Box::pin(this.tally.room()));
            }
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

pin_project! {
    /// The response body of a [`Budget`](super::Budget) service.
    #[derive(Debug)]
    pub struct Held<B> {
        #[pin]
        state: State<B>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = StateOf]
    enum State<B> {
        Answer { #[pin] body: B, tally: Tally },
        Refusal { text: Option<Bytes> },
    }
}

impl<B: Body> Held<B> {
    pub(super) fn answer(body: B, tally: Tally) -> Self {
        // The length of a stream is not known; its bytes were counted as they arrived.
        if let Some(length) = body.size_hint().exact() {
            tally.settle(usize::try_from(length).unwrap_or(usize::MAX));
        }
        Self { state: State::Answer { body, tally } }
    }
}

impl<B> Held<B> {
    pub(super) const fn refusal(text: Bytes) -> Self {
        Self { state: State::Refusal { text: Some(text) } }
    }
}

impl<B: Body<Data = Bytes>> Body for Held<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.project().state.project() {
            StateOf::Answer { body, tally } => {
                let frame = ready!(body.poll_frame(cx));
                Poll::Ready(frame.map(|frame| frame.map(|frame| frame.map_data(|data| tally.with(data)))))
            }
            StateOf::Refusal { text } => Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.state {
            State::Answer { body, .. } => body.is_end_stream(),
            State::Refusal { text } => text.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.state {
            State::Answer { body, .. } => body.size_hint(),
            State::Refusal { text } => SizeHint::with_exact(text.as_ref().map_or(0, Bytes::len) as u64),
        }
    }
}
