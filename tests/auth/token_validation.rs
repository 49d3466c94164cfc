//! `Tokens`: which tokens of the own authorization server count, and how often the store is asked.

use crate::support::faulty_store::{Fault, Faulty};
use crate::support::oauth::{BASE, Lab};
use crate::support::stores::{NOW, code, grant, token};
use onec_mcp::auth::server::Tokens;
use onec_mcp::auth::store::{Token, TokenKind, TokenStore, seal};
use onec_mcp::auth::{AuthError, Clock, Presented, Site, TokenValidator};
use onec_mcp::{Credentials, Identity, Scopes};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

async fn store() -> Faulty {
    let store = Faulty::new(Fault::None);
    let tokens = vec![
        token("access", "g", TokenKind::Access, NOW + 60),
        token("refresh", "g", TokenKind::Refresh, NOW + 60),
        code("code", "g"),
    ];
    store.put_grant(grant("g", "onec:Иван"), tokens).await.unwrap();
    store
}

fn tokens(store: &Faulty) -> Tokens<Faulty> {
    Tokens::new(store.clone()).clock(Clock::new(|| NOW))
}

async fn validate(tokens: &Tokens<Faulty>, token: &str) -> Result<Identity, AuthError> {
    at(tokens, token, "https://host.example").await
}

async fn at(tokens: &Tokens<Faulty>, token: &str, base: &str) -> Result<Identity, AuthError> {
    tokens.validate(Presented::new(token, base, &Site::new())).await
}

#[tokio::test]
async fn an_access_token_names_its_bearer() {
    let store = store().await;
    for tokens in [tokens(&store), tokens(&store).without_cache()] {
        let identity = validate(&tokens, "access").await.unwrap();
        assert_eq!((identity.subject(), identity.client()), ("onec:Иван", Some("mcp-public-client")));
        // What is between client and authorization server is nobody else's business.
        assert_eq!(identity.scopes(), &Scopes::parse("mcp"));
        assert!(identity.credentials().is_none());
    }
}

/// MCP 2025-11-25, "Token Handling".
#[tokio::test]
async fn nothing_else_is_an_access_token() {
    let tokens = tokens(&store().await);
    for text in ["refresh", "code", "unknown", "", "ACCESS", "access "] {
        assert!(matches!(validate(&tokens, text).await, Err(AuthError::Unknown)), "{text}");
    }
}

/// RFC 6750, sections 5.2 and 5.3; RFC 8707, section 2; MCP 2025-11-25 and MCP 2026-07-28, "Token
/// Handling".
#[tokio::test]
async fn it_counts_for_its_resource_only() {
    let tokens = tokens(&store().await);
    for _ in 0..2 {
        assert!(matches!(at(&tokens, "access", "https://other.example").await, Err(AuthError::Audience)));
        assert!(validate(&tokens, "access").await.is_ok());
    }
}

#[tokio::test]
async fn it_expires_though_it_is_remembered() {
    let now = Arc::new(AtomicI64::new(NOW));
    let shown = Arc::clone(&now);
    let tokens = Tokens::new(store().await).clock(Clock::new(move || shown.load(Ordering::SeqCst)));
    assert!(validate(&tokens, "access").await.is_ok());
    now.store(NOW + 59, Ordering::SeqCst);
    assert!(validate(&tokens, "access").await.is_ok());
    now.store(NOW + 60, Ordering::SeqCst);
    assert!(matches!(validate(&tokens, "access").await, Err(AuthError::Expired)));
}

#[tokio::test]
async fn it_opens_the_login_that_it_carries() {
    let store = store().await;
    let credentials = Credentials::new("Иван", "пароль");
    let carrying = |text: &str, under: &str| Token {
        sealed: Some(seal::seal(&credentials, under).unwrap()),
        ..token(text, "h", TokenKind::Access, NOW + 60)
    };
    let both = vec![carrying("own", "own"), carrying("swapped", "own")];
    store.put_grant(grant("h", "onec:Иван"), both).await.unwrap();
    let tokens = tokens(&store);
    let identity = validate(&tokens, "own").await.unwrap();
    assert_eq!(identity.credentials().unwrap().authorization(), credentials.authorization());
    // Never the service account instead.
    assert!(matches!(validate(&tokens, "swapped").await, Err(AuthError::Unknown)));
}

