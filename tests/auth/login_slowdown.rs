//! Guessing at an account is slow, from wherever it is tried, and its owner is not locked out for long.

use crate::fixtures::login::{Owner, Scripted, key, outcome, typed};
use crate::support::poll::{by_hand, pending, ready};
use crate::support::stores::{Folder, Schema, sqlite};
use base64::prelude::{BASE64_STANDARD, Engine};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use onec_mcp::auth::login::{
    AccessKey, Cached, CachedLayer, Form, LoggedIn, Login, LoginError, OwnLogin, Slowdown, SlowdownLayer, Typed,
};
use onec_mcp::auth::server::{AuthorizationServer, RateLimits};
use onec_mcp::auth::store::{MemoryStore, TokenStore};
use onec_mcp::auth::{BasicAuthLayer, Site};
use onec_mcp::net::Caller;
use onec_mcp::onec::{FairQueueLayer, Infobase, OneCService};
use onec_mcp::rpc::BoxError;
use secrecy::ExposeSecret;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;
use tokio::time::{Instant, advance};
use tower::{Layer, ServiceExt, service_fn};
use url::form_urlencoded;

async fn check(login: &impl Login, user: &str, password: &str) -> String {
    outcome(login.check(typed(user, password)).await)
}

/// Passwords that differ, so that no cache answers.
async fn wrong(login: &impl Login, user: &str, times: usize) {
    for at in 0..times {
        assert_eq!(check(login, user, &at.to_string()).await, "wrong", "{at}");
    }
}

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// RFC 6749, section 4.3.2.
#[tokio::test(start_paused = true)]
async fn after_5_wrong_logins_each_next_one_waits_longer() {
    let inner = Scripted::new("wrong");
    let login = Slowdown::new(inner.clone());
    assert_eq!(login.form(), Form::Credentials);
    wrong(&login, "Иванов", 5).await;
    let mut asked = 5;
    for pause in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
        for _ in 0..3 {
            assert_eq!(check(&login, "Иванов", "x").await, format!("many {pause}"));
        }
        advance(s(pause) - Duration::from_millis(1)).await;
        assert_eq!(check(&login, "Иванов", "x").await, "many 1");
        assert_eq!(inner.asked().len(), asked, "1C is not asked meanwhile");
        advance(Duration::from_millis(1)).await;
        assert_eq!(check(&login, "Иванов", "x").await, "wrong");
        asked += 1;
        assert_eq!(inner.asked().len(), asked);
    }
}

#[tokio::test(start_paused = true)]
async fn an_hour_leaves_a_guesser_few_tries() {
    let inner = Scripted::new("wrong");
    let login = Slowdown::new(inner.clone());
    for at in 0..7_200 {
        check(&login, "Иванов", &at.to_string()).await;
        advance(Duration::from_millis(500)).await;
    }
    let tries = inner.asked().len();
    assert!((60..=72).contains(&tries), "{tries}");
}

#[tokio::test(start_paused = true)]
async fn the_right_password_too_must_wait() {
    let inner = Scripted::new("wrong wrong wrong wrong wrong in");
    let login = Slowdown::new(inner.clone());
    wrong(&login, "Иванов", 5).await;
    assert_eq!(check(&login, "Иванов", "right").await, "many 1");
    advance(s(1)).await;
    assert_eq!(check(&login, "Иванов", "right").await, "in onec:Иванов");
}

#[tokio::test(start_paused = true)]
async fn a_right_login_ends_it() {
    for right in ["in", "norole"] {
        let inner = Scripted::new(&format!("wrong wrong wrong wrong wrong {right} wrong"));
        let login = Slowdown::new(inner);
        wrong(&login, "a", 5).await;
        advance(s(1)).await;
        assert!(check(&login, "a", "right").await.starts_with(right));
        wrong(&login, "a", 5).await;
        assert_eq!(check(&login, "a", "x").await, "many 1");
    }
}

#[tokio::test(start_paused = true)]
async fn right_logins_never_wait() {
    let inner = Scripted::new("in");
    let login = Slowdown::new(inner);
    for _ in 0..100 {
        assert_eq!(check(&login, "a", "b").await, "in onec:a");
    }
}

