//! [`Answering`]: from the body of a POST to its answer.

use super::post::{Admitted, Post, bad_request};
use super::reply;
use crate::bridge::{Call, Party, Running};
use crate::net::Body;
use crate::net::collect::BodyError;
use crate::net::holder::Holder;
use crate::net::served::{Next, Then};
use crate::rpc::{BoxError, ErrorObject, Incoming, Message, MessageError, Request, Response as RpcResponse};
use bytes::Bytes;
use futures_core::future::BoxFuture;
use http::Response;
use pin_project_lite::pin_project;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::time::{Sleep, sleep};
use tower_service::Service;

impl<S> Then for Post<S>
where
    S: Service<Request, Response = RpcResponse> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    type Work = Answering<S>;

    fn then(mut self, body: Result<Bytes, BodyError>) -> Next<Answering<S>> {
        let bytes = match body {
            Ok(bytes) => bytes,
            Err(why) => return Next::Answer(self.shared.options.unread(why)),
        };
        Next::Answer(match Incoming::parse(&bytes) {
            Incoming::One(Ok(Message::Request(id, request))) => match self.admit(id.clone(), request) {
                Ok(Admitted::Call(call, request)) => {
                    let running = self.begin(*request);
                    return Next::Work(Answering::calling(self, call, running));
                }
                Ok(Admitted::Own(call, running)) => return Next::Work(Answering::calling(self, call, running)),
                Ok(Admitted::Listen(call, holder)) => self.listen(call, holder),
                Err(error) => bad_request(&error, Some(&id)),
            },
            Incoming::One(Ok(Message::Notification(..))) => reply::accepted(),
            Incoming::One(Ok(Message::Reply(answer))) => {
                let from = Party::new(Holder::of_http(&self.head.extensions), None);
                match self.shared.bridge.questions.answer(answer, &from) {
                    true => reply::accepted(),
                    false => bad_request(&ErrorObject::invalid_request("An answer to no open question"), None),
                }
            }
            Incoming::One(Err(MessageError { id, error, .. })) => bad_request(&error, id.as_ref()),
            Incoming::Batch(messages) => return Next::Work(Answering::later(self.batch(messages))),
        })
    }
}

pin_project! {
    /// A call that is under way, until its answer begins.
    pub(super) struct Answering<S> {
        #[pin]
        state: State<S>,
    }
}

pin_project! {
    #[project = Projected]
    enum State<S> {
        Calling {
            post: Option<(Post<S>, Box<Call>)>,
            running: Option<Running>,
            // When the answer becomes a stream. Many calls end before that at once, and need none.
            #[pin]
            end: Option<Sleep>,
        },
        // A batch, or a caller who must hear that 1C refuses the login: rare, and of many steps.
        Later { answer: BoxFuture<'static, Response<Body>> },
    }
}

impl<S> Answering<S> {
    fn calling(post: Post<S>, call: Box<Call>, running: Running) -> Self {
        Self { state: State::Calling { post: Some((post, call)), running: Some(running), end: None } }
    }

    fn later(answer: impl Future<Output = Response<Body>> + Send + 'static) -> Self {
        Self { state: State::Later { answer: Box::pin(answer) } }
    }
}

impl<S> Future for Answering<S>
where
    S: Service<Request, Response = RpcResponse> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
{
    type Output = Response<Body>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response<Body>> {
        let mut state = self.project().state;
        loop {
            let (post, running, mut end) = match state.as_mut().project() {
                Projected::Later { answer } => return answer.as_mut().poll(cx),
                Projected::Calling { post, running, end } => (post, running, end),
            };
            // A future is not polled after its end.
            let Some(call) = running else { return Poll::Pending };
            if let Poll::Ready(answer) = call.as_mut().poll(cx) {
                let Some((post, call)) = post.take() else { return Poll::Pending };
                if !call.must_tell(&answer) {
                    let outcome = call.outcome(answer);
                    return Poll::Ready(post.concluded(call, outcome));
                }
                let answer = async move {
                    let outcome = call.ended(answer).await;
                    post.concluded(call, outcome)
                };
                state.set(State::Later { answer: Box::pin(answer) });
                continue;
            }
            let Some((asked, _)) = post.as_ref().filter(|(post, _)| post.accepts.events) else { return Poll::Pending };
            if end.is_none() {
                end.set(Some(sleep(asked.shared.bridge.stream_after)));
            }
            let is_over = end.as_pin_mut().is_some_and(|end| end.poll(cx).is_ready());
            return match (is_over, post.take_if(|_| is_over), running.take_if(|_| is_over)) {
                (true, Some((post, call)), Some(running)) => Poll::Ready(post.streamed(call, running)),
                _ => Poll::Pending,
            };
        }
    }
}
