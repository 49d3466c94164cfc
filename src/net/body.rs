//! The body of an HTTP answer.

use crate::rpc::Encoded;
use bytes::Bytes;
use futures_core::Stream;
use http_body::{Frame, SizeHint};
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The body of an answer: nothing, a JSON text, or a stream of events.
pub struct Body(Content);

enum Content {
    Empty,
    Whole(Encoded),
    Events(Pin<Box<dyn Stream<Item = Bytes> + Send>>),
}

impl Body {
    pub(crate) const fn empty() -> Self {
        Self(Content::Empty)
    }

    pub(crate) fn whole(text: impl Into<Encoded>) -> Self {
        Self(Content::Whole(text.into()))
    }

    pub(crate) fn events(stream: impl Stream<Item = Bytes> + Send + 'static) -> Self {
        Self(Content::Events(Box::pin(stream)))
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl From<Bytes> for Body {
    fn from(whole: Bytes) -> Self {
        Self::whole(whole)
    }
}

impl From<String> for Body {
    fn from(whole: String) -> Self {
        Self::whole(Bytes::from(whole))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Content::Empty => "Body::Empty",
            Content::Whole(_) => "Body::Whole",
            Content::Events(_) => "Body::Events",
        })
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = match &mut self.0 {
            Content::Empty => Poll::Ready(None),
            Content::Whole(text) => Poll::Ready(text.next_piece()),
            Content::Events(stream) => stream.as_mut().poll_next(cx),
        };
        piece.map(|piece| piece.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Content::Empty => true,
            Content::Whole(text) => text.is_empty(),
            Content::Events(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Content::Empty => SizeHint::with_exact(0),
            Content::Whole(text) => SizeHint::with_exact(text.len() as u64),
            Content::Events(_) => SizeHint::default(),
        }
    }
}
