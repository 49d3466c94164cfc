//! The bridge over byte streams: one message a line, both eras, many calls at once.

use crate::support::mcp;
use crate::support::schema::Talk;
use mcp::{Alive, MODERN, Rpc, always, legacy, rpc, server, with_meta};
use onec_mcp::Bridge;
use onec_mcp::bridge::stdio::{self, MAX_LINE};
use onec_mcp::rpc::{Method, Param, Request};
use serde_json::{Value, json};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWrite, AsyncWriteExt, BufReader, DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

const PING: &str = r#"{"jsonrpc":"2.0","id":"ping","method":"ping"}"#;
const FORM: &str = r#"{"method":"elicitation/create","params":{"message":"Склад?","requestedSchema":{"type":"object","properties":{}}}}"#;

const fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

struct Client {
    to: DuplexStream,
    from: BufReader<DuplexStream>,
    done: JoinHandle<io::Result<()>>,
    talk: Talk,
}

#[allow(clippy::unwrap_used, reason = "a helper that fails fails its test")]
impl Client {
    fn start(bridge: impl Into<Bridge> + Send + 'static, rpc: Rpc) -> Self {
        let ((to, input), (output, from)) = (duplex(1000), duplex(1000));
        let done = tokio::spawn(stdio::serve(bridge, rpc, input, output));
        Self { to, from: BufReader::new(from), done, talk: Talk::default() }
    }

    async fn say(&mut self, line: impl AsRef<str>) {
        self.talk.says(line.as_ref().as_bytes());
        self.to.write_all(line.as_ref().as_bytes()).await.unwrap();
        self.to.write_all(b"\n").await.unwrap();
    }

    /// The next line, which is a message.
    async fn hear(&mut self) -> Value {
        let mut line = String::new();
        timeout(secs(3600), self.from.read_line(&mut line)).await.unwrap().unwrap();
        assert!(line.ends_with('\n') && !line.contains('\r'), "{line:?}");
        let message = serde_json::from_str(&line).unwrap();
        self.talk.hears(&message);
        message
    }

    async fn silence(&mut self, time: Duration) {
        let mut line = String::new();
        assert!(timeout(time, self.from.read_line(&mut line)).await.is_err(), "{line}");
    }

    async fn ask(&mut self, line: impl AsRef<str>) -> Value {
        self.say(line).await;
        self.hear().await
    }

    /// Ends the input; what is heard until the server ends.
    async fn end(self) -> Vec<Value> {
        drop(self.to);
        let mut lines = self.from.lines();
        let mut heard = Vec::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            heard.push(serde_json::from_str(&line).unwrap());
        }
        for message in &heard {
            self.talk.hears(message);
        }
        self.done.await.unwrap().unwrap();
        heard
    }
}

/// Every call takes as many seconds as its tool is called.
fn sleeper(alive: &Alive) -> Rpc {
    let alive = alive.clone();
    rpc(move |request: Request| {
        let guard = alive.guard();
        async move {
            let _guard = guard;
            let name = request.params.text(Param::Name).unwrap_or_default().into_owned();
            sleep(Duration::from_secs_f64(name.parse().unwrap_or(0.0))).await;
            mcp::result(json!({ "content": [], "version": request.version.as_str() }).to_string())
        }
    })
}

fn call(id: u32, seconds: &str) -> String {
    legacy(id, "tools/call", &json!({ "name": seconds }))
}

fn modern(id: u32, method: &str, params: Value, meta: &Value) -> String {
    legacy(id, method, &with_meta(params, meta))
}

fn initialize(version: &str, capabilities: Value) -> String {
    legacy(0, "initialize", &json!({ "protocolVersion": version, "capabilities": capabilities }))
}

