//! What every [`TokenStore`] must do, as tests for stores of your own.
//!
//! They take two handles of one store: clones, or better what two processes would have, with
//! connections of their own. Run them on a store that nobody else uses, since they sweep it.
//!
//! ```
//! use onec_mcp::auth::store::{MemoryStore, contract};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), contract::Broken> {
//! let store = MemoryStore::new();
//! contract::all(&store, &store.clone()).await
//! # }
//! ```

use super::{Client, Exchange, Found, Grant, Kind, StoreError, Token, TokenStore};
use crate::auth::{Digest, Timestamp};
use crate::identity::Scopes;
use std::fmt;
use tokio::task::JoinSet;
use uuid::Uuid;

/// A promise that a store does not keep.
#[derive(Debug)]
pub struct Broken {
    /// The promise, in words.
    pub rule: &'static str,
    /// What was seen instead.
    pub detail: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule, self.detail)
    }
}

impl std::error::Error for Broken {}

/// All of the tests below, one after the other.
///
/// # Errors
/// The first promise that is broken.
pub async fn all<S: TokenStore>(first: &S, second: &S) -> Result<(), Broken> {
    clients_are_kept(first, second).await?;
    any_text_survives(first, second).await?;
    tokens_are_found(first, second).await?;
    an_exchange_is_whole(first, second).await?;
    what_has_expired_is_gone(first, second).await?;
    one_exchange_wins(first, second).await?;
    a_replay_revokes(first, second).await?;
    a_revocation_ends_all(first, second).await?;
    a_revocation_beats_an_exchange(first, second).await?;
    a_sweep_forgets(first, second).await
}

/// The time in these tests, far from the real one.
const NOW: Timestamp = 1_000_000;
const LATER: Timestamp = NOW + 3600;

fn unique(prefix: &str) -> String {
    format!("{prefix}{}", Uuid::new_v4())
}

fn new_grant(subject: &str) -> Grant {
    Grant {
        id: unique("grant-"),
        client: unique("client-"),
        subject: subject.to_owned(),
        scopes: Scopes::parse("mcp offline_access"),
        resource: "https://host.example/mcp".to_owned(),
        created: NOW,
    }
}

fn new_token(grant: &Grant, kind: Kind) -> Token {
    let scopes = Scopes::parse("mcp");
    let digest = Digest::of(&unique("token-"));
    Token { digest, grant: grant.id.clone(), kind, scopes, sealed: Some(vec![0, 1, 255]), expires: LATER }
}

fn new_code(grant: &Grant) -> Token {
    new_token(grant, Kind::Code { redirect_uri: None, challenge: "challenge".to_owned() })
}

fn new_pair(grant: &Grant) -> [Token; 2] {
    [new_token(grant, Kind::Access), new_token(grant, Kind::Refresh)]
}

/// `Ok`, or the rule with what was seen.
fn hold(rule: &'static str, holds: bool, seen: &impl fmt::Debug) -> Result<(), Broken> {
    if holds { Ok(()) } else { Err(Broken { rule, detail: format!("{seen:?}") }) }
}

fn same<T: PartialEq + fmt::Debug>(rule: &'static str, seen: &T, wanted: &T) -> Result<(), Broken> {
    if seen == wanted { Ok(()) } else { Err(Broken { rule, detail: format!("{seen:?} instead of {wanted:?}") }) }
}

fn answered<T>(result: Result<T, StoreError>) -> Result<T, Broken> {
    result.map_err(|error| Broken { rule: "a store that is up answers", detail: format!("{error:?}") })
}

async fn none_is_found<S: TokenStore>(rule: &'static str, store: &S, tokens: &[Token]) -> Result<(), Broken> {
    for token in tokens {
        same(rule, &answered(store.find(&token.digest).await)?, &None)?;
    }
    Ok(())
}

/// A client is found as it was put, by its exact id; one of the same id replaces it.
///
/// # Errors
/// The promise that is broken.
pub async fn clients_are_kept<S: TokenStore>(first: &S, second: &S) -> Result<(), Broken> {
    const RULE: &str = "a client is found as it was put last";
    let id = unique("client-");
    let nobody = answered(second.client(&id).await)?;
    same("a client that never registered is not found", &nobody, &None)?;
    let mut client = Client {
        id: id.clone(),
        name: Some("Курсор <b>\"'\\ \u{0} 🦀".to_owned()),
        redirect_uris: vec![
            "cursor://anysphere.cursor-mcp/oauth/callback".to_owned(),
            "http://[::1]:0/?a=b,c;d|\"e\"\u{0}\\n".to_owned(),
            "https://host.example/\u{202e}обратно".to_owned(),
            String::new(),
        ],
        registered: NOW,
    };
    answered(first.put_client(client.clone()).await)?;
    same(RULE, &answered(second.client(&id).await)?, &Some(client.clone()))?;
    client = Client { name: None, redirect_uris: Vec::new(), registered: NOW + 1, ..client };
    answered(second.put_client(client.clone()).await)?;
    same(RULE, &answered(first.client(&id).await)?, &Some(client))?;
    for other in [id.to_uppercase(), format!("{id} "), format!("{id}\0"), format!("{id}%"), String::new()] {
        same("a client is found by its exact id", &answered(first.client(&other).await)?, &None)?;
    }
    Ok(())
}

