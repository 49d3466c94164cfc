//! Finds the client in the headers of trusted proxies.

use super::forwarded::elements;
use super::node::{Scheme, address, base};
use crate::net::Caller;
use http::header::{FORWARDED, HOST};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use ipnet::IpNet;
use std::net::IpAddr;

const X_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

pub(super) fn is_trusted(trusted: &[IpNet], address: IpAddr) -> bool {
    trusted.iter().any(|network| network.contains(&address))
}

/// Returns the client that the trusted proxy at `peer` names.
pub(super) fn caller(trusted: &[IpNet], peer: IpAddr, uri: &Uri, headers: &HeaderMap) -> Caller {
    let chain = Chain { trusted, peer, uri, headers };
    let standard = headers.contains_key(FORWARDED);
    let usual = [X_FOR, X_PROTO, X_HOST].iter().any(|name| headers.contains_key(name));
    match (standard, usual) {
        (false, false) => Caller::new(Some(peer), None),
        (true, false) => chain.forwarded(),
        (false, true) => chain.x_forwarded(),
        (true, true) => {
            // A proxy that writes one kind of header passes the other on as the client sent it.
            let (one, other) = (chain.forwarded(), chain.x_forwarded());
            if one == other { one } else { Caller::new(Some(peer), None) }
        }
    }
}

struct Chain<'a> {
    trusted: &'a [IpNet],
    peer: IpAddr,
    uri: &'a Uri,
    headers: &'a HeaderMap,
}

impl Chain<'_> {
    /// Reads `Forwarded` from its last element: each element was written by the node that the next one names.
    fn forwarded(&self) -> Caller {
        let mut found = (self.peer, None, None);
        for line in self.headers.get_all(FORWARDED).iter().rev() {
            let Some(elements) = line.to_str().ok().and_then(elements) else { break };
            for element in elements.into_iter().rev() {
                let client = element.client.as_deref().and_then(address);
                found = (client.unwrap_or(found.0), element.proto, element.host);
                if !client.is_some_and(|client| is_trusted(self.trusted, client)) {
                    return self.caller(found.0, found.1.as_deref(), found.2.as_deref());
                }
            }
        }
        self.caller(found.0, found.1.as_deref(), found.2.as_deref())
    }

    /// Reads `X-Forwarded-For`, `-Proto` and `-Host`, from the last item of each list.
    fn x_forwarded(&self) -> Caller {
        let (mut client, mut hop) = (self.peer, 0);
        for (index, node) in items(self.headers, &X_FOR).enumerate() {
            hop = index;
            let Some(address) = node.and_then(address) else { break };
            client = address;
            if !is_trusted(self.trusted, address) {
                break;
            }
        }
        self.caller(client, self.item(&X_PROTO, hop), self.item(&X_HOST, hop))
    }

    /// Returns the item of the proxy that is `hop` proxies away. The list is shorter where proxies keep an item instead
    /// of adding one; then its first item counts.
    fn item(&self, name: &HeaderName, hop: usize) -> Option<&str> {
        items(self.headers, name).take(hop.saturating_add(1)).last().flatten()
    }

    fn caller(&self, client: IpAddr, proto: Option<&str>, host: Option<&str>) -> Caller {
        Caller::new(Some(client), self.base(proto, host))
    }

    /// Returns the root URL. A proxy that names only the scheme has left the `Host` header as it was; one that names
    /// only the host is taken to be reached over plain http, as this server is.
    fn base(&self, proto: Option<&str>, host: Option<&str>) -> Option<String> {
        let scheme = proto.and_then(Scheme::parse);
        match (scheme, host) {
            (None, None) => None,
            (scheme, Some(host)) => base(scheme.unwrap_or(Scheme::Http), host),
            (Some(scheme), None) => {
                let host = self.headers.get(HOST).and_then(|host| host.to_str().ok());
                base(scheme, host.or_else(|| self.uri.authority().map(http::uri::Authority::as_str))?)
            }
        }
    }
}

/// Returns the items of all lines of a header, the last first; `None` for items that are not ASCII.
fn items<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = Option<&'a str>> + use<'a> {
    let split = |line: &'a HeaderValue| line.as_bytes().rsplit(|byte| *byte == b',');
    let lines = headers.get_all(name).into_iter().rev();
    lines.flat_map(split).map(|item| std::str::from_utf8(item).ok().filter(|item| item.is_ascii()))
}