#[tokio::test]
async fn both_eras_share_the_stream() {
    let mut client = Client::start(server(), sleeper(&Alive::default()));
    let hello = client.ask(initialize("2025-06-18", json!({}))).await;
    assert_eq!(hello["result"]["protocolVersion"], "2025-06-18");
    client.say(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await;
    assert_eq!(client.ask(call(1, "0")).await["result"]["version"], "2025-06-18");
    let new = client.ask(modern(2, "tools/call", json!({ "name": "0" }), &json!({}))).await;
    assert_eq!((&new["result"]["version"], &new["result"]["resultType"]), (&json!(MODERN), &json!("complete")));
    let found = client.ask(modern(3, "server/discover", json!({}), &json!({}))).await;
    assert!(found["result"]["supportedVersions"].is_array());
    // Each message says its era itself.
    assert_eq!(client.ask(call(4, "0")).await["result"]["version"], "2025-06-18");
    assert_eq!(client.ask(PING).await, json!({ "jsonrpc": "2.0", "id": "ping", "result": {} }));
    assert_eq!(client.ask(modern(5, "ping", json!({}), &json!({}))).await["error"]["code"], -32601);
    assert!(client.end().await.is_empty());
}

#[tokio::test]
async fn metadata_is_checked_here_too() {
    let mut client = Client::start(server(), always("{}"));
    let version = "io.modelcontextprotocol/protocolVersion";
    let other = client.ask(modern(1, "tools/list", json!({}), &json!({ version: "2099-01-01" }))).await;
    assert_eq!((&other["error"]["code"], &other["error"]["data"]["requested"]), (&json!(-32022), &json!("2099-01-01")));
    let bare = client.ask(legacy(2, "tools/list", &json!({ "_meta": { version: MODERN } }))).await;
    assert_eq!((&bare["id"], &bare["error"]["code"]), (&json!(2), &json!(-32602)));
}

#[tokio::test(start_paused = true)]
async fn calls_run_at_once_and_end_in_any_order() {
    let mut client = Client::start(server(), sleeper(&Alive::default()));
    let start = Instant::now();
    for (id, seconds) in [(1, "5"), (2, "1"), (3, "3"), (4, "0")] {
        client.say(call(id, seconds)).await;
    }
    let mut order = Vec::new();
    for _ in 0..4 {
        order.push(client.hear().await["id"].clone());
    }
    assert_eq!(json!(order), json!([4, 2, 3, 1]));
    assert_eq!(start.elapsed(), secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_call_is_dropped_without_a_word() {
    let alive = Alive::default();
    let mut client = Client::start(server(), sleeper(&alive));
    client.say(call(1, "600")).await;
    client.silence(secs(1)).await;
    assert_eq!(alive.count(), 1);
    let cancel =
        |id: Value| json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id } });
    // Others, and nonsense, change nothing.
    for id in [json!("1"), json!(2), json!(null), json!([1])] {
        client.say(cancel(id).to_string()).await;
    }
    client.silence(secs(1)).await;
    assert_eq!(alive.count(), 1);
    // The id is taken as long as the call runs, and free afterwards.
    let again = client.ask(call(1, "0")).await;
    assert_eq!((&again["id"], &again["error"]["code"]), (&json!(1), &json!(-32600)));
    client.say(cancel(json!(1)).to_string()).await;
    client.silence(secs(1)).await;
    assert_eq!(alive.count(), 0);
    assert!(client.ask(call(1, "0")).await["result"].is_object());
}

/// MCP 2025-11-25, "Cancellation": `initialize` must not be cancelled, so a client that does is not
/// believed, even where both lines come at once.
#[tokio::test]
async fn initialize_is_not_cancelled() {
    let mut client = Client::start(server(), always("{}"));
    let params =
        json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "a", "version": "1" } });
    let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 0 } });
    let hello = legacy(0, "initialize", &params);
    client.talk.says(hello.as_bytes());
    client.to.write_all(format!("{hello}\n{cancel}\n").as_bytes()).await.unwrap();
    assert_eq!(client.hear().await["result"]["protocolVersion"], "2025-11-25");
    // The id is free again, and what else has it is cancelled as ever.
    let ping = legacy(0, "ping", &json!({}));
    client.to.write_all(format!("{ping}\n{cancel}\n").as_bytes()).await.unwrap();
    assert_eq!(client.ask(PING).await["id"], "ping");
}

