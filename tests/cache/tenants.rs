//! A leaf that chooses the infobase by caller never gives one tenant the answer of another through the cache; where it
//! says that callers are alike, they share.

use crate::support::cached::{MINUTE, call, text, tools, with_header};
use crate::support::poll::{self, pending, ready};
use onec_mcp::cache::{Cache, CacheLayer, RestCache};
use onec_mcp::onec::RestCall;
use onec_mcp::rpc::{BoxError, Extensions, Payload, Request, Response};
use onec_mcp::{Credentials, Identity, OneCService, Scopes, Sharing};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeSet;
use std::future::Future;
use std::hash::{Hash, Hasher};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use tokio::sync::Semaphore;
use tokio::task::unconstrained;
use tower::{Layer, Service, ServiceExt};

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Tenant(String);

/// A claim that is the same by its hash, whatever it is.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Lossy(u32);

impl Hash for Lossy {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

fn tenant(name: &str) -> Tenant {
    Tenant(name.to_owned())
}

/// Answers by whatever it knows of a caller, as a leaf with an infobase for each.
#[derive(Clone)]
struct Router {
    asked: Arc<Mutex<Vec<String>>>,
    gate: Option<Arc<Semaphore>>,
}

impl Router {
    fn new() -> Self {
        Self { asked: Arc::default(), gate: None }
    }

    fn held() -> Self {
        Self { gate: Some(Arc::new(Semaphore::new(0))), ..Self::new() }
    }

