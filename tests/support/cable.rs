//! The way to a database, which can be cut.
#![allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use url::Url;

/// Lets bytes through to this host and port, or hangs up on everybody while the switch is off.
pub(crate) async fn cable(to: String) -> (u16, watch::Sender<bool>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (switch, plugged) = watch::channel(true);
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let (to, mut plugged) = (to.clone(), plugged.clone());
            tokio::spawn(async move {
                if !*plugged.borrow() {
                    return;
                }
                let mut far = TcpStream::connect(to).await.unwrap();
                tokio::select! {
                    _ = copy_bidirectional(&mut near, &mut far) => {}
                    _ = plugged.wait_for(|plugged| !plugged) => {}
                }
            });
        }
    });
    (port, switch)
}

/// The same database through a cable.
pub(crate) async fn through_a_cable(database: &str) -> (Url, watch::Sender<bool>) {
    let mut url = Url::parse(database).unwrap();
    let (port, switch) = cable(format!("{}:{}", url.host_str().unwrap(), url.port().unwrap_or(5432))).await;
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(port)).unwrap();
    (url, switch)
}