/// Whatever a user or client is called, and wherever users are sent back to, comes back as it was.
///
/// # Errors
/// The promise that is broken.
pub async fn any_text_survives<S: TokenStore>(first: &S, second: &S) -> Result<(), Broken> {
    const RULE: &str = "a grant and its tokens are found as they were put";
    for text in ["onec:Иван Петров", "o'Brien\"; --", "%_\\", "e\u{301} 🦀 \u{202e}", "a\r\n\tb", ""] {
        let mut grant = new_grant(text);
        grant.client = format!("https://client.example/{text}{}", grant.client);
        grant.scopes = Scopes::default();
        let kind = Kind::Code { redirect_uri: Some(format!("app:/{text}")), challenge: text.to_owned() };
        let mut token = Token { scopes: Scopes::default(), sealed: None, ..new_token(&grant, kind) };
        if text.is_empty() {
            (token.sealed, token.expires) = (Some(Vec::new()), Timestamp::MAX);
        }
        answered(first.put_grant(grant.clone(), vec![token.clone()]).await)?;
        let found = answered(second.find(&token.digest).await)?;
        same(RULE, &found, &Some(Found { token, grant, used: false }))?;
    }
    Ok(())
}

/// Codes and tokens are found, also after they have expired; nothing else is.
///
/// # Errors
/// The promise that is broken.
pub async fn tokens_are_found<S: TokenStore>(first: &S, second: &S) -> Result<(), Broken> {
    let grant = new_grant("anna");
    let mut tokens = new_pair(&grant).to_vec();
    tokens.push(new_code(&grant));
    tokens.push(Token { expires: -1, ..new_token(&grant, Kind::Refresh) });
    answered(first.put_grant(grant.clone(), tokens.to_vec()).await)?;
    for token in tokens {
        let found = answered(second.find(&token.digest).await)?;
        let wanted = Some(Found { token, grant: grant.clone(), used: false });
        same("what a grant came with is found, expired or not", &found, &wanted)?;
    }
    none_is_found("what was never put is not found", second, &[new_code(&grant)]).await?;
    let stray = new_code(&new_grant("anna"));
    let refused = first.put_grant(new_grant("anna"), vec![stray.clone()]).await;
    hold("a token of another grant is refused", refused.is_err(), &refused)?;
    none_is_found("a grant that was refused leaves nothing", second, &[stray]).await
}

/// Successors count from the exchange on, and either both steps happen or none.
///
/// # Errors
/// The promise that is broken.
pub async fn an_exchange_is_whole<S: TokenStore>(first: &S, second: &S) -> Result<(), Broken> {
    let grant = new_grant("boris");
    let (code, successors) = (new_code(&grant), new_pair(&grant));
    answered(first.put_grant(grant.clone(), vec![code.clone()]).await)?;

    let clash = new_pair(&grant);
    let known = Token { digest: code.digest, ..new_code(&grant) };
    let refused = first.exchange(&code.digest, [&clash[..], &[known]].concat(), NOW).await;
    hold("a successor that exists is refused", refused.is_err(), &refused)?;
    let foreign = new_pair(&new_grant("boris"));
    let refused = first.exchange(&code.digest, foreign.to_vec(), NOW).await;
    hold("a successor of another grant is refused", refused.is_err(), &refused)?;
    none_is_found("an exchange that failed leaves nothing", second, &[clash, foreign.clone()].concat()).await?;
    let found = answered(second.find(&code.digest).await)?;
    let unused = found.as_ref().is_some_and(|found| !found.used);
    hold("an exchange that failed uses nothing up", unused, &found)?;

    let exchange = answered(second.exchange(&code.digest, successors.to_vec(), NOW).await)?;
    same("a code can be exchanged", &exchange, &Exchange::Done)?;
    for token in successors {
        let wanted = Some(Found { token: token.clone(), grant: grant.clone(), used: false });
        same("successors are found", &answered(first.find(&token.digest).await)?, &wanted)?;
    }
    let found = answered(first.find(&code.digest).await)?;
    let used = found.as_ref().is_some_and(|found| found.used);
    hold("what was exchanged is found as used", used, &found)
}