#[tokio::test]
async fn many_at_once_ask_the_store_once() {
    let store = store().await;
    let tokens = tokens(&store);
    let validations = (0..50).map(|_| validate(&tokens, "access"));
    for result in futures_util::future::join_all(validations).await {
        result.unwrap();
    }
    assert_eq!(store.finds.load(Ordering::SeqCst), 1);
    let tokens = tokens.without_cache();
    for _ in 0..3 {
        validate(&tokens, "access").await.unwrap();
    }
    assert_eq!(store.finds.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_store_that_is_down_refuses_nobody_for_good() {
    let store = store().await;
    let tokens = tokens(&store);
    store.down.store(true, Ordering::SeqCst);
    for text in ["access", "unknown"] {
        assert!(matches!(validate(&tokens, text).await, Err(AuthError::Unavailable(_))), "{text}");
    }
    store.down.store(false, Ordering::SeqCst);
    assert!(validate(&tokens, "access").await.is_ok());
}

/// Another replica has a cache of its own and hears of nothing.
#[tokio::test]
async fn a_token_revoked_elsewhere_counts_less_than_a_second_more() {
    let store = store().await;
    let tokens = tokens(&store);
    validate(&tokens, "access").await.unwrap();
    store.revoke_grant("g").await.unwrap();
    let since = Instant::now();
    let mut counted = 0;
    while validate(&tokens, "access").await.is_ok() {
        counted += 1;
        assert!(since.elapsed() < Duration::from_secs(1), "it still counts");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(counted > 0, "nothing was remembered");
    assert!(matches!(validate(&tokens, "access").await, Err(AuthError::Unknown)));
}

/// What was asked before the revocation and answered after it is not believed.
#[tokio::test]
async fn a_token_revoked_during_its_lookup_does_not_count() {
    let store = Faulty::new(Fault::None);
    let lab = Lab::new(store.clone());
    let (access, _) = lab.tokens(&[]).await;
    let (tokens, (release, held)) = (lab.server.tokens(), tokio::sync::oneshot::channel());
    // Begun, and as far as it gets by itself.
    let begun = async || {
        let (tokens, access, site) = (tokens.clone(), access.clone(), lab.site.clone());
        let task = tokio::spawn(async move {
            let presented = Presented::new(&access, BASE, &site);
            tokens.validate(presented).await.map(drop)
        });
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        [task]
    };
    *store.hold.lock().unwrap() = Some(held);
    let [before] = begun().await;
    assert!(store.hold.lock().unwrap().is_none(), "the store was asked");
    assert_eq!(lab.post("/revoke", &[("token", &access)]).await.status, 200);
    let [after] = begun().await;
    assert!(!before.is_finished() && !after.is_finished());
    release.send(()).unwrap();
    assert!(matches!(after.await.unwrap(), Err(AuthError::Unknown)));
    let [last] = begun().await;
    assert!(matches!(last.await.unwrap(), Err(AuthError::Unknown)));
}

#[tokio::test]
async fn what_is_remembered_is_bounded() {
    let store = store().await;
    let many: Vec<_> = (0..500).map(|turn| token(&format!("t{turn}"), "m", TokenKind::Access, NOW + 60)).collect();
    for (turn, token) in many.into_iter().enumerate() {
        let id = format!("m{turn}");
        store.put_grant(grant(&id, "anna"), vec![Token { grant: id.clone(), ..token }]).await.unwrap();
    }
    let tokens = tokens(&store).cache(2, Duration::from_secs(3600));
    for _ in 0..2 {
        for turn in 0..500 {
            validate(&tokens, &format!("t{turn}")).await.unwrap();
        }
    }
    let asked = store.finds.load(Ordering::SeqCst);
    assert!(asked > 900, "more is remembered than there is room for: asked {asked} times of 1000");
}
