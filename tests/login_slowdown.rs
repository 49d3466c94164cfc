//! Guessing at an account is slow, from wherever it is tried, and its owner is not locked out for long.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a helper that fails fails its test")]

#[path = "support/login.rs"]
mod login;
#[path = "support/poll.rs"]
mod poll;

use std::time::Duration;

use login::{Scripted, key, outcome, typed};
use onec_mcp::auth::login::{Cached, Form, Login, Slowdown};
use poll::{by_hand, pending, ready};
use tokio::time::advance;

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
    let login = Slowdown::new(Scripted::new("wrong")).free(2).pauses(s(10), s(25)).window(s(100)).capacity(10);
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
    let login =
        Slowdown::new(Scripted::new("wrong")).free(0).pauses(Duration::MAX, Duration::MAX).window(Duration::MAX);
    wrong(&login, "a", 1).await;
    assert!(check(&login, "a", "x").await.starts_with("many 1844674407370955161"));
    let login = Slowdown::new(Scripted::new("wrong")).pauses(Duration::ZERO, s(60)).window(Duration::ZERO);
    wrong(&login, "a", 50).await;
}

#[tokio::test(start_paused = true)]
async fn made_up_names_do_not_make_room_for_guesses_at_one() {
    let login = Slowdown::new(Scripted::new("wrong")).capacity(100);
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
