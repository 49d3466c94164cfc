//! Two gateways behind one address, on one PostgreSQL: a client need not know which of them it met.

use crate::fixtures::ask::{
    Answer, PASSWORD, USER, ask, bearer, form, get, log_in, post, token_request, try_ask, whoami,
};
use crate::support::cable::through_a_cable;
use crate::support::gateway::Gateway;
use crate::support::stores::Schema;
use onec_mcp::demo::DemoInfobase;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::process::Child;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

const PUBLIC: &str = "https://mcp.example";
const CALLBACK: &str = "http://127.0.0.1:4321/cb";
/// The example of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

struct Replica {
    address: String,
    child: Child,
}

/// As behind a load balancer.
struct Replicas {
    a: Replica,
    b: Replica,
    demo: DemoInfobase,
    schema: Schema,
}

impl Replicas {
    /// Both start at the same moment, on a database without tables.
    async fn start() -> Self {
        let schema = Schema::new().await;
        let demo = DemoInfobase::start().await.unwrap();
        let (a, b) = tokio::join!(gateway(&demo, &schema.url), gateway(&demo, &schema.url));
        Self { a, b, demo, schema }
    }

    async fn stop(self) {
        for mut gateway in [self.a, self.b] {
            gateway.child.kill().await.unwrap();
        }
        self.demo.stop().await;
        self.schema.remove().await;
    }
}

async fn gateway(demo: &DemoInfobase, database: &str) -> Replica {
    let own = ["--auth-mode", "oauth2", "--public-url", PUBLIC];
    let shared = ["--onec-url", demo.url(), "--oauth2-store", database];
    let Gateway { child, address, mut log } = Gateway::start(&[own, shared].concat()).await;
    // Many calls fill a pipe that nobody reads, and then the gateway waits.
    tokio::spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
    Replica { address, child }
}

/// Registers a client; its id.
async fn register(at: &Replica) -> String {
    let client = json!({ "client_name": "a client", "redirect_uris": [CALLBACK] });
    let headers = [("Content-Type", "application/json")];
    let answer = ask(&at.address, "POST /register", &headers, &client.to_string()).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.json()["client_id"].as_str().unwrap().to_owned()
}

/// Opens the login page at one gateway and posts its form to the other; the code.
async fn code(client: &str, page: &Replica, posts: &Replica) -> String {
    let request = [
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", CALLBACK),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("scope", "mcp offline_access"),
    ];
    let page = get(&page.address, &format!("/authorize?{}", form(&request))).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let (_, rest) = page.body.split_once("name=\"csrf\" value=\"").unwrap();
    let csrf = rest.split('"').next().unwrap();
    let cookie = page.header("set-cookie").unwrap().split(';').next().unwrap();
    let typed = [("csrf", csrf), ("username", USER), ("password", PASSWORD), ("action", "allow")];
    let answer = post(&posts.address, "/authorize", &[("Cookie", cookie)], &[&request[..], &typed].concat()).await;
    let location = answer.header("location").unwrap_or_else(|| panic!("{} {}", answer.head, answer.body));
    let location = url::Url::parse(location).unwrap();
    assert!(location.as_str().starts_with(CALLBACK), "{location}");
    let code = location.query_pairs().find(|(name, _)| name == "code");
    code.unwrap_or_else(|| panic!("{location}")).1.into_owned()
}

async fn redeem(address: &str, client: &str, code: &str) -> Answer {
    let own = [("grant_type", "authorization_code"), ("client_id", client), ("code", code)];
    token_request(address, &[&own[..], &[("redirect_uri", CALLBACK), ("code_verifier", VERIFIER)]].concat()).await
}

fn text(answer: &Value, name: &str) -> String {
    answer[name].as_str().unwrap_or_else(|| panic!("{name} in {answer}")).to_owned()
}

async fn call(at: &Replica, token: &str) -> Answer {
    whoami(&at.address, &[("Authorization", &bearer(token))]).await
}

