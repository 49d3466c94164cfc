//! However callers come and go, each gets the answer to their own question, as themselves.

use crate::support::cached::{OneC, by, call, list, login, of_call, of_request, text, with_header};
use onec_mcp::cache::CacheLayer;
use onec_mcp::onec::RestCall;
use onec_mcp::rpc::{Method, Request};
use onec_mcp::{Identity, Scopes};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tower::ServiceExt;

/// What is asked, by whom, and when.
#[derive(Clone, Debug)]
struct Visit {
    question: Question,
    subject: &'static str,
    scopes: Option<&'static str>,
    login: Option<(&'static str, &'static str)>,
    own: Vec<&'static str>,
    after: u64,
    /// Leaves if there is no answer by then.
    patience: Option<u64>,
}

#[derive(Clone, Debug)]
enum Question {
    Call { path: &'static str, body: &'static str, ttl: Option<u64> },
    Page { method: Method, cursor: &'static str },
}

fn visit() -> impl Strategy<Value = Visit> {
    // Few of each, so that many ask for the same.
    let call = (select(vec!["a", "b", "ab"]), select(vec!["{}", r#"{"q":1}"#]), option::weighted(0.9, 1..200_u64))
        .prop_map(|(path, body, ttl)| Question::Call { path, body, ttl });
    let page = (
        select(vec![Method::ToolsList, Method::PromptsList]),
        select(vec!["{}", r#"{"cursor":""}"#, r#"{"cursor":"a"}"#]),
    )
        .prop_map(|(method, cursor)| Question::Page { method, cursor });
    let who = (
        select(vec!["a", "b"]),
        option::of(select(vec!["", "mcp", "mcp,mcp:resolve"])),
        option::weighted(0.4, (select(vec!["a", "b"]), select(vec!["", "p"]))),
        vec(select(vec!["a", "b"]), 0..2),
    );
    (prop_oneof![3 => call, 1 => page], who, 0..200_u64, option::weighted(0.3, 0..40_u64)).prop_map(
        |(question, (subject, scopes, login, own), after, patience)| Visit {
            question,
            subject,
            scopes,
            login,
            own,
            after,
            patience,
        },
    )
}

impl Visit {
    /// A call with all that says who asks.
    fn dressed(&self, call: RestCall) -> RestCall {
        let identity = match self.login {
            Some((user, password)) => login(user, password),
            None => Identity::new(self.subject, Scopes::parse("mcp")),
        };
        let call = with_header(by(&identity, call), "x-mcp-sub", self.subject);
        let headers = self.scopes.iter().map(|scopes| ("x-mcp-scopes", scopes));
        let headers = headers.chain(self.own.iter().map(|own| ("x-own", own)));
        headers.fold(call, |call, (name, value)| with_header(call, name, value))
    }

    fn call(&self, path: &str, body: &str, ttl: Option<u64>) -> RestCall {
        self.dressed(call(path, body).cache(ttl.map(Duration::from_millis)))
    }

    fn page(&self, method: &Method, cursor: &str) -> Request {
        let RestCall { headers, extensions, .. } = self.dressed(call("", "{}"));
        let mut request = list(method.clone(), cursor);
        (request.headers, request.extensions) = (headers, extensions);
        request
    }

    /// The answer it must get.
    fn expected(&self) -> String {
        match &self.question {
            Question::Call { path, body, ttl } => of_call(&self.call(path, body, *ttl)),
            Question::Page { method, cursor } => of_request(&self.page(method, cursor)),
        }
    }
}

/// All visits to one cache. Each is checked; how many calls of 1C they came to.
fn run(layer: CacheLayer, takes: u64, visits: Vec<Visit>) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let onec = OneC::new().taking(Duration::from_millis(takes));
        let service = onec.cached(layer);
        let mut all = JoinSet::new();
        for visit in visits {
            let service = service.clone();
            all.spawn(async move {
                sleep(Duration::from_millis(visit.after)).await;
                let answer = async {
                    match &visit.question {
                        Question::Call { path, body, ttl } => service.oneshot(visit.call(path, body, *ttl)).await,
                        Question::Page { method, cursor } => service.oneshot(visit.page(method, cursor)).await,
                    }
                };
                let patience = Duration::from_millis(visit.patience.unwrap_or(u64::MAX >> 20));
                match timeout(patience, answer).await {
                    Ok(answer) => assert_eq!(text(&answer.unwrap()), visit.expected()),
                    Err(_) => assert!(visit.patience.is_some(), "waits for ever"),
                }
            });
        }
        while let Some(visit) = all.join_next().await {
            visit.unwrap();
        }
        onec.calls()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn answers_never_cross(
        visits in vec(visit(), 1..60),
        takes in 0..50_u64,
        lists in 0..100_u64,
        entries in prop_oneof![0..5_u64, Just(1000)],
    ) {
        let layer = CacheLayer::new().lists(Duration::from_millis(lists)).max_entries(entries);
        let count = visits.len();
        prop_assert!(run(layer, takes, visits) <= count);
    }

    /// Nobody leaves and nothing expires: one call for each question that is not like another.
    #[test]
    fn one_call_for_each_question(visits in vec(visit(), 1..60), takes in 0..50_u64) {
        let mut visits = visits;
        for visit in &mut visits {
            visit.patience = None;
            if let Question::Call { ttl, .. } = &mut visit.question {
                *ttl = Some(60_000);
            }
        }
        let questions: BTreeSet<_> = visits.iter().map(Visit::expected).collect();
        prop_assert_eq!(run(CacheLayer::new().lists(Duration::from_secs(60)), takes, visits), questions.len());
    }
}
