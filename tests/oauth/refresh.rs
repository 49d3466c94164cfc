//! A refresh token that comes again: within its grace it is a client that asked twice, afterwards a theft.

use crate::support::oauth::{self, CALLBACK, Lab, Params, lab, pair};
use crate::support::stores::{Folder, Schema, sqlite};
use onec_mcp::auth::login::Form;
use onec_mcp::auth::server::Lifetimes;
use onec_mcp::auth::store::{MemoryStore, TokenStore};
use onec_mcp::auth::{AuthError, Digest, Presented, TokenValidator};
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Every pair is good: the access token for the user, the refresh token for another refresh.
async fn all_are_good<S: TokenStore>(lab: &Lab<S>, pairs: &[(String, String)]) {
    for (access, _) in pairs {
        let identity = lab.who(access).await.expect("the access token counts");
        assert_eq!(identity.subject(), "onec:Иванов");
        assert_eq!(identity.credentials().unwrap().password().expose_secret(), "п:а%роль");
    }
    // Not of each: a grant in memory has an end.
    for (_, refresh) in pairs.iter().step_by(pairs.len().div_ceil(10)) {
        pair(&lab.refresh(refresh, &[]).await);
    }
}

/// OAuth 2.1, section 4.3.1: a client whose calls find the access token expired at the same moment
/// refreshes twice with one token, and one that lost the answer asks again.
#[tokio::test]
async fn it_may_come_again_for_half_a_minute() {
    let lab = lab();
    let client = lab.register(&[CALLBACK]).await;
    let code = lab.code(&Params::of(&client).with("scope", "mcp mcp:resolve")).await;
    let (_, old) = pair(&lab.redeem(&code, &[]).await);
    let mut pairs = vec![pair(&lab.refresh(&old, &[]).await)];
    lab.pass(29);
    for more in [&[][..], &[("client_id", client.as_str())], &[("scope", "mcp")]] {
        let answer = lab.refresh(&old, more).await;
        let narrowed = more.iter().any(|(name, _)| *name == "scope");
        assert_eq!(answer.json()["scope"], if narrowed { "mcp" } else { "mcp mcp:resolve" });
        pairs.push(pair(&answer));
    }
    all_are_good(&lab, &pairs).await;
    // What became of its pairs does not matter.
    pairs.truncate(1);
    pairs.push(pair(&lab.refresh(&old, &[]).await));
    assert_eq!(
        lab.refresh(&pairs[1].1, &[]).await.json()["scope"],
        "mcp mcp:resolve",
        "the refresh token is not narrowed"
    );
    lab.pass(1);
    lab.refresh(&old, &[]).await.assert_error(400, "invalid_grant");
    for (access, refresh) in pairs {
        assert!(lab.who(&access).await.is_err());
        lab.refresh(&refresh, &[]).await.assert_error(400, "invalid_grant");
    }
}