/// What has expired, or is an access token, or unknown, cannot be exchanged; and nobody is
/// punished for trying.
///
/// # Errors
/// The promise that is broken.
pub async fn what_has_expired_is_gone<S: TokenStore>(first: &S, second: &S) -> Result<(), Broken> {
    const RULE: &str = "what has expired, is unknown or an access token cannot be exchanged";
    let grant = new_grant("vera");
    let (code, access) = (new_code(&grant), new_token(&grant, Kind::Access));
    answered(first.put_grant(grant.clone(), vec![code.clone(), access.clone()]).await)?;
    for (digest, now) in [(code.digest, LATER), (access.digest, NOW), (new_code(&grant).digest, NOW)] {
        let successors = new_pair(&grant);
        same(RULE, &answered(first.exchange(&digest, successors.to_vec(), now).await)?, &Exchange::Gone)?;
        none_is_found("an exchange that failed leaves nothing", second, &successors).await?;
    }
    let exchange = answered(second.exchange(&code.digest, new_pair(&grant).into(), LATER - 1).await)?;
    same("what expires in a second can be exchanged", &exchange, &Exchange::Done)
}

/// Of a hundred exchanges of one code at the same time exactly one wins. The losers have shown that
/// the code leaked: the grant is revoked, and what the winner got with it.
///
/// # Errors
/// The promise that is broken.
pub async fn one_exchange_wins<S: TokenStore>(first: &S, second: &S) -> Result<(), Broken> {
    let grant = new_grant("galina");
    let code = new_code(&grant);
    answered(first.put_grant(grant.clone(), vec![code.clone()]).await)?;
    let mut tasks = JoinSet::new();
    let mut all = vec![code.clone()];
    for turn in 0..100 {
        let store = if turn % 2 == 0 { first.clone() } else { second.clone() };
        let successors = new_pair(&grant);
        all.extend(successors.clone());
        tasks.spawn(async move { store.exchange(&code.digest, successors.into(), NOW).await });
    }
    let ended = tasks.join_all().await.into_iter().collect::<Result<Vec<_>, _>>();
    let ended = answered(ended)?;
    let count = |kind| ended.iter().filter(|end| **end == kind).count();
    same("of a hundred exchanges of one code exactly one wins", &count(Exchange::Done), &1)?;
    hold("a loser revokes the grant", count(Exchange::Replayed) >= 1, &ended)?;
    none_is_found("a grant that was revoked leaves nothing", first, &all).await?;
    none_is_found("a grant that was revoked leaves nothing", second, &all).await
}

/// Using a code or refresh token a second time, at any time, revokes all that came of it, and
/// nothing else.
///
/// # Errors
/// The promise that is broken.
pub async fn a_replay_revokes<S: TokenStore>(first: &S, second: &S) -> Result<(), Broken> {
    for (again, now) in [(0, NOW), (1, NOW + 2), (0, LATER + 1)] {
        let (grant, other) = (new_grant("dmitri"), new_grant("dmitri"));
        let (code, bystander) = (new_code(&grant), new_token(&other, Kind::Access));
        answered(first.put_grant(grant.clone(), vec![code.clone()]).await)?;
        answered(first.put_grant(other, vec![bystander.clone()]).await)?;
        let (one, two) = (new_pair(&grant), new_pair(&grant));
        let refresh = one[1].digest;
        answered(first.exchange(&code.digest, one.to_vec(), NOW).await)?;
        answered(second.exchange(&refresh, two.to_vec(), NOW + 1).await)?;
        let digest = if again == 0 { code.digest } else { refresh };
        let replay = answered(second.exchange(&digest, new_pair(&grant).into(), now).await)?;
        same("a second use is told", &replay, &Exchange::Replayed)?;
        none_is_found("a replay revokes the family", first, &[&[code][..], &one, &two].concat()).await?;
        let found = answered(first.find(&bystander.digest).await)?;
        hold("a replay leaves other grants alone", found.is_some(), &found)?;
    }
    Ok(())
}

