//! 1C behind a corporate proxy, with a client certificate: the house's own HTTP client under the leaf.

use bytes::Bytes;
use http_body_util::BodyExt;
use onec_mcp::onec::ClientError;
use tower::{Service, service_fn};

/// What the house's network asks of a client; the certificates are PEM.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Network<'a> {
    /// The URL of the proxy.
    pub(crate) proxy: Option<&'a str>,
    /// The authority that issued 1C's certificate.
    pub(crate) authority: Option<&'a [u8]>,
    /// The client's own certificate, and its key.
    pub(crate) identity: Option<&'a [u8]>,
}

/// Returns a client for this network.
pub(crate) fn client(network: Network<'_>) -> Result<reqwest::Client, reqwest::Error> {
    // reqwest's own default would be a second library for TLS.
    rustls::crypto::ring::default_provider().install_default().ok();
    let mut client = reqwest::Client::builder().no_proxy();
    if let Some(proxy) = network.proxy {
        client = client.proxy(reqwest::Proxy::all(proxy)?);
    }
    if let Some(pem) = network.authority {
        client = client.tls_certs_merge(reqwest::Certificate::from_pem_bundle(pem)?);
    }
    if let Some(pem) = network.identity {
        client = client.identity(reqwest::Identity::from_pem(pem)?);
    }
    client.build()
}

/// Returns the client as a service that a leaf takes: `OneCService::with_client(infobase, service(client))`.
pub(crate) fn service(
    client: reqwest::Client,
) -> impl Service<http::Request<Bytes>, Response = http::Response<Bytes>, Error = ClientError, Future: Send>
+ Clone
+ Send
+ Sync
+ 'static {
    service_fn(move |request: http::Request<Bytes>| {
        let client = client.clone();
        async move {
            let request = reqwest::Request::try_from(request).map_err(ClientError::not_sent)?;
            let answer = client.execute(request).await.map_err(|error| match error.is_connect() {
                // Nothing was sent, so a call may be made once more.
                true => ClientError::connect(error),
                false => ClientError::broken(error),
            })?;
            let (head, body) = http::Response::from(answer).into_parts();
            let body = body.collect().await.map_err(ClientError::broken)?;
            Ok(http::Response::from_parts(head, body.to_bytes()))
        }
    })
}