#[tokio::test(start_paused = true)]
async fn a_quarter_of_an_hour_ends_it_too() {
    let login = Slowdown::new(Scripted::new("wrong"));
    wrong(&login, "a", 5).await;
    for _ in 0..6 {
        advance(s(60)).await;
        wrong(&login, "a", 1).await;
    }
    assert_eq!(check(&login, "a", "x").await, "many 60");
    advance(s(15 * 60 - 1)).await;
    wrong(&login, "a", 1).await;
    assert_eq!(check(&login, "a", "x").await, "many 60", "not yet");
    advance(s(15 * 60)).await;
    wrong(&login, "a", 5).await;
    assert_eq!(check(&login, "a", "x").await, "many 1", "from the beginning");
}

#[tokio::test(start_paused = true)]
async fn a_name_is_one_account_however_it_is_typed() {
    let login = Slowdown::new(Scripted::new("wrong"));
    for user in ["Иванов", "иванов", "ИВАНОВ", " Иванов", "иВАНОВ\t"] {
        wrong(&login, user, 1).await;
    }
    assert_eq!(check(&login, "Иванов", "x").await, "many 1");
    // And another name is another account.
    for user in ["Иванова", "Ива нов", ""] {
        wrong(&login, user, 5).await;
    }
}

#[tokio::test(start_paused = true)]
async fn trouble_with_1c_is_not_held_against_anybody() {
    for word in ["down", "many"] {
        let login = Slowdown::new(Scripted::new(&format!("wrong wrong wrong wrong {word}")));
        wrong(&login, "a", 4).await;
        for _ in 0..20 {
            assert_ne!(check(&login, "a", "x").await, "many 1");
        }
    }
    let login = Slowdown::new(Scripted::new("wrong wrong wrong wrong down wrong"));
    wrong(&login, "a", 4).await;
    assert_eq!(check(&login, "a", "x").await, "down");
    wrong(&login, "a", 1).await;
    assert_eq!(check(&login, "a", "x").await, "many 1");
}

#[tokio::test]
async fn guesses_at_the_same_time_do_not_slip_through() {
    let inner = Scripted::held("wrong");
    let login = Slowdown::new(inner.clone());
    let mut guesses: Vec<_> = (0..100).map(|at| by_hand(outcome_of(login.clone(), "a", at.to_string()))).collect();
    let (first, rest) = guesses.split_at_mut(5);
    first.iter_mut().for_each(|guess| pending(guess.poll()));
    for guess in rest {
        assert_eq!(ready(guess.poll()), "many 1");
    }
    assert_eq!(inner.asked().len(), 5);
    let mut other = by_hand(outcome_of(login.clone(), "b", "x".to_owned()));
    pending(other.poll());
    inner.release();
    for guess in first {
        assert!(guess.is_woken());
        assert_eq!(ready(guess.poll()), "wrong");
    }
    assert_eq!(ready(other.poll()), "wrong", "another account is not held up");
}

async fn outcome_of(login: Slowdown<Scripted>, user: &str, password: String) -> String {
    outcome(login.check(typed(user, &password)).await)
}