/// What is revoked is gone at once, with all that hangs on it; doing so twice is no error.
///
/// # Errors
/// The promise that is broken.
pub async fn a_revocation_ends_all<S: TokenStore>(first: &S, second: &S) -> Result<(), Broken> {
    let (subject, namesake) = (unique("егор-"), unique("егор-"));
    let (one, two, other) = (new_grant(&subject), new_grant(&subject), new_grant(&namesake));
    let (ones, twos, others) = (new_pair(&one), new_pair(&two), new_pair(&other));
    for (grant, tokens) in [(&one, &ones), (&two, &twos), (&other, &others)] {
        answered(first.put_grant(grant.clone(), tokens.to_vec()).await)?;
    }
    let [access, refresh] = ones;
    for store in [first, second] {
        answered(store.revoke_token(&access.digest).await)?;
        none_is_found("a token that was revoked is gone", second, std::slice::from_ref(&access)).await?;
    }
    let found = answered(second.find(&refresh.digest).await)?;
    hold("revoking a token leaves its grant alone", found.is_some(), &found)?;
    for store in [first, second] {
        answered(store.revoke_grant(&two.id).await)?;
        answered(store.revoke_grant("grant-that-never-was\0").await)?;
        none_is_found("a grant that was revoked leaves nothing", second, &twos).await?;
    }
    let found = answered(second.find(&others[0].digest).await)?;
    hold("revoking a grant leaves others alone", found.is_some(), &found)?;
    for store in [first, second] {
        answered(store.revoke_subject(&subject).await)?;
        answered(store.revoke_subject("nobody\0").await)?;
        none_is_found("revoking a user revokes all grants", second, std::slice::from_ref(&refresh)).await?;
    }
    let found = answered(second.find(&others[0].digest).await)?;
    hold("revoking a user leaves others alone", found.is_some(), &found)?;
    let gone = answered(second.exchange(&twos[1].digest, new_pair(&two).into(), NOW).await)?;
    same("what was revoked cannot be exchanged", &gone, &Exchange::Gone)
}

/// A grant that is revoked while its tokens are exchanged leaves nothing, whoever comes first.
///
/// # Errors
/// The promise that is broken.
pub async fn a_revocation_beats_an_exchange<S: TokenStore>(first: &S, second: &S) -> Result<(), Broken> {
    for round in 0..40 {
        let grant = new_grant(&unique("жанна-"));
        let (code, successors) = (new_code(&grant), new_pair(&grant));
        answered(first.put_grant(grant.clone(), vec![code.clone()]).await)?;
        let (store, tokens, digest) = (first.clone(), successors.to_vec(), code.digest);
        let exchange = tokio::spawn(async move { store.exchange(&digest, tokens, NOW).await });
        if round % 4 == 3 {
            tokio::task::yield_now().await;
        }
        answered(match round % 2 {
            0 => second.revoke_grant(&grant.id).await,
            _ => second.revoke_subject(&grant.subject).await,
        })?;
        let ended = exchange.await.unwrap_or_else(|error| Err(StoreError::new(error)));
        let ended = answered(ended)?;
        let plain = matches!(ended, Exchange::Done | Exchange::Gone);
        hold("an exchange during a revocation is done or gone", plain, &ended)?;
        let rule = "a grant that is revoked during an exchange leaves nothing";
        none_is_found(rule, first, &[&[code][..], &successors].concat()).await?;
    }
    Ok(())
}

/// A sweep forgets what has expired, grants without tokens and idle clients; nothing else, and says
/// how many rows went.
///
/// # Errors
/// The promise that is broken.
pub async fn a_sweep_forgets<S: TokenStore>(first: &S, second: &S) -> Result<(), Broken> {
    let client = |registered| Client { id: unique("client-"), name: None, redirect_uris: Vec::new(), registered };
    // After everything that earlier tests have left.
    let now = LATER + 10_000;
    let idle = 1000;
    answered(first.sweep(now, idle).await)?;

    let (busy, unused, new) = (client(now - 2 * idle), client(now - 2 * idle), client(now));
    let (kept, dead) = (new_grant("зоя"), new_grant("зоя"));
    let kept = Grant { client: busy.id.clone(), ..kept };
    let alive = Token { expires: now + 1, ..new_token(&kept, Kind::Refresh) };
    let expired =
        [Token { expires: now - 1, ..new_token(&kept, Kind::Access) }, Token { expires: now - 1, ..new_code(&dead) }];
    for client in [&busy, &unused, &new] {
        answered(first.put_client(client.clone()).await)?;
    }
    answered(first.put_grant(kept, vec![alive.clone(), expired[0].clone()]).await)?;
    answered(first.put_grant(dead.clone(), vec![expired[1].clone()]).await)?;

    let gone = answered(second.sweep(now, idle).await)?;
    same("a sweep counts two tokens, a grant and a client", &gone, &4)?;
    none_is_found("a sweep forgets what has expired", first, &expired).await?;
    let found = answered(first.find(&alive.digest).await)?;
    hold("a sweep leaves what counts", found.is_some(), &found)?;
    for (client, kept) in [(&busy, true), (&unused, false), (&new, true)] {
        let found = answered(first.client(&client.id).await)?;
        hold("a sweep forgets idle clients that have no grant, and no others", found.is_some() == kept, &found)?;
    }
    same("a second sweep finds nothing", &answered(first.sweep(now, idle).await)?, &0)?;
    answered(first.put_grant(dead.clone(), vec![new_code(&dead)]).await)
        .map_err(|broken| Broken { rule: "a sweep forgets grants that have no tokens left", ..broken })
}
