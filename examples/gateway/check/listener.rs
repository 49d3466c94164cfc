//! Checks whether the gateway could listen at the address in the settings, without listening.

use super::say::{fail, note, ok};
use crate::settings::Http;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use tokio::net::{TcpSocket, lookup_host};

const STEP: &str = "listener";

pub(super) async fn check(http: &Http) -> bool {
    let (host, port) = (http.host.as_str(), http.port);
    let scheme = if http.tls.is_some() { "https" } else { "http" };
    let shown =
        if host.contains(':') { format!("{scheme}://[{host}]:{port}") } else { format!("{scheme}://{host}:{port}") };
    match try_all(host, port).await {
        Ok(()) => ok(STEP, &shown),
        Err(error) if error.kind() == ErrorKind::AddrInUse => note(
            STEP,
            &format!(
                "{shown} is in use: by the gateway, if it runs, and else by another program; then set another MCP_PORT"
            ),
        ),
        Err(error) => {
            fail(STEP, &format!("cannot listen on {shown}: {error}. Check MCP_HOST and MCP_PORT"));
            return false;
        }
    }
    true
}

/// Tries the addresses of the host; one that works is enough.
async fn try_all(host: &str, port: u16) -> io::Result<()> {
    let mut last = io::Error::other("the host has no address");
    for address in lookup_host((host, port)).await? {
        match bind(address) {
            Ok(()) => return Ok(()),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn bind(address: SocketAddr) -> io::Result<()> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A real listener sets it too, so that recently closed connections do not matter.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)
}
