//! The running infobase: its listener, its connections, its end.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use super::callers::{Caller, Callers};
use super::calls::{Calls, Counter};
use super::http::{BASE, answer};
use super::keys::{KEYS, Key};
use super::publication::Publication;
use super::requests::{Received, Requests};
use super::trade::Date;
use super::users::{ADMINISTRATOR, USERS, User, Users};

/// Long enough to watch a client wait, to press its cancel button and to see progress go by.
const REPORT_DELAY: Duration = Duration::from_secs(8);

/// How long to wait when no connection can be accepted, most likely for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A stand-in infobase being served; stops and drops its connections when dropped.
///
/// See the [module docs](super) for an example.
#[derive(Debug)]
pub struct DemoInfobase {
    url: String,
    publication: Arc<Publication>,
    stop: oneshot::Sender<()>,
    // The accept loop, which owns the connections. Dropping the set aborts them all.
    tasks: JoinSet<()>,
}

/// What a [`DemoInfobase`] may be told before it starts; made by [`DemoInfobase::builder`].
#[derive(Clone, Debug)]
#[must_use = "an infobase is served once `start` is called"]
pub struct Builder {
    port: u16,
    report_delay: Duration,
    today: Option<Date>,
}

impl DemoInfobase {
    /// Serves an infobase on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// When no port can be listened on.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// An infobase on a chosen port, or with a quicker report.
    pub const fn builder() -> Builder {
        Builder { port: 0, report_delay: REPORT_DELAY, today: None }
    }

    /// The infobase's address, such as `http://127.0.0.1:8080/demo`. Its HTTP service is at
    /// `{url}/hs/mcp/`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The login of the administrator, the usual service account. It is Cyrillic, as most are.
    pub const fn username(&self) -> &str {
        ADMINISTRATOR.name
    }

    /// The administrator's password, as the infobase starts.
    pub const fn password(&self) -> &str {
        ADMINISTRATOR.password
    }

    /// All users, the administrator first, with their passwords as the infobase starts.
    pub const fn users(&self) -> &'static [User] {
        USERS
    }

    /// All access keys.
    pub const fn keys(&self) -> &'static [Key] {
        KEYS
    }

    /// Gives a user another password, at once and for all connections; whether there is such a user.
    pub fn set_password(&self, user: &str, password: &str) -> bool {
        self.publication.users.set_password(user, password)
    }

    /// Who called tools or paths of the REST dialect, the last ones at the end, 100 at most. Unknown ones do not
    /// count.
    pub fn callers(&self) -> Vec<Caller> {
        self.publication.callers.now()
    }

    /// The last requests to the HTTP service, 100 at most, the newest at the end. Those without a
    /// login or role are not among them.
    pub fn requests(&self) -> Vec<Received> {
        self.publication.requests.now()
    }

    /// The tool calls up to now.
    pub fn calls(&self) -> Calls {
        self.publication.calls.now()
    }

    /// Waits until the tool calls are as wanted, for ever if they never are.
    ///
    /// Lets a test wait for what it caused instead of sleeping:
    /// `infobase.calls_until(|calls| calls.cancelled() == 1).await`.
    pub async fn calls_until(&self, reached: impl FnMut(&Calls) -> bool) -> Calls {
        self.publication.calls.until(reached).await
    }

    /// Closes the listener and every connection, whatever runs on it, and waits until they are
    /// closed. The port is free again afterwards.
    pub async fn stop(mut self) {
        // The loop may have ended by itself only by a panic; then there is nobody to tell.
        let _ = self.stop.send(());
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Builder {
    /// Listens on this port instead of a free one.
    pub const fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// How long `sales_report` takes; 8 seconds unless told.
    pub const fn report_delay(mut self, delay: Duration) -> Self {
        self.report_delay = delay;
        self
    }

    /// The day up to which balances and the event log go unless they are told; else the day it is.
    pub const fn today(mut self, today: Date) -> Self {
        self.today = Some(today);
        self
    }

    /// Serves the infobase.
    ///
    /// # Errors
    ///
    /// When the port cannot be listened on.
    pub async fn start(self) -> io::Result<DemoInfobase> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).await?;
        let url = format!("http://{}{BASE}", listener.local_addr()?);
        let publication = Arc::new(Publication {
            report_delay: self.report_delay,
            calls: Counter::default(),
            callers: Callers::default(),
            requests: Requests::default(),
            users: Users::default(),
            today: self.today,
        });
        let (stop, stopped) = oneshot::channel();
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, Arc::clone(&publication), stopped));
        Ok(DemoInfobase { url, publication, stop, tasks })
    }
}

async fn accept(listener: TcpListener, publication: Arc<Publication>, mut stopped: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, Arc::clone(&publication)));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
            _ = &mut stopped => break,
        }
    }
    drop(listener);
    connections.shutdown().await;
}

async fn serve(stream: TcpStream, publication: Arc<Publication>) {
    // Answers are small and awaited: do not let Nagle hold them. Without it they only come later.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let publication = Arc::clone(&publication);
        async move { answer(&publication, request).await }
    });
    // A connection ends in an error when the peer breaks it off, which is its good right.
    let _ = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
}