#[track_caller]
fn is_the_user(answer: &Answer) {
    assert!(answer.status == 200 && answer.body.contains(USER), "{} {}", answer.head, answer.body);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: ONEC_MCP_TEST_POSTGRES"]
async fn each_step_of_a_login_may_meet_another_gateway() {
    let replicas = Replicas::start().await;
    let (a, b) = (&replicas.a, &replicas.b);
    let client = register(a).await;
    let code = code(&client, b, a).await;
    let tokens = redeem(&b.address, &client, &code).await.json();
    for at in [a, b] {
        is_the_user(&call(at, &text(&tokens, "access_token")).await);
    }
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", &text(&tokens, "refresh_token"))];
    let next = token_request(&a.address, &refresh).await.json();
    is_the_user(&call(b, &text(&next, "access_token")).await);
    replicas.stop().await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: ONEC_MCP_TEST_POSTGRES"]
async fn one_of_a_hundred_redemptions_wins() {
    let replicas = Replicas::start().await;
    let (a, b) = (&replicas.a, &replicas.b);
    let client = register(a).await;
    let code = code(&client, a, a).await;
    let mut tasks = JoinSet::new();
    for turn in 0..100 {
        let address = [a, b][turn % 2].address.clone();
        let (client, code) = (client.clone(), code.clone());
        tasks.spawn(async move { redeem(&address, &client, &code).await });
    }
    let (won, lost): (Vec<_>, Vec<_>) = tasks.join_all().await.into_iter().partition(|answer| answer.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 99));
    for answer in lost {
        assert_eq!((answer.status, answer.json()["error"].as_str()), (400, Some("invalid_grant")), "{}", answer.body);
    }
    // Whoever won: a code that is used twice has been stolen (RFC 6749, section 4.1.2).
    for at in [a, b] {
        assert_eq!(call(at, &text(&won[0].json(), "access_token")).await.status, 401);
    }
    replicas.stop().await;
}

/// RFC 7009, section 2.1.
#[tokio::test]
#[ignore = "needs PostgreSQL: ONEC_MCP_TEST_POSTGRES"]
async fn a_token_revoked_at_one_counts_at_the_other_for_less_than_a_second() {
    let replicas = Replicas::start().await;
    let (a, b) = (&replicas.a, &replicas.b);
    let token = log_in(&a.address).await;
    is_the_user(&call(b, &token).await);
    is_the_user(&call(a, &token).await);
    assert_eq!(post(&a.address, "/revoke", &[], &[("token", &token)]).await.status, 200);
    let revoked = Instant::now();
    assert_eq!(call(a, &token).await.status, 401, "who revoked it knows at once");
    loop {
        let asked = revoked.elapsed();
        let answer = call(b, &token).await;
        if answer.status == 401 {
            break;
        }
        is_the_user(&answer);
        assert!(asked < Duration::from_secs(1), "it still counts after {asked:?}");
    }
    assert_eq!(call(a, &token).await.status, 401);
    assert_eq!(call(b, &token).await.status, 401, "it does not come back");
    replicas.stop().await;
}

/// A client that refreshes twice at once may reach two of them.
#[tokio::test]
#[ignore = "needs PostgreSQL: ONEC_MCP_TEST_POSTGRES"]
async fn a_refresh_token_sent_to_both_at_once_is_no_replay() {
    let replicas = Replicas::start().await;
    let (a, b) = (&replicas.a, &replicas.b);
    let login = [("grant_type", "password"), ("username", USER), ("password", PASSWORD)];
    let mut refresh = text(&token_request(&a.address, &login).await.json(), "refresh_token");
    for _ in 0..5 {
        let again = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
        let (one, two) = tokio::join!(token_request(&a.address, &again), token_request(&b.address, &again));
        let (one, two) = (one.json(), two.json());
        for tokens in [&one, &two] {
            for at in [a, b] {
                is_the_user(&call(at, &text(tokens, "access_token")).await);
            }
        }
        refresh = text(&two, "refresh_token");
    }
    replicas.stop().await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: ONEC_MCP_TEST_POSTGRES"]
async fn tokens_outlive_the_gateway_that_gave_them_out() {
    let mut replicas = Replicas::start().await;
    let (give, mut taken) = mpsc::unbounded_channel();
    for _ in 0..3 {
        let (address, give) = (replicas.a.address.clone(), give.clone());
        tokio::spawn(async move {
            let form = form(&[("grant_type", "password"), ("username", USER), ("password", PASSWORD)]);
            let headers = [("Content-Type", "application/x-www-form-urlencoded")];
            while let Ok(answer) = try_ask(&address, "POST /token", &headers, &form).await {
                // What was cut off has not been handed out.
                let Some(token) = answer.json()["access_token"].as_str().map(str::to_owned) else { break };
                give.send(token).unwrap();
            }
        });
    }
    drop(give);
    let mut given = Vec::new();
    while let Some(token) = taken.recv().await {
        given.push(token);
        if given.len() == 10 {
            // SIGKILL, whatever it is doing.
            replicas.a.child.start_kill().unwrap();
        }
    }
    assert!(replicas.a.child.wait().await.unwrap().code().is_none(), "it was killed");
    assert!(given.len() >= 10);
    for token in &given {
        is_the_user(&call(&replicas.b, token).await);
    }
    // And so it goes on.
    let mut replacement = gateway(&replicas.demo, &replicas.schema.url).await;
    is_the_user(&call(&replacement, &given[0]).await);
    replacement.child.kill().await.unwrap();
    replicas.stop().await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: ONEC_MCP_TEST_POSTGRES"]
async fn many_gateways_start_at_once_on_an_empty_database() {
    let schema = Schema::new().await;
    let demo = DemoInfobase::start().await.unwrap();
    let start = || gateway(&demo, &schema.url);
    let (a, b, c, d) = tokio::join!(start(), start(), start(), start());
    let token = log_in(&a.address).await;
    for mut gateway in [a, b, c, d] {
        is_the_user(&call(&gateway, &token).await);
        gateway.child.kill().await.unwrap();
    }
    demo.stop().await;
    schema.remove().await;
}

/// Clients throw their tokens away on 401, and log in again on `invalid_grant`.
#[tokio::test]
#[ignore = "needs PostgreSQL: ONEC_MCP_TEST_POSTGRES"]
async fn nobody_loses_a_token_because_the_database_is_down() {
    let schema = Schema::new().await;
    let demo = DemoInfobase::start().await.unwrap();
    let (through, switch) = through_a_cable(&schema.url).await;
    let mut gateway = gateway(&demo, through.as_str()).await;
    let login = [("grant_type", "password"), ("username", USER), ("password", PASSWORD), ("scope", "offline_access")];
    let tokens = token_request(&gateway.address, &login).await.json();
    let (access, refresh) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
    is_the_user(&call(&gateway, &access).await);

    switch.send(false).unwrap();
    let cut = Instant::now();
    let down = loop {
        let asked = cut.elapsed();
        let answer = call(&gateway, &access).await;
        if answer.status != 200 {
            break answer;
        }
        assert!(asked < Duration::from_secs(1), "it is still known after {asked:?}");
    };
    assert_eq!(down.status, 503, "{} {}", down.head, down.body);
    let seconds: u64 = down.header("retry-after").expect("when to come back").parse().unwrap();
    assert!((1..=60).contains(&seconds) && down.header("www-authenticate").is_none(), "{}", down.head);
    assert_eq!(call(&gateway, "guess").await.status, 503, "nobody knows whether it is wrong");
    let again = [("grant_type", "refresh_token"), ("refresh_token", refresh.as_str())];
    let answer = token_request(&gateway.address, &again).await;
    assert_eq!(answer.status, 503, "{} {}", answer.head, answer.body);

    switch.send(true).unwrap();
    is_the_user(&call(&gateway, &access).await);
    assert_eq!(call(&gateway, "guess").await.status, 401);
    let next = token_request(&gateway.address, &again).await.json();
    is_the_user(&call(&gateway, &text(&next, "access_token")).await);
    gateway.child.kill().await.unwrap();
    demo.stop().await;
    schema.remove().await;
}
