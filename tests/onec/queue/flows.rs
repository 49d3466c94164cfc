//! Whose each kind of call is, as the leaf tells its client.

use super::{Answer, Call, PATIENCE, leaf, request, status};
use crate::support::poll;
use onec_mcp::auth::login::{Login, OwnLogin, Typed};
use onec_mcp::bridge::http::JsonRpcLayer;
use onec_mcp::net::{Caller, Peer};
use onec_mcp::onec::{FairQueueLayer, Flow, Infobase, OneCService, RestCall};
use onec_mcp::rpc::{BoxError, Extensions, Method, ServerInfo};
use onec_mcp::{Credentials, Identity, Scopes};
use poll::{by_hand, pending};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tower::{Layer, ServiceExt, service_fn};

fn peer(address: &str) -> Peer {
    Peer(SocketAddr::new(address.parse().unwrap(), 40_000))
}

fn extensions(identity: Option<Identity>, caller: Option<Caller>, peer: Option<Peer>) -> Extensions {
    let mut extensions = Extensions::new();
    if let Some(identity) = identity {
        extensions.insert(identity);
    }
    if let Some(caller) = caller {
        extensions.insert(caller);
    }
    if let Some(peer) = peer {
        extensions.insert(peer);
    }
    extensions
}

#[tokio::test(start_paused = true)]
async fn calls_of_either_dialect_are_those_of_their_caller() {
    let user = || Some(Identity::new("onec:Иванов", Scopes::default()));
    let proxied = || Some(Caller::new(Some("2001:db8:1:2::5".parse().unwrap()), None));
    let direct = || Some(peer("192.0.2.1"));
    for (extensions, flow) in [
        (extensions(user(), proxied(), direct()), Some(Flow::subject("onec:Иванов"))),
        (
            extensions(user().map(Identity::shared), proxied(), direct()),
            Some(Flow::address("2001:db8:1:2::".parse().unwrap())),
        ),
        (extensions(None, proxied(), direct()), Some(Flow::address("2001:db8:1:2::".parse().unwrap()))),
        (extensions(None, None, direct()), Some(Flow::address("192.0.2.1".parse().unwrap()))),
        (extensions(None, None, None), None),
    ] {
        let (leaf, mut handle) = leaf();
        let mut call = request(Method::ToolsCall);
        call.extensions = extensions.clone();
        let mut ends = by_hand(leaf.get_ref().clone().oneshot(call));
        pending(ends.poll());
        assert_eq!(handle.next_request().await.unwrap().0.extensions().get(), flow.as_ref());
        let mut call = RestCall::new("reports/sales", "{}");
        call.extensions = extensions;
        let mut ends = by_hand(leaf.get_ref().rest().oneshot(call));
        pending(ends.poll());
        assert_eq!(handle.next_request().await.unwrap().0.extensions().get(), flow.as_ref());
    }
}

#[tokio::test(start_paused = true)]
async fn logins_and_health_are_told_from_calls() {
    let (leaf, mut handle) = leaf();
    let leaf = leaf.get_ref().clone();
    let mut told = Vec::new();
    for (user, password) in [("Иванов", "right"), ("Иванов", "right"), ("Иванов", "guessed"), ("Петров", "right")]
    {
        let login = Credentials::new(user, password);
        let mut ends = by_hand(leaf.log_in(&login));
        pending(ends.poll());
        told.push(*handle.next_request().await.unwrap().0.extensions().get::<Flow>().unwrap());
    }
    assert_eq!(told.remove(0), told[0], "a login is one flow");
    let by_address = OwnLogin::new(leaf.clone());
    let mut apart = Vec::new();
    for (user, address) in [("a", "192.0.2.1"), ("b", "192.0.2.1"), ("a", "192.0.2.2")] {
        let typed = Typed::Credentials(Credentials::new(user, ""));
        let mut ends = by_hand(by_address.check_from(typed.clone(), address.parse().ok()));
        pending(ends.poll());
        apart.push(*handle.next_request().await.unwrap().0.extensions().get::<Flow>().unwrap());
        let mut ends = by_hand(by_address.check_known(typed, address.parse().ok()));
        pending(ends.poll());
        told.push(*handle.next_request().await.unwrap().0.extensions().get::<Flow>().unwrap());
    }
    assert_eq!(told.pop(), Some(told[told.len() - 2]), "one that is known has its own, from wherever");
    assert_eq!(apart[0], apart[1], "others are one for each address");
    assert_eq!(apart[0], Flow::logins_from("192.0.2.1".parse().unwrap()));
    told.extend([apart[0], apart[2]]);
    for key in ["key", "other key"] {
        let key = key.to_owned().into();
        let mut ends = by_hand(leaf.verify_key(&key));
        pending(ends.poll());
        told.push(*handle.next_request().await.unwrap().0.extensions().get::<Flow>().unwrap());
    }
    told.push(Flow::HEALTH);
    for (at, flow) in told.iter().enumerate() {
        assert!(!told[..at].contains(flow), "guesses at a login take nothing of its owner: {at}");
    }
    let mut ends = by_hand(leaf.health());
    pending(ends.poll());
    assert_eq!(handle.next_request().await.unwrap().0.extensions().get(), Some(&Flow::HEALTH));
}

