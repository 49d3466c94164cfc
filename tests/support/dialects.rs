//! A stand-in for 1C that answers both dialects.

/// Makes a type the service of both dialects: what it answers, at once, to a request and to a REST call.
macro_rules! both_dialects {
    ($onec:ty, $request:expr, $rest_call:expr) => {
        crate::support::dialects::both_dialects!(one $onec, onec_mcp::rpc::Request, $request);
        crate::support::dialects::both_dialects!(one $onec, onec_mcp::onec::RestCall, $rest_call);
    };
    (one $onec:ty, $asked:ty, $answer:expr) => {
        impl tower::Service<$asked> for $onec {
            type Response = onec_mcp::rpc::Response;
            type Error = onec_mcp::rpc::BoxError;
            type Future = std::future::Ready<Result<Self::Response, Self::Error>>;

            fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Self::Error>> {
                std::task::Poll::Ready(Ok(()))
            }

            fn call(&mut self, asked: $asked) -> Self::Future {
                let answer: fn(&Self, $asked) -> Result<Self::Response, Self::Error> = $answer;
                std::future::ready(answer(self, asked))
            }
        }
    };
}
pub(crate) use both_dialects;