/// What Windows writes into a pipe: at the head of all, or of each line.
#[tokio::test]
async fn byte_order_marks_are_passed_over() {
    let mut client = Client::start(server(), always("{}"));
    for mark in ["\u{feff}", "\u{feff}", "\u{feff}\n\u{feff}\r\n", "\u{feff}\u{feff}"] {
        client.talk.says(PING.as_bytes());
        client.to.write_all(format!("{mark}{PING}\n").as_bytes()).await.unwrap();
        assert_eq!(client.hear().await["id"], "ping", "{mark:?}");
    }
}

#[tokio::test]
async fn lines_that_are_no_message() {
    let mut client = Client::start(server(), always("{}"));
    for (line, code) in [("nonsense", -32700), ("{", -32700), ("1", -32600), ("{}", -32600), ("[]", -32600)] {
        let reply = client.ask(line).await;
        assert_eq!((&reply["error"]["code"], reply.get("id")), (&json!(code), None), "{line}");
    }
    client.say("\n \r\n\t").await;
    client.say(format!("{PING}\r")).await;
    assert_eq!(client.hear().await["id"], "ping");
}

#[tokio::test]
async fn a_line_that_is_too_long_is_passed_over() {
    let mut client = Client::start(server(), always("{}"));
    let mut line = PING.to_owned();
    line.push_str(&" ".repeat(MAX_LINE + 1 - PING.len()));
    let reply = client.ask(&line).await;
    assert_eq!((&reply["error"]["code"], reply.get("id")), (&json!(-32600), None));
    line.pop();
    assert_eq!(client.ask(line).await["id"], "ping");
}