/// Over HTTP, as users meet it: MCP, REST calls, logins, keys and health share the queue.
#[tokio::test(start_paused = true)]
async fn a_crowd_of_calls_keeps_nobody_out() {
    let slow = service_fn(|call: Call| async move {
        let slow = call.body().windows(10).any(|text| text == b"tools/call");
        sleep(if slow { Duration::from_secs(25) } else { Duration::from_millis(20) }).await;
        Ok::<Answer, BoxError>(match call.uri().path() {
            "/b/hs/mcp/auth/verify" => status(200, r#"{"sub":"a","scopes":["mcp"]}"#),
            "/b/hs/mcp/rpc" => status(200, r#"{"id":1,"result":{"tools":[]}}"#),
            _ => status(200, r#"{"status":"ok"}"#),
        })
    });
    let infobase = Infobase::new("http://h/b").unwrap().timeouts(PATIENCE * 3, PATIENCE * 3);
    let onec = OneCService::with_client(infobase, FairQueueLayer::new(16).layer(slow)).unwrap();
    let mcp = JsonRpcLayer::new(ServerInfo::default()).layer(onec.clone());
    let post = |who: &str, from: &str, method: &str| {
        let body = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{"name":"a"}}}}"#);
        let mut post = http::Request::post("/mcp").body(http_body_util::Full::<bytes::Bytes>::from(body)).unwrap();
        post.headers_mut().insert("accept", "application/json".parse().unwrap());
        post.extensions_mut().insert(peer(from));
        if !who.is_empty() {
            post.extensions_mut().insert(Identity::new(who, Scopes::default()));
        }
        tokio::spawn(mcp.clone().oneshot(post))
    };
    // One by name from many addresses, one from an address without a name.
    let mut crowd: Vec<_> = (0..80).map(|at| post("onec:Иванов", &format!("192.0.2.{at}"), "tools/call")).collect();
    crowd.extend((0..80).map(|at| post("", &format!("2001:db8::{at}"), "tools/call")));
    sleep(Duration::from_millis(1)).await;
    let began = Instant::now();
    onec.health().await.unwrap();
    onec.log_in(&Credentials::new("Петров", "")).await.unwrap();
    onec.verify_key(&"key".to_owned().into()).await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    // All turns are taken; the next one is for who comes now.
    let mut rest = RestCall::new("resolve/customer", "{}");
    rest.extensions.insert(Flow::address("198.51.100.1".parse().unwrap()));
    let rest = tokio::spawn(onec.rest().oneshot(rest));
    let other = post("onec:Петров", "192.0.2.1", "tools/list");
    assert_eq!(other.await.unwrap().unwrap().status(), 200);
    assert!(rest.await.unwrap().unwrap().outcome.is_ok());
    assert!(began.elapsed() < Duration::from_secs(26), "within one turn's end: {:?}", began.elapsed());
    let mut busy = 0;
    for call in crowd {
        let status = call.await.unwrap().unwrap().status();
        assert!(status == 200 || status == 503, "{status}");
        busy += usize::from(status == 503);
    }
    assert!(busy >= 160 - 2 * 24, "each had 8 turns and 16 places: {busy}");
}
