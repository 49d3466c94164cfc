//! Answers about logins are remembered as long as they may be, and nobody gets another's.

use crate::fixtures::login::{Scripted, key, outcome, typed};
use crate::support::poll::{by_hand, pending, ready};
use onec_mcp::auth::login::{Cached, CachedLayer, Form, Login, LoginError, Slowdown, Typed};
use onec_mcp::onec::{Error, ErrorKind, Infobase, OneCService};
use onec_mcp::{auth::login::OwnLogin, demo};
use std::time::Duration;
use tokio::time::advance;
use tower::Layer;

const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// What a check answers, in short.
async fn check(login: &impl Login, typed: Typed) -> String {
    outcome(login.check(typed).await)
}

#[tokio::test(start_paused = true)]
async fn a_good_answer_serves_for_5_minutes() {
    let inner = Scripted::new("in in");
    let login = Cached::new(inner.clone());
    assert_eq!(login.form(), Form::Credentials);
    for passed in [0, 1, 298] {
        advance(s(passed)).await;
        assert_eq!(check(&login, typed("Иванов", "п")).await, "in onec:Иванов");
    }
    assert_eq!(inner.asked(), ["Иванов/п"]);
    advance(s(1)).await;
    check(&login, typed("Иванов", "п")).await;
    assert_eq!(inner.asked().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_remembered_is_the_whole_answer() {
    let login = Cached::new(Scripted::new("in"));
    let first = login.check(typed("Иванов", "п")).await.unwrap();
    let again = login.check(typed("Иванов", "п")).await.unwrap();
    assert_eq!(first.scopes, again.scopes);
    let logins = [first, again].map(|user| user.credentials.unwrap().authorization().clone());
    assert_eq!(logins[0], logins[1]);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_one_serves_for_30_s() {
    for (answer, kept) in [("wrong", "wrong"), ("norole", "norole")] {
        let inner = Scripted::new(&format!("{answer} in"));
        let login = Cached::new(inner.clone());
        assert_eq!(check(&login, typed("a", "b")).await, kept);
        advance(s(29)).await;
        assert_eq!(check(&login, typed("a", "b")).await, kept);
        advance(s(1)).await;
        assert_eq!(check(&login, typed("a", "b")).await, "in onec:a");
        assert_eq!(inner.asked().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn trouble_is_not_remembered() {
    let inner = Scripted::new("down many down in");
    let login = Cached::new(inner.clone());
    for expected in ["down", "many 7", "down", "in onec:a", "in onec:a"] {
        assert_eq!(check(&login, typed("a", "b")).await, expected);
    }
    assert_eq!(inner.asked().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn only_the_very_same_login_is_the_same() {
    let inner = Scripted::new("in");
    let login = Cached::new(inner.clone());
    let all = [
        typed("a", "b"),
        typed("a", "B"),
        typed("A", "b"),
        typed("a ", "b"),
        typed("a", ""),
        typed("a:b", ""),
        typed("a", ":b"),
        key("a"),
        key("a:b"),
        key(""),
    ];
    for typed in &all {
        check(&login, typed.clone()).await;
    }
    assert_eq!(inner.asked().len(), all.len());
    for typed in &all {
        check(&login, typed.clone()).await;
    }
    assert_eq!(inner.asked().len(), all.len());
}

#[tokio::test(start_paused = true)]
async fn times_and_room_can_be_set() {
    let inner = Scripted::new("in wrong in wrong");
    let login = CachedLayer::new().ttl(s(2), s(1)).capacity(10).layer(inner.clone());
    check(&login, typed("a", "b")).await;
    check(&login, typed("a", "c")).await;
    advance(s(1)).await;
    assert_eq!(check(&login, typed("a", "b")).await, "in onec:a");
    assert_eq!(check(&login, typed("a", "c")).await, "in onec:a");
    assert_eq!(inner.asked().len(), 3);
    // Nothing is kept where nothing may be.
    for login in
        [CachedLayer::new().ttl(s(0), s(0)).layer(inner.clone()), CachedLayer::new().capacity(0).layer(inner.clone())]
    {
        let before = inner.asked().len();
        check(&login, typed("a", "b")).await;
        check(&login, typed("a", "b")).await;
        assert_eq!(inner.asked().len(), before + 2);
    }
    // Forever is a time, too.
    let login = CachedLayer::new().ttl(Duration::MAX, Duration::MAX).layer(Scripted::new("in wrong"));
    check(&login, typed("a", "b")).await;
    advance(s(1 << 32)).await;
    assert_eq!(check(&login, typed("a", "b")).await, "in onec:a");
}

#[tokio::test(start_paused = true)]
async fn clones_share_what_is_remembered() {
    let inner = Scripted::new("in");
    let login = Cached::new(inner.clone());
    check(&login.clone(), typed("a", "b")).await;
    check(&login.clone(), typed("a", "b")).await;
    assert_eq!(inner.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_forgotten_is_asked_again() {
    let inner = Scripted::new("in in wrong");
    let login = Cached::new(inner.clone());
    check(&login, typed("a", "b")).await;
    check(&login, typed("c", "d")).await;
    login.forget(&typed("a", "b")).await;
    assert_eq!(check(&login, typed("a", "b")).await, "wrong");
    assert_eq!(check(&login, typed("c", "d")).await, "in onec:c");
    assert_eq!(inner.asked(), ["a/b", "c/d", "a/b"]);
}

/// Each of several memories forgets, whoever stands between them.
#[tokio::test(start_paused = true)]
async fn a_memory_around_a_memory_forgets_too() {
    let inner = Scripted::new("in wrong");
    let login = Cached::new(Slowdown::new(Cached::new(inner.clone())));
    check(&login, typed("a", "b")).await;
    login.forget(&typed("a", "b")).await;
    assert_eq!(check(&login, typed("a", "b")).await, "wrong");
    assert_eq!(inner.asked(), ["a/b", "a/b"]);
}

#[tokio::test]
async fn checks_at_the_same_time_ask_once() {
    for (answer, expected) in [("in", "in onec:a"), ("wrong", "wrong"), ("many", "many 7"), ("down", "down")] {
        let inner = Scripted::held(answer);
        let login = Cached::new(inner.clone());
        let mut checks: Vec<_> = (0..20).map(|_| by_hand(check(&login, typed("a", "b")))).collect();
        let mut other = by_hand(check(&login, typed("a", "c")));
        checks.iter_mut().for_each(|check| pending(check.poll()));
        pending(other.poll());
        assert_eq!(inner.asked(), ["a/b", "a/c"], "others do not wait");
        inner.release();
        for check in &mut checks {
            assert_eq!(ready(check.poll()), expected);
        }
        assert_eq!(ready(other.poll()), expected);
        assert_eq!(inner.asked().len(), 2);
    }
}

#[tokio::test]
async fn a_check_that_nobody_waits_for_leaves_its_place_to_the_next() {
    let inner = Scripted::held("in");
    let login = Cached::new(inner.clone());
    let mut first = by_hand(check(&login, typed("a", "b")));
    let mut second = by_hand(check(&login, typed("a", "b")));
    pending(first.poll());
    pending(second.poll());
    drop(first);
    assert!(second.is_woken());
    pending(second.poll());
    assert_eq!(inner.asked().len(), 2);
    inner.release();
    assert_eq!(ready(second.poll()), "in onec:a");
}

#[tokio::test]
async fn a_check_under_way_does_not_outlive_being_forgotten() {
    let inner = Scripted::held("in wrong");
    let login = Cached::new(inner.clone());
    let mut before = by_hand(check(&login, typed("a", "b")));
    pending(before.poll());
    login.forget(&typed("a", "b")).await;
    inner.release();
    assert_eq!(ready(before.poll()), "in onec:a");
    assert_eq!(check(&login, typed("a", "b")).await, "wrong");
}

/// A key that must wait otherwise waits for what 1C says of it, and asks nothing itself.
#[tokio::test]
async fn a_key_passes_by_a_check_under_way() {
    let inner = Scripted::held("in");
    let login = Cached::new(inner.clone());
    let held = async || outcome(login.check_held(key("k"), None, 7).await);
    let mut first = by_hand(check(&login, key("k")));
    let mut second = by_hand(held());
    pending(first.poll());
    pending(second.poll());
    drop(first);
    assert_eq!(ready(second.poll()), "many 7", "nobody asks any more");
    let mut first = by_hand(check(&login, key("k")));
    let mut second = by_hand(held());
    pending(first.poll());
    pending(second.poll());
    inner.release();
    assert_eq!((ready(first.poll()), ready(second.poll())), ("in key".to_owned(), "in key".to_owned()));
    assert_eq!(inner.asked().len(), 2);
}

#[tokio::test]
async fn the_cause_of_trouble_is_found() {
    let infobase = demo::DemoInfobase::start().await.unwrap();
    let onec = OneCService::new(Infobase::new(&format!("{}x", infobase.url())).unwrap()).unwrap();
    let login = Cached::new(OwnLogin::new(onec));
    let Err(LoginError::Unavailable(error)) = login.check(typed("a", "b")).await else { panic!("no trouble") };
    let cause = Error::find(error.source().unwrap()).unwrap();
    assert!(matches!(cause.kind(), ErrorKind::Status(http::StatusCode::NOT_FOUND, _)));
}

#[tokio::test]
async fn a_users_password_changes() {
    let infobase = demo::DemoInfobase::start().await.unwrap();
    let onec = OneCService::new(Infobase::new(infobase.url()).unwrap()).unwrap();
    let login = Cached::new(OwnLogin::new(onec));
    let seller = typed("Продавец", "");
    assert_eq!(check(&login, seller.clone()).await, "in onec:Продавец");
    infobase.set_password("Продавец", "new");
    assert_eq!(check(&login, seller.clone()).await, "in onec:Продавец");
    login.forget(&seller).await;
    assert_eq!(check(&login, seller).await, "wrong");
}

#[tokio::test]
async fn debug_shows_no_login() {
    let login = Cached::new(Scripted::new("in"));
    check(&login, typed("Иванов", "s3cret")).await;
    let shown = format!("{login:?}");
    assert!(shown.starts_with("Cached") && !shown.contains("s3cret") && !shown.contains("Иванов"), "{shown}");
}