async fn a_hundred_at_once<S: TokenStore>(labs: [Lab<S>; 2]) {
    let labs = labs.map(Arc::new);
    let client = labs[0].register(&[CALLBACK]).await;
    let code = labs[0].code(&Params::of(&client)).await;
    let (access, old) = pair(&labs[0].redeem(&code, &[]).await);
    let mut tasks = JoinSet::new();
    for turn in 0..100 {
        let (lab, old) = (Arc::clone(&labs[turn % 2]), old.clone());
        tasks.spawn(async move { pair(&lab.refresh(&old, &[]).await) });
    }
    let pairs = tasks.join_all().await;
    assert!(labs[1].who(&access).await.is_ok(), "what was given out before stays");
    all_are_good(&labs[1], &pairs).await;
    labs[1].pass(30);
    labs[1].refresh(&old, &[]).await.assert_error(400, "invalid_grant");
    assert!(labs[0].who(&pairs[0].0).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_at_once_in_memory() {
    let store = MemoryStore::new();
    a_hundred_at_once([Lab::new(store.clone()), Lab::new(store)]).await;
}

/// As two processes with connections of their own.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_at_once_in_a_file() {
    let folder = Folder::new();
    a_hundred_at_once([Lab::new(sqlite(&folder).await), Lab::new(sqlite(&folder).await)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "needs PostgreSQL: ONEC_MCP_TEST_POSTGRES"]
async fn a_hundred_at_once_at_two_replicas() {
    let schema = Schema::new().await;
    a_hundred_at_once([Lab::new(schema.store().await), Lab::new(schema.store().await)]).await;
    schema.remove().await;
}

/// RFC 6749, section 10.4: from another client it is a replay, in the grace too.
#[tokio::test]
async fn another_client_has_no_grace() {
    let lab = lab();
    let other = lab.register(&[CALLBACK]).await;
    for thief in [other.as_str(), "mcp-public-client", "unknown"] {
        let (_, old) = lab.tokens(&[]).await;
        // Before it was used it is only refused.
        lab.refresh(&old, &[("client_id", thief)]).await.assert_error(400, "invalid_grant");
        let (access, new) = pair(&lab.refresh(&old, &[]).await);
        lab.refresh(&old, &[("client_id", thief)]).await.assert_error(400, "invalid_grant");
        assert!(lab.who(&access).await.is_err(), "{thief}");
        lab.refresh(&new, &[]).await.assert_error(400, "invalid_grant");
    }
}

/// RFC 6749, section 4.1.2: a code works once.
#[tokio::test]
async fn a_code_has_no_grace() {
    let lab = lab();
    let client = lab.register(&[CALLBACK]).await;
    let code = lab.code(&Params::of(&client)).await;
    let (access, _) = pair(&lab.redeem(&code, &[]).await);
    lab.redeem(&code, &[]).await.assert_error(400, "invalid_grant");
    assert!(lab.who(&access).await.is_err());
}

#[tokio::test]
async fn the_grace_can_be_off() {
    let lab = lab().with(|server| server.lifetimes(Lifetimes::default().grace(Duration::ZERO)));
    let (_, old) = lab.tokens(&[]).await;
    let (access, _) = pair(&lab.refresh(&old, &[]).await);
    lab.refresh(&old, &[]).await.assert_error(400, "invalid_grant");
    assert!(lab.who(&access).await.is_err());
}

/// What was revoked stays revoked, and a key has to be typed again in the end, whatever comes again.
#[tokio::test]
async fn the_grace_makes_nothing_live_longer() {
    let lab = lab();
    let (_, old) = lab.tokens(&[]).await;
    let (_, new) = pair(&lab.refresh(&old, &[]).await);
    assert_eq!(lab.post("/revoke", &[("token", &new)]).await.status, 200);
    lab.refresh(&old, &[]).await.assert_error(400, "invalid_grant");

    const DAYS: i64 = 14 * 24 * 3600;
    let keys = Lab::at(lab.site.clone(), Form::Key, MemoryStore::new());
    let client = keys.register(&[CALLBACK]).await;
    let request = Params::of(&client).with("scope", "mcp:resolve");
    let code = keys.log_in_as(&request, &[("key", "key-1")]).await.sent("code").unwrap();
    let (_, old) = pair(&keys.redeem(&code, &[]).await);
    keys.pass(DAYS - 10);
    let first = pair(&keys.refresh(&old, &[]).await);
    let second = pair(&keys.refresh(&old, &[]).await);
    keys.pass(10);
    for refresh in [&old, &first.1, &second.1] {
        keys.refresh(refresh, &[]).await.assert_error(400, "invalid_grant");
    }
    assert!(keys.who(&second.0).await.is_ok(), "nobody is punished for a token that has expired");
}

/// The login that a used token carries goes with its grace.
#[tokio::test]
async fn nothing_is_kept_after_the_grace() {
    let store = MemoryStore::new();
    let lab = Lab::new(store.clone());
    let (_, old) = lab.tokens(&[]).await;
    pair(&lab.refresh(&old, &[]).await);
    let sealed = async || store.find(&Digest::of(&old)).await.unwrap().unwrap().token.sealed;
    assert!(sealed().await.is_some());
    lab.pass(30);
    lab.server.sweep().await.unwrap();
    assert_eq!(sealed().await, None);
    lab.refresh(&old, &[]).await.assert_error(400, "invalid_grant");
}

/// RFC 7009, section 2.1: what this process revokes is refused at once, though it is remembered.
#[tokio::test]
async fn a_revocation_here_counts_at_once() {
    let lab = lab();
    let tokens = lab.server.tokens().cache(100, Duration::from_secs(3600));
    let who = async |token: &str| tokens.validate(Presented::new(token, oauth::BASE, &lab.site)).await;
    for how in ["access token", "refresh token", "replay", "replay by another"] {
        let (access, refresh) = lab.tokens(&[]).await;
        let (bystander, _) = lab.tokens(&[]).await;
        assert!(who(&access).await.is_ok() && who(&bystander).await.is_ok());
        match how {
            "access token" => assert_eq!(lab.post("/revoke", &[("token", &access)]).await.status, 200),
            "refresh token" => assert_eq!(lab.post("/revoke", &[("token", &refresh)]).await.status, 200),
            "replay" => {
                pair(&lab.refresh(&refresh, &[]).await);
                lab.pass(30);
                lab.refresh(&refresh, &[]).await.assert_error(400, "invalid_grant");
            }
            _ => {
                pair(&lab.refresh(&refresh, &[]).await);
                lab.refresh(&refresh, &[("client_id", "other")]).await.assert_error(400, "invalid_grant");
            }
        }
        assert!(matches!(who(&access).await, Err(AuthError::Unknown)), "{how}");
        assert!(who(&bystander).await.is_ok(), "{how}");
    }
}