#[tokio::test(start_paused = true)]
async fn the_end_of_input_gives_calls_a_second() {
    let alive = Alive::default();
    let mut client = Client::start(server(), sleeper(&alive));
    for (id, seconds) in [(1, "0.5"), (2, "600")] {
        client.say(call(id, seconds)).await;
    }
    // The last line may lack its end.
    client.talk.says(PING.as_bytes());
    client.to.write_all(PING.as_bytes()).await.unwrap();
    let start = Instant::now();
    let heard = client.end().await;
    let ids: Vec<&Value> = heard.iter().map(|reply| &reply["id"]).collect();
    assert_eq!(json!(ids), json!(["ping", 1]));
    assert_eq!((start.elapsed(), alive.count()), (secs(1), 0));

    let mut client = Client::start(server(), sleeper(&alive));
    client.say(call(1, "0.3")).await;
    let start = Instant::now();
    assert_eq!(client.end().await.len(), 1);
    assert!(start.elapsed() < secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_went_away_is_the_end() {
    let alive = Alive::default();
    let Client { mut to, from, done, .. } = Client::start(server(), sleeper(&alive));
    to.write_all(format!("{}\n{}\n", call(1, "600"), call(2, "1")).as_bytes()).await.unwrap();
    drop(from);
    done.await.unwrap().unwrap();
    assert_eq!(alive.count(), 0);
}

/// Takes everything and is never done with it, as standard output is before a terminal that stands still.
struct Stuck;

impl AsyncWrite for Stuck {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_does_not_keep_the_end_out() {
    for ends_by_input in [false, true] {
        let shutdown = CancellationToken::new();
        let bridge = || Bridge::new(server()).shutdown(shutdown.clone().cancelled_owned());
        let ((mut to, input), (output, from)) = (duplex(1000), duplex(10));
        let ((mut to_stuck, stuck_input), stuck) = (duplex(1000), Stuck);
        let full = tokio::spawn(stdio::serve(bridge(), sleeper(&Alive::default()), input, output));
        let stuck = tokio::spawn(stdio::serve(bridge(), sleeper(&Alive::default()), stuck_input, stuck));
        for to in [&mut to, &mut to_stuck] {
            to.write_all(format!("{PING}\n{PING}\n").as_bytes()).await.unwrap();
        }
        sleep(secs(5)).await;
        assert!(!full.is_finished() && !stuck.is_finished());
        let start = Instant::now();
        if ends_by_input {
            drop((to, to_stuck));
        } else {
            shutdown.cancel();
        }
        full.await.unwrap().unwrap();
        stuck.await.unwrap().unwrap();
        assert_eq!(start.elapsed(), secs(1));
        drop(from);
    }
}

/// Not even what is answered at once.
#[tokio::test(start_paused = true)]
async fn nothing_piles_up_for_a_client_that_does_not_read() {
    let mut client = Client::start(server(), sleeper(&Alive::default()));
    let lines = "[1]\n".repeat(1000);
    let mut taken = 0;
    while let Ok(end) = timeout(secs(1), client.to.write_all(lines.as_bytes())).await {
        end.unwrap();
        taken += lines.len();
        assert!(taken < 1024 * 1024, "it reads on");
    }
}

/// What an SDK writes where nothing was set.
#[tokio::test]
async fn null_is_as_absent() {
    let unsaid = rpc(|request: Request| async move {
        mcp::result(json!({ "content": [], "unsaid": request.params.raw(Param::Arguments).is_none() }).to_string())
    });
    let mut client = Client::start(server(), unsaid);
    let line = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":null,"_meta":null}}"#;
    assert_eq!(client.ask(line).await["result"]["unsaid"], true);
}

#[tokio::test]
async fn batches_belong_to_one_revision() {
    let batch = format!("[{PING},{},{{\"jsonrpc\":\"2.0\",\"method\":\"a\"}},1]", call(2, "0"));
    let mut client = Client::start(server(), sleeper(&Alive::default()));
    assert_eq!(client.ask(&batch).await["error"]["code"], -32600);
    client.ask(initialize("2025-06-18", json!({}))).await;
    assert_eq!(client.ask(&batch).await["error"]["code"], -32600);
    client.ask(initialize("2025-03-26", json!({}))).await;
    let replies = client.ask(&batch).await;
    let find = |id: Value| replies.as_array().unwrap().iter().find(|reply| reply["id"] == id).unwrap();
    assert_eq!(replies.as_array().unwrap().len(), 3, "{replies}");
    assert_eq!(find(json!("ping"))["result"], json!({}));
    assert_eq!(find(json!(2))["result"]["version"], "2025-03-26");
    assert_eq!(find(Value::Null)["error"]["code"], -32600);
    client.say(r#"[{"jsonrpc":"2.0","method":"a"}]"#).await;
    assert!(client.end().await.is_empty());
}

/// Asks once, and then tells what it was answered.
fn asker() -> Rpc {
    rpc(|request: Request| async move {
        mcp::result(match request.params.raw(Param::InputResponses) {
            None => format!(
                "{{\n\"resultType\":\"input_required\",\"inputRequests\":{{\"k\":\n{FORM}}},\"requestState\":\"s\"}}"
            ),
            Some(raw) => format!("{{\"content\":[],\"got\":{}}}", String::from_utf8_lossy(raw)),
        })
    })
}

#[tokio::test]
async fn questions_go_both_ways() {
    let mut client = Client::start(server(), asker());
    client.ask(initialize("2025-11-25", json!({ "elicitation": {} }))).await;
    let question = client.ask(call(1, "a")).await;
    assert_eq!((&question["method"], &question["params"]["message"]), (&json!("elicitation/create"), &json!("Склад?")));
    // Other calls go on meanwhile, and strange answers are ignored.
    client.say(r#"{"jsonrpc":"2.0","id":"other","result":{}}"#).await;
    assert_eq!(client.ask(PING).await["id"], "ping");
    let answer = json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "action": "accept" } });
    let last = client.ask(answer.to_string()).await;
    assert_eq!(
        (&last["id"], &last["result"]),
        (&json!(1), &json!({ "content": [], "got": { "k": { "action": "accept" } } }))
    );
    // A modern client gets them in the result.
    let can = json!({ "io.modelcontextprotocol/clientCapabilities": { "elicitation": {} } });
    let asked = client.ask(modern(2, "tools/call", json!({ "name": "a" }), &can)).await;
    assert_eq!(
        (&asked["result"]["resultType"], &asked["result"]["requestState"]),
        (&json!("input_required"), &json!("s"))
    );
    let refused = client.ask(modern(3, "tools/call", json!({ "name": "a" }), &json!({}))).await;
    assert_eq!(refused["error"]["code"], -32021);
}

#[tokio::test]
async fn a_client_is_asked_for_what_it_declared_only() {
    for capabilities in [json!({}), json!({ "sampling": {} })] {
        let mut client = Client::start(server(), asker());
        client.ask(initialize("2025-11-25", capabilities)).await;
        let refused = client.ask(call(1, "a")).await;
        assert_eq!(refused["error"]["code"], -32021);
        assert_eq!(refused["error"]["data"]["requiredCapabilities"], json!({ "elicitation": {} }));
    }
}

#[tokio::test]
async fn the_log_level_holds_for_later_calls() {
    let talks = "{\"content\":[],\"_meta\":{\"messages\":[{\"level\":\"info\",\n\"data\":1},{\"level\":\"error\",\"data\":2}]}}";
    let mut client = Client::start(server(), always(talks));
    for (level, expected) in [("debug", vec!["info", "error"]), ("warning", vec!["error"]), ("alert", vec![])] {
        client.ask(legacy(1, "logging/setLevel", &json!({ "level": level }))).await;
        client.say(call(2, "a")).await;
        for level in expected {
            assert_eq!(client.hear().await["params"]["level"], level);
        }
        assert_eq!(client.hear().await["id"], 2);
    }
}

#[tokio::test(start_paused = true)]
async fn progress_and_subscriptions() {
    let shutdown = CancellationToken::new();
    let bridge = Bridge::new(server()).shutdown(shutdown.clone().cancelled_owned());
    let mut client = Client::start(bridge, sleeper(&Alive::default()));
    client.say(legacy(1, "tools/call", &json!({ "name": "7.5", "_meta": { "progressToken": "t" } }))).await;
    for _ in 0..3 {
        assert_eq!(client.hear().await["params"]["progressToken"], "t");
    }
    assert_eq!(client.hear().await["id"], 1);
    let first = client.ask(modern(2, "subscriptions/listen", json!({ "notifications": {} }), &json!({}))).await;
    assert_eq!(first["method"], "notifications/subscriptions/acknowledged");
    shutdown.cancel();
    let last = client.hear().await;
    assert_eq!((&last["id"], &last["result"]["resultType"]), (&json!(2), &json!("complete")));
    client.done.await.unwrap().unwrap();
}

#[tokio::test]
async fn great_results_on_one_line() {
    let text = "Остаток ".repeat(1024 * 1024 / 15);
    let told = serde_json::to_string_pretty(&json!({ "content": [{ "type": "text", "text": text }] }))
        .unwrap()
        .replace('\n', "\r\n");
    let mut client = Client::start(server(), always(told));
    assert_eq!(client.ask(call(1, "a")).await["result"]["content"][0]["text"], text);
    let new = client.ask(modern(2, "tools/call", json!({ "name": "a" }), &json!({}))).await;
    assert_eq!(new["result"]["content"][0]["text"], text);
    assert_eq!(Method::from_name("tools/call"), Method::ToolsCall);
}