#[tokio::test]
async fn a_guess_that_is_given_up_counts() {
    let inner = Scripted::held("wrong");
    let login = Slowdown::new(inner.clone());
    for at in 0..5 {
        pending(by_hand(outcome_of(login.clone(), "a", at.to_string())).poll());
    }
    assert_eq!(ready(by_hand(outcome_of(login, "a", "x".to_owned())).poll()), "many 1");
    assert_eq!(inner.asked().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn clones_count_together() {
    let login = Slowdown::new(Scripted::new("wrong"));
    for _ in 0..5 {
        wrong(&login.clone(), "a", 1).await;
    }
    assert_eq!(check(&login.clone(), "a", "x").await, "many 1");
}

#[tokio::test(start_paused = true)]
async fn keys_are_not_slowed() {
    let login = Slowdown::new(Scripted::new("wrong"));
    for _ in 0..20 {
        assert_eq!(outcome(login.check(key("k")).await), "wrong");
    }
}

#[tokio::test(start_paused = true)]
async fn everything_can_be_set() {
    let login =
        SlowdownLayer::new().free(2).pauses(s(10), s(25)).window(s(100)).capacity(10).layer(Scripted::new("wrong"));
    wrong(&login, "a", 2).await;
    for pause in [10, 20, 25, 25] {
        assert_eq!(check(&login, "a", "x").await, format!("many {pause}"));
        advance(s(pause)).await;
        wrong(&login, "a", 1).await;
    }
    advance(s(100)).await;
    wrong(&login, "a", 2).await;
    assert_eq!(check(&login, "a", "x").await, "many 10");
    // Extremes are no trouble.
    let login = SlowdownLayer::new()
        .free(0)
        .pauses(Duration::MAX, Duration::MAX)
        .window(Duration::MAX)
        .layer(Scripted::new("wrong"));
    wrong(&login, "a", 1).await;
    assert!(check(&login, "a", "x").await.starts_with("many 1844674407370955161"));
    let login = SlowdownLayer::new().pauses(Duration::ZERO, s(60)).window(Duration::ZERO).layer(Scripted::new("wrong"));
    wrong(&login, "a", 50).await;
}

#[tokio::test(start_paused = true)]
async fn made_up_names_do_not_make_room_for_guesses_at_one() {
    let login = SlowdownLayer::new().capacity(100).layer(Scripted::new("wrong"));
    for at in 0..1000 {
        wrong(&login, &format!("made up {at}"), 1).await;
    }
    // Even where every place is taken, a name that is tried is watched.
    wrong(&login, "a", 5).await;
    assert_eq!(check(&login, "a", "x").await, "many 1");
}

#[tokio::test(start_paused = true)]
async fn a_cache_around_it_lets_its_owner_in_while_others_guess() {
    let inner = Scripted::new("in wrong");
    let login = Cached::new(Slowdown::new(inner.clone()));
    assert_eq!(check(&login, "a", "right").await, "in onec:a");
    wrong(&login, "a", 5).await;
    assert_eq!(check(&login, "a", "guess").await, "many 1");
    assert_eq!(check(&login, "a", "right").await, "in onec:a");
    // A client that repeats its one old password has one wrong login, not many.
    for _ in 0..20 {
        assert_eq!(check(&login, "b", "old").await, "wrong");
    }
    assert_eq!(check(&login, "b", "new").await, "wrong");
}

#[tokio::test(start_paused = true)]
async fn debug_shows_no_account() {
    let login = Slowdown::new(Scripted::new("in"));
    check(&login, "Иванов", "s3cret").await;
    let shown = format!("{login:?}");
    assert!(shown.starts_with("Slowdown") && !shown.contains("s3cret") && !shown.contains("Иванов"), "{shown}");
}

/// From an address in text.
async fn from(login: &impl Login, address: &str, user: &str, password: &str) -> String {
    outcome(login.check_from(typed(user, password), Some(address.parse().unwrap())).await)
}

/// An address of a network of its own.
fn stranger(at: u32) -> String {
    IpAddr::from((0xC612_0000 + at).to_be_bytes()).to_string()
}

const HOME: &str = "192.0.2.10";
const AWAY: &str = "192.0.2.99";

/// Strangers try, from each of so many networks, as often as costs nothing.
async fn guessed(login: &impl Login, user: &str, networks: std::ops::Range<u32>) {
    for at in networks {
        for turn in 0..5 {
            from(login, &stranger(at), user, &format!("guess {at} {turn}")).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn strangers_do_not_stop_who_was_right_before() {
    let owner = Owner::default();
    let login = Slowdown::new(owner.clone());
    assert_eq!(from(&login, HOME, "Иванов", "right").await, "in onec:Иванов");
    guessed(&login, "Иванов", 0..25).await;
    assert_eq!(from(&login, &stranger(7000), "Иванов", "guess").await, "many 1", "from wherever it is guessed");
    assert_eq!(owner.asked(), 101, "100 guesses are answered");
    for turn in 0..5 {
        assert_eq!(from(&login, HOME, "Иванов", "right").await, "in onec:Иванов", "{turn}");
        assert_eq!(from(&login, AWAY, " иванов", "right").await, "in onec: иванов", "however it is typed");
        assert_eq!(from(&login, &stranger(8000 + turn), "Иванов", "right").await, "in onec:Иванов", "{turn}");
        advance(s(1 << turn)).await;
        guessed(&login, "Иванов", 40..42).await;
    }
    // Who was never right has to wait.
    guessed(&login, "Петров", 100..120).await;
    assert!(from(&login, HOME, "Петров", "right").await.starts_with("many"));
    advance(s(60)).await;
    assert_eq!(from(&login, HOME, "Петров", "right").await, "in onec:Петров");
}

/// 1C takes two seconds for each login. Somebody sends as many different ones as they can from one address, and
/// others are let in all the same: from elsewhere, and at that address who was right before.
#[tokio::test(start_paused = true)]
async fn slow_logins_of_one_address_keep_nobody_out() {
    let (asked, slow) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let (counted, slowly) = (Arc::clone(&asked), Arc::clone(&slow));
    let onec = service_fn(move |call: Request<Bytes>| {
        counted.fetch_add(1, Ordering::SeqCst);
        let slow = slowly.load(Ordering::SeqCst) && call.headers().contains_key("authorization");
        async move {
            tokio::time::sleep(if slow { s(2) } else { Duration::ZERO }).await;
            let right = call.headers().get("authorization").is_some_and(|login| {
                let encoded = login.to_str().unwrap().strip_prefix("Basic ").unwrap();
                BASE64_STANDARD.decode(encoded).unwrap().ends_with(b":right")
            });
            let answer = Response::builder().status(if right { 200 } else { 401 });
            Ok::<_, BoxError>(answer.body(Bytes::from_static(br#"{"status":"ok"}"#)).unwrap())
        }
    });
    let infobase = Infobase::new("http://h/b").unwrap();
    let onec = OneCService::with_client(infobase, FairQueueLayer::new(16).layer(onec)).unwrap();
    let login = CachedLayer::new()
        .ttl(Duration::ZERO, s(30))
        .layer(SlowdownLayer::new().per_network(0).layer(OwnLogin::new(onec.clone())));
    assert_eq!(from(&login, HOME, "owner", "right").await, "in onec:owner");
    slow.store(true, Ordering::SeqCst);
    asked.store(0, Ordering::SeqCst);
    let mut crowd: Vec<_> = (0..80).map(|at| by_hand(made_up(login.clone(), at))).collect();
    let mut refused = 0;
    for guess in &mut crowd {
        match guess.poll() {
            Poll::Pending => {}
            Poll::Ready(answer) => {
                assert_eq!(answer, "down");
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 80 - 4 - 16, "a quarter of the places");
    assert_eq!(asked.load(Ordering::SeqCst), 4, "a quarter of the turns");
    let began = Instant::now();
    onec.health().await.unwrap();
    assert_eq!(began.elapsed(), Duration::ZERO);
    for (address, user) in [(AWAY, "owner"), (AWAY, "new"), (HOME, "owner")] {
        let began = Instant::now();
        let answer = from(&login, address, user, "right").await;
        assert_eq!((answer, began.elapsed()), (format!("in onec:{user}"), s(2)), "{address} {user}");
    }
    assert_eq!(from(&login, HOME, "other", "right").await, "down", "it is behind the others of the address");
}

async fn made_up(login: impl Login, at: usize) -> String {
    from(&login, HOME, &format!("made up {at}"), "x").await
}

#[tokio::test(start_paused = true)]
async fn an_account_is_counted_for_each_network_first() {
    let login = SlowdownLayer::new().per_network(0).layer(Owner::default());
    for turn in 0..5 {
        assert_eq!(from(&login, AWAY, "Иванов", &turn.to_string()).await, "wrong");
    }
    assert_eq!(from(&login, AWAY, "Иванов", "right").await, "many 1");
    assert_eq!(from(&login, HOME, "Иванов", "right").await, "in onec:Иванов", "another network, never seen before");
    assert_eq!(from(&login, AWAY, "Иванов", "x").await, "many 1", "that was somebody else");
    assert_eq!(from(&login, AWAY, "Иванов", "right").await, "in onec:Иванов", "and whose it is, is let in there too");
}

/// A new password that is right ends what its owner mistyped, and not what others did elsewhere.
#[tokio::test(start_paused = true)]
async fn a_right_login_ends_what_was_wrong_in_its_network() {
    let login = Slowdown::new(Owner::default());
    for (user, address) in [("Иванов", HOME), ("Петров", "2001:db8:1:2::1")] {
        for turn in 0..4 {
            assert_eq!(from(&login, address, user, &turn.to_string()).await, "wrong");
        }
        assert!(from(&login, address, user, "right").await.starts_with("in"));
        for turn in 0..5 {
            assert_eq!(from(&login, address, user, &turn.to_string()).await, "wrong");
        }
        assert_eq!(from(&login, address, user, "x").await, "many 1");
        // What is right already ends nothing: its owner is there all day, beside who guesses.
        assert!(from(&login, address, user, "right").await.starts_with("in"));
        assert_eq!(from(&login, address, user, "x").await, "many 1");
    }
}

/// RFC 6177: who has a /48 has 65 536 times a /64.
#[tokio::test(start_paused = true)]
async fn of_ipv6_larger_networks_may_do_more_and_not_all() {
    let answered = async |networks: &[String]| {
        let owner = Owner::default();
        let login = SlowdownLayer::new().per_network(0).free_in_all(10_000).layer(owner.clone());
        for at in networks {
            for turn in 0..7 {
                from(&login, at, "Иванов", &format!("{at} {turn}")).await;
            }
        }
        owner.asked()
    };
    let of = |count: u32, form: &dyn Fn(u32) -> String| (0..count).map(form).collect::<Vec<_>>();
    assert_eq!(answered(&of(10, &|at| format!("2001:db8:1:2::{at:x}"))).await, 5);
    assert_eq!(answered(&of(50, &|at| format!("2001:db8:1:2{at:02x}::1"))).await, 20);
    assert_eq!(answered(&of(500, &|at| format!("2001:db8:1:{:x}::1", at << 7))).await, 80);
    assert_eq!(answered(&of(30, &|at| format!("2001:db8:{at:x}:1::1"))).await, 150, "different customers");
    assert_eq!(answered(&of(10, &stranger)).await, 50);
    assert_eq!(answered(&["::ffff:192.0.2.7".to_owned(), "192.0.2.7".to_owned()]).await, 5);
}

#[tokio::test(start_paused = true)]
async fn a_network_that_guesses_at_many_accounts_has_to_wait() {
    let login = Slowdown::new(Owner::default());
    assert!(from(&login, AWAY, "colleague", "right").await.starts_with("in"));
    for turn in 0..10 {
        assert_eq!(from(&login, AWAY, &format!("user{turn}"), "x").await, "wrong");
    }
    for turn in 0..100 {
        assert_eq!(from(&login, AWAY, &format!("user{turn}"), "right").await, "many 6", "right or not");
        assert!(from(&login, AWAY, "colleague", "right").await.starts_with("in"));
    }
    assert!(from(&login, HOME, "user1", "right").await.starts_with("in"), "another network");
    advance(s(6)).await;
    assert!(from(&login, AWAY, "user2", "right").await.starts_with("in"));
    assert!(from(&login, AWAY, "user3", "right").await.starts_with("in"), "right ones do not count");
}

/// Guesses at the same time are counted when they are answered, so those who follow wait for all of them.
#[tokio::test(start_paused = true)]
async fn many_guesses_at_once_are_worked_off() {
    let inner = Scripted::held("wrong");
    let login = Slowdown::new(inner.clone());
    let guess = |at: u32| {
        let login = login.clone();
        by_hand(async move { from(&login, AWAY, &format!("user{at}"), "x").await })
    };
    let mut guesses: Vec<_> = (0..50).map(guess).collect();
    guesses.iter_mut().for_each(|guess| pending(guess.poll()));
    inner.release();
    guesses.iter_mut().for_each(|guess| assert_eq!(ready(guess.poll()), "wrong"));
    assert_eq!(from(&login, AWAY, "new", "x").await, "many 246");
}

/// Otherwise who guesses learns from being let in what the pauses keep from them.
#[tokio::test(start_paused = true)]
async fn what_is_known_is_not_compared_without_end() {
    let owner = Owner::default();
    let login = Slowdown::new(owner.clone());
    assert!(from(&login, HOME, "Иванов", "right").await.starts_with("in"));
    guessed(&login, "Иванов", 0..300).await;
    assert!(from(&login, &stranger(9000), "Иванов", "right").await.starts_with("many"), "too many were compared");
    assert!(from(&login, HOME, "Иванов", "right").await.starts_with("in"), "but where it was right before it is");
    // So it is beside a neighbour who tries a few times, and beside one who tries without end in a while.
    for turn in 0..40 {
        from(&login, HOME, "Иванов", &format!("guess {turn}")).await;
        if turn < 29 {
            assert!(from(&login, HOME, "Иванов", "right").await.starts_with("in"), "{turn}");
        }
    }
    assert!(from(&login, HOME, "Иванов", "right").await.starts_with("many"));
    advance(s(3)).await;
    assert!(from(&login, HOME, "Иванов", "right").await.starts_with("in"));
}

#[tokio::test(start_paused = true)]
async fn a_right_login_is_known_for_days() {
    let login = Slowdown::new(Owner::default());
    assert!(from(&login, HOME, "Иванов", "right").await.starts_with("in"));
    for _ in 0..3 {
        advance(s(6 * 24 * 3600)).await;
        guessed(&login, "Иванов", 0..40).await;
        assert!(from(&login, HOME, "Иванов", "right").await.starts_with("in"));
    }
    advance(s(7 * 24 * 3600)).await;
    guessed(&login, "Иванов", 0..40).await;
    assert_eq!(from(&login, HOME, "Иванов", "right").await, "many 1");
}

#[tokio::test(start_paused = true)]
async fn a_password_that_was_changed_is_not_known() {
    for by_call in [false, true] {
        let owner = Owner::default();
        let login = SlowdownLayer::new().remember_in(MemoryStore::new()).layer(owner.clone());
        assert!(from(&login, HOME, "Иванов", "right").await.starts_with("in"));
        owner.changes_password("new");
        if by_call {
            login.forget(&typed("Иванов", "right")).await;
        } else {
            assert_eq!(from(&login, HOME, "Иванов", "right").await, "wrong");
        }
        guessed(&login, "Иванов", 0..20).await;
        assert_eq!(from(&login, HOME, "Иванов", "right").await, "many 1");
        advance(s(1)).await;
        assert!(from(&login, HOME, "Иванов", "new").await.starts_with("in"));
        guessed(&login, "Иванов", 40..41).await;
        assert!(from(&login, HOME, "Иванов", "new").await.starts_with("in"));
    }
}

/// A gateway that was started anew, or another replica, knows who was right.
async fn is_known_elsewhere<S: TokenStore>(store: S, other: S) {
    let owner = Owner::default();
    let new = |store: S| SlowdownLayer::new().pauses(s(1000), s(1000)).remember_in(store).layer(owner.clone());
    let before = new(store.clone());
    assert!(from(&before, HOME, "Иванов", "right").await.starts_with("in"));
    let login = new(other);
    guessed(&login, "Иванов", 0..20).await;
    assert!(from(&login, HOME, "Иванов", "Right").await.starts_with("many"));
    assert_eq!(from(&login, HOME, "иванов", "right").await, "in onec:иванов");
    assert_eq!(from(&login, AWAY, "Иванов", "right").await, "in onec:Иванов");
    // What is stored is no password, and says not even that two are the same.
    assert!(from(&before, HOME, "Петров", "right").await.starts_with("in"));
    let mut stored = Vec::new();
    for user in ["иванов", "петров"] {
        let account = onec_mcp::auth::Digest::of(&format!("login {user}"));
        stored.push(store.login(&account, 0).await.unwrap().expect("it is stored"));
    }
    assert_ne!(stored[0][1..49], stored[1][1..49]);
    for record in &stored {
        assert!((57..=113).contains(&record.len()), "{record:?}");
        for secret in ["right", HOME] {
            assert!(!record.windows(secret.len()).any(|part| part == secret.as_bytes()), "{record:?}");
        }
    }
    owner.changes_password("new");
    assert_eq!(from(&login, HOME, "Иванов", "right").await, "wrong");
    let third = new(store);
    guessed(&third, "Иванов", 0..20).await;
    assert!(from(&third, HOME, "Иванов", "right").await.starts_with("many"), "and who was right once");
}

#[tokio::test]
async fn what_was_right_is_known_from_the_store() {
    let memory = MemoryStore::new();
    is_known_elsewhere(memory.clone(), memory).await;
    let folder = Folder::new();
    is_known_elsewhere(sqlite(&folder).await, sqlite(&folder).await).await;
}

#[tokio::test]
#[ignore = "needs PostgreSQL: ONEC_MCP_TEST_POSTGRES"]
async fn what_was_right_is_known_from_postgres() {
    let schema = Schema::new().await;
    is_known_elsewhere(schema.store().await, schema.store().await).await;
    schema.remove().await;
}

#[tokio::test(start_paused = true)]
async fn made_up_names_do_not_wash_out_who_has_to_wait() {
    let login = SlowdownLayer::new().capacity(100).layer(Scripted::new("wrong"));
    wrong(&login, "a", 7 - 2).await;
    assert_eq!(check(&login, "a", "x").await, "many 1");
    for at in 0..5000 {
        wrong(&login, &format!("made up {at}"), 1).await;
    }
    assert_eq!(check(&login, "a", "x").await, "many 1");
}

/// Each way to log in, with a login of its own: says the status.
struct Doors<L = Cached<Slowdown<Owner>>> {
    basic: onec_mcp::auth::Authenticated<Inner, onec_mcp::auth::Basic<L>>,
    server: AuthorizationServer<L, MemoryStore>,
}

type Inner = tower::util::BoxCloneService<Request<Full<Bytes>>, Response<Full<Bytes>>, std::convert::Infallible>;

impl Doors {
    fn new() -> Self {
        Self::of(CachedLayer::new().ttl(Duration::ZERO, s(30)).layer(Slowdown::new(Owner::default())))
    }
}

impl<L: Login> Doors<L> {
    fn of(login: L) -> Self {
        let inner = service_fn(|_| async { Ok(Response::new(Full::default())) });
        let site = Site::new().public_url(&"http://127.0.0.1:8000".parse().unwrap());
        Self {
            basic: BasicAuthLayer::new(login.clone()).layer(Inner::new(inner)),
            server: AuthorizationServer::new(site, login, MemoryStore::new()).rate_limits(RateLimits::unlimited()),
        }
    }

    fn with_limits(self) -> Self {
        Self { server: self.server.rate_limits(RateLimits::default()), ..self }
    }

    async fn posted(&self, path: &str, address: &str, cookie: &str, form: &[(&str, &str)]) -> Response<String> {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
        self.sent(request.header("cookie", cookie).body(Full::from(form)).unwrap(), address).await
    }

    async fn sent(&self, mut request: Request<Full<Bytes>>, address: &str) -> Response<String> {
        request.extensions_mut().insert(Caller::new(address.parse().ok(), None));
        let (head, body) = self.server.clone().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Response::from_parts(head, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn basic(&self, address: &str, user: &str, password: &str) -> u16 {
        let login = format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")));
        let mut request = Request::post("/mcp").header("authorization", login).body(Full::default()).unwrap();
        request.extensions_mut().insert(Caller::new(address.parse().ok(), None));
        self.basic.clone().oneshot(request).await.unwrap().status().as_u16()
    }

    async fn token(&self, address: &str, user: &str, password: &str) -> u16 {
        let form = [("grant_type", "password"), ("username", user), ("password", password)];
        self.posted("/token", address, "", &form).await.status().as_u16()
    }

    async fn page(&self, address: &str, user: &str, password: &str) -> u16 {
        let mut form = vec![
            ("response_type", "code"),
            ("client_id", "mcp-public-client"),
            ("redirect_uri", "http://127.0.0.1:1/"),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
            ("code_challenge_method", "S256"),
        ];
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(&form).finish();
        let page = self.sent(Request::get(format!("/authorize?{query}")).body(Full::default()).unwrap(), address).await;
        let cookie = page.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap();
        form.extend([("username", user), ("password", password), ("key", password), ("action", "allow")]);
        form.push(("csrf", cookie.split_once('=').unwrap().1));
        self.posted("/authorize", address, cookie, &form).await.status().as_u16()
    }

    async fn through(&self, door: &str, address: &str, user: &str, password: &str) -> u16 {
        match door {
            "basic" => self.basic(address, user, password).await,
            "token" => self.token(address, user, password).await,
            _ => self.page(address, user, password).await,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_rule_is_the_same_at_every_door() {
    for (door, right, wrong) in [("basic", 200, 401), ("token", 200, 400), ("page", 303, 403)] {
        let doors = Doors::new();
        let through = async |address: &str, user: &str, password: &str| {
            let status = doors.through(door, address, user, password).await;
            if status == 302 { 303 } else { status }
        };
        assert_eq!(through(HOME, "Иванов", "right").await, right, "{door}");
        // One wrong login, however often it comes, is one.
        for _ in 0..20 {
            assert_eq!(through(&stranger(0), "Иванов", "old").await, wrong, "{door}");
        }
        // From one network, whatever the accounts.
        for turn in 1..10 {
            assert_eq!(through(&stranger(0), &format!("user{turn}"), "x").await, wrong, "{door} {turn}");
        }
        assert_eq!(through(&stranger(0), "user1", "right").await, 429, "{door}");
        // From many networks, of one account.
        for at in 1..40 {
            for turn in 0..5 {
                through(&stranger(at), "Иванов", &format!("{at} {turn}")).await;
            }
        }
        assert_eq!(through(&stranger(50), "Иванов", "x").await, 429, "{door}");
        assert_eq!(through(HOME, "Иванов", "right").await, right, "{door}");
        assert_eq!(through(HOME, "Петров", "right").await, right, "{door}");
    }
}

/// The limit of the page itself does not stop them either.
#[tokio::test(start_paused = true)]
async fn a_neighbour_at_the_page_does_not_stop_who_was_right_before() {
    let doors = Doors::new().with_limits();
    assert_eq!(doors.page(HOME, "Иванов", "right").await, 303);
    for turn in 0..15 {
        let status = doors.page(HOME, &format!("user{turn}"), "x").await;
        assert_eq!(status, if turn < 10 { 403 } else { 429 }, "{turn}");
    }
    assert_eq!(doors.page(HOME, "Петров", "right").await, 429);
    assert_eq!(doors.page(HOME, "Иванов", "right").await, 303);
    advance(s(6)).await;
    assert_eq!(doors.page(HOME, "Петров", "right").await, 303);
}

/// Any key that begins so is right.
#[derive(Clone)]
struct Keys;

impl Login for Keys {
    fn form(&self) -> Form {
        Form::Key
    }

    async fn check(&self, typed: Typed) -> Result<LoggedIn, LoginError> {
        let Typed::Key(key) = typed else { panic!("no key") };
        if !key.expose_secret().starts_with("right") {
            return Err(LoginError::Wrong);
        }
        Ok(LoggedIn::new("a"))
    }
}

#[tokio::test(start_paused = true)]
async fn nor_does_one_whose_keys_are_wrong() {
    let doors = Doors::of(Cached::new(Keys)).with_limits();
    assert_eq!(doors.page(HOME, "", "right").await, 303);
    for turn in 0..15 {
        let status = doors.page(HOME, "", &format!("wrong {turn}")).await;
        assert_eq!(status, if turn < 10 { 403 } else { 429 }, "{turn}");
    }
    assert_eq!(doors.page(HOME, "", "right, and new").await, 429);
    assert_eq!(doors.page(HOME, "", "right").await, 303);
}

/// Also when nothing is remembered of the answer; then 1C is asked.
#[tokio::test(start_paused = true)]
async fn a_key_that_was_right_need_not_wait() {
    let withdrawn = Arc::new(AtomicBool::new(false));
    let says = Arc::clone(&withdrawn);
    let onec = service_fn(move |call: Request<Bytes>| {
        let right = call.body().windows(5).any(|text| text == b"right") && !says.load(Ordering::SeqCst);
        let answer = Response::builder().status(if right { 200 } else { 401 });
        std::future::ready(Ok::<_, BoxError>(answer.body(Bytes::from_static(br#"{"sub":"a","scopes":[]}"#)).unwrap()))
    });
    let onec = OneCService::with_client(Infobase::new("http://h/b").unwrap(), onec).unwrap();
    let login = CachedLayer::new().ttl(Duration::ZERO, Duration::ZERO).layer(Slowdown::new(AccessKey::new(onec)));
    let from = HOME.parse().ok();
    let held = async |text: &str| outcome(login.check_held(key(text), from, 7).await);
    assert_eq!(held("right").await, "many 7", "it is new");
    assert_eq!(outcome(login.check_from(key("right"), from).await), "in a");
    assert_eq!((held("right").await, held("right, and new").await), ("in a".to_owned(), "many 7".to_owned()));
    withdrawn.store(true, Ordering::SeqCst);
    assert_eq!((held("right").await, held("right").await), ("wrong".to_owned(), "many 7".to_owned()));
    // A password is another matter: what is remembered must not tell who guesses.
    let login = Cached::new(Scripted::new("in"));
    assert_eq!(check(&login, "a", "b").await, "in onec:a");
    assert_eq!(outcome(login.check_held(typed("a", "b"), from, 7).await), "many 7");
}