    fn calls(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn cached(&self, sharing: Sharing) -> (Cache<Self>, RestCache<Self>) {
        let lists = CacheLayer::new().lists(MINUTE).sharing(sharing).layer(self.clone());
        let rest = lists.rest(self.clone());
        (lists, rest)
    }

    fn answer(&self, what: String, extensions: &Extensions) -> Answer {
        let told = told(&what, extensions.get());
        let router = self.clone();
        Box::pin(async move {
            router.asked.lock().unwrap().push(told.clone());
            if let Some(gate) = &router.gate {
                gate.acquire().await.unwrap().forget();
            }
            Ok(Response::result(Payload::parse(told)?))
        })
    }
}

type Answer = Pin<Box<dyn Future<Output = Result<Response, BoxError>> + Send>>;

fn told(what: &str, caller: Option<&Identity>) -> String {
    let claims = caller.map(|caller| format!("{:?} {:?}", caller.claim::<Tenant>(), caller.claim::<Lossy>()));
    let login = caller.and_then(Identity::credentials).map(|own| own.authorization().to_str().unwrap());
    serde_json::json!({ "what": what, "caller": format!("{caller:?}"), "claims": claims, "login": login }).to_string()
}

macro_rules! routed {
    ($($asked:ty, $what:expr;)*) => { $(
        impl Service<$asked> for Router {
            type Response = Response;
            type Error = BoxError;
            type Future = Answer;

            fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
                Poll::Ready(Ok(()))
            }

            fn call(&mut self, asked: $asked) -> Answer {
                let what: fn(&$asked) -> String = $what;
                self.answer(what(&asked), &asked.extensions)
            }
        }
    )* };
}

routed! {
    Request, |asked| asked.method.as_str().to_owned();
    RestCall, |asked| asked.path.to_string();
}

fn anna() -> Identity {
    Identity::new("anna", Scopes::parse("mcp"))
}

/// Callers who differ in one thing, each.
fn strangers() -> Vec<Option<Identity>> {
    let all = vec![
        anna(),
        Identity::new("boris", Scopes::parse("mcp")),
        Identity::new("anna", Scopes::parse("mcp mcp:resolve")),
        anna().with_client("a"),
        anna().with_client("b"),
        anna().with_partition("a"),
        anna().with_partition("b"),
        anna().with_partition(""),
        anna().with_claim(tenant("a")),
        anna().with_claim(tenant("b")),
        anna().with_claim(Lossy(1)),
        anna().with_claim(Lossy(2)),
        anna().with_claim(tenant("a")).with_claim(Lossy(1)),
        anna().with_claim(tenant("a")).with_partition("a"),
        anna().with_credentials(Credentials::new("anna", "1")),
        anna().with_credentials(Credentials::new("anna", "2")),
        anna().with_credentials(Credentials::new("anna", "1")).with_partition("a"),
    ];
    all.into_iter().map(Some).chain([None]).collect()
}

fn page(caller: Option<&Identity>) -> Request {
    let mut request = tools();
    request.extensions.extend_with(caller);
    request
}

fn resolve(caller: Option<&Identity>) -> RestCall {
    let mut call = call("resolve/customer", "{}");
    call.extensions.extend_with(caller);
    call
}

trait ExtendWith {
    fn extend_with(&mut self, caller: Option<&Identity>);
}

impl ExtendWith for Extensions {
    fn extend_with(&mut self, caller: Option<&Identity>) {
        if let Some(caller) = caller {
            self.insert(caller.clone());
        }
    }
}

/// Asks both dialects for each of these callers; returns how many calls this was.
async fn asked(sharing: Sharing, callers: &[Option<Identity>]) -> usize {
    let router = Router::new();
    let (lists, rest) = router.cached(sharing);
    for caller in callers.iter().chain(callers.iter().rev()) {
        let caller = caller.as_ref();
        text(&lists.clone().oneshot(page(caller)).await.unwrap());
        text(&rest.clone().oneshot(resolve(caller)).await.unwrap());
    }
    router.calls()
}

#[tokio::test]
async fn whoever_is_not_said_to_be_alike_gets_the_own_answer_only() {
    let router = Router::new();
    let (lists, rest) = router.cached(Sharing::default());
    let all = strangers();
    // Twice: what is remembered for one is there when the others ask.
    for caller in all.iter().chain(all.iter().rev()) {
        let caller = caller.as_ref();
        assert_eq!(text(&lists.clone().oneshot(page(caller)).await.unwrap()), told("tools/list", caller));
        assert_eq!(text(&rest.clone().oneshot(resolve(caller)).await.unwrap()), told("resolve/customer", caller));
    }
    assert_eq!(router.calls(), 2 * all.len(), "each asked once and was remembered");
}

#[tokio::test]
async fn nobody_waits_for_the_call_of_another_tenant() {
    let router = Router::held();
    let (_, rest) = router.cached(Sharing::default());
    let all = strangers();
    let mut calls: Vec<_> = all
        .iter()
        .chain(&all)
        .map(|caller| poll::by_hand(unconstrained(rest.clone().oneshot(resolve(caller.as_ref())))))
        .collect();
    calls.iter_mut().for_each(|call| pending(call.poll()));
    assert_eq!(router.calls(), all.len(), "one caller's calls are one");
    router.gate.as_ref().unwrap().add_permits(all.len());
    for (call, caller) in calls.iter_mut().zip(all.iter().chain(&all)) {
        assert_eq!(text(&ready(call.poll()).unwrap()), told("resolve/customer", caller.as_ref()));
    }
}

#[tokio::test]
async fn a_caller_with_a_new_token_is_the_same_caller() {
    let again = || anna().with_client("a").with_partition("p").with_claim(Lossy(1)).with_claim(tenant("a"));
    let otherwise = anna().with_claim(tenant("b")).with_claim(tenant("a")).with_claim(Lossy(1)).with_partition("p");
    let all = [Some(again()), Some(again()), Some(otherwise.with_client("a"))];
    assert_eq!(asked(Sharing::default(), &all).await, 2);
}

#[tokio::test]
async fn a_leaf_of_one_infobase_shares_under_the_service_account_only() {
    let onec = OneCService::new(onec_mcp::Infobase::new("http://localhost/base").unwrap()).unwrap();
    let users = |names: &[&str]| -> Vec<_> {
        let user = |name: &&str| Some(Identity::new(*name, Scopes::parse("mcp")).with_client(*name));
        names.iter().map(user).collect()
    };
    assert_eq!(asked(onec.sharing(), &users(&["a", "b", "c"])).await, 2);
    let claims = ["a", "b"].map(|name| Some(anna().with_claim(tenant(name))));
    assert_eq!(asked(onec.sharing(), &claims).await, 2);
    // Own logins and partitions are each for themselves.
    let own = |user: &str, password: &str| Some(anna().with_credentials(Credentials::new(user, password)));
    assert_eq!(asked(onec.sharing(), &[own("a", "1"), own("a", "2"), own("b", "1"), Some(anna())]).await, 8);
    let partitions = ["a", "b"].map(|name| Some(anna().with_partition(name)));
    assert_eq!(asked(onec.sharing(), &partitions).await, 4);
    // What 1C is told of scopes counts, and of the subject only under an own login.
    let router = Router::new();
    let (_, rest) = router.cached(onec.sharing());
    let with = |caller: &Option<Identity>, name, value| with_header(resolve(caller.as_ref()), name, value);
    for (caller, name, value, calls) in [
        (&Some(anna()), "x-mcp-sub", "a", 1),
        (&Some(anna()), "x-mcp-sub", "b", 1),
        (&Some(anna()), "x-mcp-scopes", "a", 2),
        (&Some(anna()), "x-mcp-scopes", "b", 3),
        (&own("a", "1"), "x-mcp-sub", "a", 4),
        (&own("a", "1"), "x-mcp-sub", "b", 5),
    ] {
        rest.clone().oneshot(with(caller, name, value)).await.unwrap();
        assert_eq!(router.calls(), calls, "{name} {value}");
    }
}

#[tokio::test]
async fn a_leaf_may_say_who_is_alike() {
    let sharing = || Sharing::by(|caller| Some(caller.claim::<Tenant>()?.0.clone()));
    let of = |subject: &str, name: &str| Some(Identity::new(subject, Scopes::default()).with_claim(tenant(name)));
    assert_eq!(asked(sharing(), &[of("a", "x"), of("b", "x"), of("c", "x")]).await, 2);
    assert_eq!(asked(sharing(), &[of("a", "x"), of("a", "y"), of("a", "")]).await, 6);
    // Callers of no group are alike to nobody, and a group is no partition.
    let alone = |subject: &str| Some(Identity::new(subject, Scopes::default()));
    assert_eq!(asked(sharing(), &[alone("a"), alone("b"), None]).await, 6);
    let apart = ["p", "q"].map(|name| of("a", "x").map(|caller| caller.with_partition(name)));
    assert_eq!(asked(sharing(), &apart).await, 4);
    let login = ["p", "q"].map(|name| of("a", "x").map(|caller| caller.with_credentials(Credentials::new(name, ""))));
    assert_eq!(asked(sharing(), &login).await, 4);
    // The names of a group are not those of another way to be alike.
    assert_eq!(asked(Sharing::by(|_| Some(String::new())), &[alone("a"), alone("b"), None]).await, 4);
}

fn caller() -> impl Strategy<Value = Identity> {
    let few = || option::of(select(vec!["", "a", "b"]));
    (select(vec!["a", "b"]), few(), few(), few(), option::of(0..2_u32), few()).prop_map(
        |(subject, client, partition, name, lossy, login)| {
            let mut caller = Identity::new(subject, Scopes::default());
            if let Some(client) = client {
                caller = caller.with_client(client);
            }
            if let Some(partition) = partition {
                caller = caller.with_partition(partition);
            }
            if let Some(name) = name {
                caller = caller.with_claim(tenant(name));
            }
            if let Some(lossy) = lossy {
                caller = caller.with_claim(Lossy(lossy));
            }
            match login {
                Some(login) => caller.with_credentials(Credentials::new(login, "")),
                None => caller,
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever callers are made of, each gets the own answer, and asks for it once.
    #[test]
    fn answers_never_cross_tenants(callers in vec(caller(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let calls = runtime.block_on(async {
            let router = Router::new();
            let (_, rest) = router.cached(Sharing::nobody());
            for caller in &callers {
                let answer = rest.clone().oneshot(resolve(Some(caller))).await.unwrap();
                assert_eq!(text(&answer), told("resolve/customer", Some(caller)));
            }
            router.calls()
        });
        let different: BTreeSet<_> = callers.iter().map(|caller| told("", Some(caller))).collect();
        prop_assert_eq!(calls, different.len());
    }

    /// Callers who are alike by their group share, and no others.
    #[test]
    fn groups_are_what_the_leaf_says(callers in vec(caller(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let group = |caller: &Identity| caller.claim::<Tenant>().map(|tenant| tenant.0.clone());
        let calls = runtime.block_on(async {
            let router = Router::new();
            let (_, rest) = router.cached(Sharing::by(group));
            for caller in &callers {
                rest.clone().oneshot(resolve(Some(caller))).await.unwrap();
            }
            router.calls()
        });
        let login = |caller: &Identity| caller.credentials().map(|own| own.user().to_owned());
        let key = |caller: &Identity| match group(caller) {
            Some(group) => format!("{group:?} {:?} {:?}", caller.partition(), login(caller)),
            None => told("", Some(caller)),
        };
        let different: BTreeSet<_> = callers.iter().map(key).collect();
        prop_assert_eq!(calls, different.len());
    }
}
