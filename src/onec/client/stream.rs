//! The stream of a connection: with TLS where the URL says https, and without it where the feature `tls` is off.

#[cfg(feature = "tls")]
mod with_tls {
    use super::super::wire::{Dial, Wire};
    use hyper_rustls::{HttpsConnector, MaybeHttpsStream};

    pub(in super::super) type Secured = HttpsConnector<Dial>;
    pub(in super::super) type Stream = MaybeHttpsStream<Wire>;

    pub(in super::super) const fn is_plain(stream: &Stream) -> bool {
        matches!(stream, MaybeHttpsStream::Http(_))
    }

    pub(in super::super) fn wire(stream: &Stream) -> &Wire {
        match stream {
            MaybeHttpsStream::Http(wire) => wire,
            MaybeHttpsStream::Https(tls) => tls.inner().get_ref().0.inner(),
        }
    }
}

#[cfg(not(feature = "tls"))]
mod without_tls {
    use super::super::wire::{Dial, Wire};
    use crate::onec::infobase_error::InfobaseError;
    use crate::rpc::BoxError;
    use futures_core::future::BoxFuture;
    use http::Uri;
    use http::uri::Scheme;
    use std::task::{Context, Poll};
    use tower_service::Service;

    /// Refuses https, which would go unencrypted.
    #[derive(Clone, Debug)]
    pub(in super::super) struct Secured(pub(in super::super) Dial);

    pub(in super::super) type Stream = Wire;

    impl Service<Uri> for Secured {
        type Response = Wire;
        type Error = BoxError;
        type Future = BoxFuture<'static, Result<Wire, BoxError>>;

        fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            self.0.poll_ready(cx)
        }

        fn call(&mut self, uri: Uri) -> Self::Future {
            if uri.scheme() == Some(&Scheme::HTTP) {
                return self.0.call(uri);
            }
            Box::pin(std::future::ready(Err(InfobaseError::NoTls.into())))
        }
    }

    pub(in super::super) const fn is_plain(_: &Stream) -> bool {
        true
    }

    pub(in super::super) const fn wire(stream: &Stream) -> &Wire {
        stream
    }
}

#[cfg(feature = "tls")]
pub(super) use with_tls::{Secured, Stream, is_plain, wire};
#[cfg(not(feature = "tls"))]
pub(super) use without_tls::{Secured, Stream, is_plain, wire};
