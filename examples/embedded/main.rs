//! All recipes of `docs/embedding.md` in one application: a service of the house with routes of its own, and 1C among
//! them, on one port, over HTTP/1.1 and HTTP/2.
//!
//! ```text
//! cargo run --example embedded --features full -- [ADDRESS] [SECONDS]
//!
//! GET  /api/v1/orders             the house's own route
//! GET  /metrics                   counts of the events of the library
//! POST /api/v1/1c/trade/mcp       an infobase whose users log in with their own login of 1C
//! POST /api/v1/1c/payroll/mcp     another one, with tokens of its own
//! POST /api/v1/1c/mcp             either of them, by a claim of the house's token
//! POST /api/v1/1c/rest/…          reports for programs, with the house's token
//! ```
//!
//! `SECONDS` is how long access tokens last. The infobases are two demo infobases; for real ones put their URLs into
//! `Infobase::new(..)`.

mod house;

use house::Settings;
use onec_mcp::demo::DemoInfobase;
use onec_mcp::rpc::BoxError;
use std::time::Duration;
use tokio::net::TcpListener;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    let access = arguments.next().map_or(Ok(3600), |seconds| seconds.parse())?;
    let metrics = house::metrics::Metrics::default();
    tracing_subscriber::registry().with(metrics.clone()).init();

    let (trade, payroll) = (DemoInfobase::start().await?, DemoInfobase::start().await?);
    let listener = TcpListener::bind(address).await?;
    let base = format!("http://{}", listener.local_addr()?);
    let house = house::new(Settings {
        base: base.parse()?,
        trade: &trade,
        payroll: &payroll,
        access: Duration::from_secs(access),
        metrics,
        keys: house::jwt::keys_of_the_example(),
    })?;
    println!("{base}/api/v1/1c/trade/mcp");
    tokio::select! {
        ended = house::serve::serve(listener, house.router, async { drop(tokio::signal::ctrl_c().await) }) => ended?,
        () = house.upkeep => {}
    }
    Ok(())
}
