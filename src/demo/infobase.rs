//! The running infobase: its listener and its connections.

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

/// Long enough to watch a client wait, cancel, and show progress.
const REPORT_DELAY: Duration = Duration::from_secs(8);

/// The pause after a failed accept, most likely for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A running stand-in infobase; dropping it stops it and closes its connections.
///
/// See the [module docs](super) for an example.
#[derive(Debug)]
pub struct DemoInfobase {
    url: String,
    publication: Arc<Publication>,
    stop: oneshot::Sender<()>,
    // The accept loop, which owns the connections. Dropping the set aborts all of them.
    tasks: JoinSet<()>,
}

/// Settings of a [`DemoInfobase`] before it starts; see [`DemoInfobase::builder`].
#[derive(Clone, Debug)]
#[must_use = "an infobase is served once `start` is called"]
pub struct Builder {
    port: u16,
    report_delay: Duration,
    today: Option<Date>,
}

impl DemoInfobase {
    /// Starts an infobase on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// If no port can be listened on.
    pub async fn start() -> io::Result<Self> {
        Self::builder().start().await
    }

    /// Returns a builder, to choose the port, the day or the delay of the report.
    pub const fn builder() -> Builder {
        Builder { port: 0, report_delay: REPORT_DELAY, today: None }
    }

    /// Returns the infobase's address, such as `http://127.0.0.1:8080/demo`. Its HTTP service is at `{url}/hs/mcp/`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the name of the administrator, the usual service account. It is Cyrillic, as most are.
    pub const fn username(&self) -> &str {
        ADMINISTRATOR.name
    }

    /// Returns the initial password of the administrator.
    pub const fn password(&self) -> &str {
        ADMINISTRATOR.password
    }

    /// Returns all users with their initial passwords, the administrator first.
    pub const fn users(&self) -> &'static [User] {
        USERS
    }

    /// Returns all access keys.
    pub const fn keys(&self) -> &'static [Key] {
        KEYS
    }

    /// Sets the password of a user, at once and for all connections; returns whether the user exists.
    pub fn set_password(&self, user: &str, password: &str) -> bool {
        self.publication.users.set_password(user, password)
    }

    /// Returns the callers of tools and of REST paths, the newest at the end, 100 at most. Calls of unknown
    /// tools and paths do not count.
    pub fn callers(&self) -> Vec<Caller> {
        self.publication.callers.now()
    }

    /// Returns the last requests to the HTTP service, 100 at most, the newest at the end. Requests without a
    /// login or role are not included.
    pub fn requests(&self) -> Vec<Received> {
        self.publication.requests.now()
    }

    /// Returns the number of tool calls so far.
    pub fn calls(&self) -> Calls {
        self.publication.calls.now()
    }

    /// Waits until the tool calls meet a condition, for ever if they never do.
    ///
    /// A test can wait for an effect instead of sleeping: `infobase.calls_until(|calls| calls.cancelled() == 1).await`.
    pub async fn calls_until(&self, reached: impl FnMut(&Calls) -> bool) -> Calls {
        self.publication.calls.until(reached).await
    }

    /// Closes the listener and all connections, and waits until they are closed. Running calls are dropped. The
    /// port is free afterwards.
    pub async fn stop(mut self) {
        // Fails only if the loop has panicked.
        let _ = self.stop.send(());
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Builder {
    /// Sets the port, instead of a free one.
    pub const fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Sets how long `sales_report` takes; the default is 8 seconds.
    pub const fn report_delay(mut self, delay: Duration) -> Self {
        self.report_delay = delay;
        self
    }

    /// Sets the current day of the infobase, up to which balances and the event log go; the default is today.
    pub const fn today(mut self, today: Date) -> Self {
        self.today = Some(today);
        self
    }

    /// Starts the infobase.
    ///
    /// # Errors
    ///
    /// If the port cannot be listened on.
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
    // Answers are small and waited for: Nagle's algorithm must not delay them. An error here only costs time.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let publication = Arc::clone(&publication);
        async move { answer(&publication, request).await }
    });
    // A connection ends in an error if the client closes it early, which is fine.
    let _ = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
}
