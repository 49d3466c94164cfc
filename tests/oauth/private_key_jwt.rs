//! Clients that prove who they are by a signed assertion, with the keys that their metadata document
//! names (RFC 7523, RFC 7521, OpenID Connect Core, section 9).

use crate::fixtures::signer::{Signer, claims, text, unsigned};
use crate::fixtures::tls_host::{Host, Reply};
use crate::support::oauth::{self, Answer, CALLBACK, Lab, Params, VERIFIER, pair, posting};
use crate::support::oauth_invariants as invariants;
use onec_mcp::auth::store::MemoryStore;
use onec_mcp::fuzzing::oauth as fuzzing;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const NOW: i64 = 1_800_000_000;
const TYPE: (&str, &str) = ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");

/// The site of a client: its document at `/client`, its keys at `/keys`. Both may change.
struct Site {
    host: Host,
    document: Arc<Mutex<Option<Value>>>,
    keys: Arc<Mutex<Option<Value>>>,
}

impl Site {
    async fn start(document: Value, keys: Value) -> Self {
        let (document, keys) = (Arc::new(Mutex::new(Some(document))), Arc::new(Mutex::new(Some(keys))));
        let (served, public) = (Arc::clone(&document), Arc::clone(&keys));
        let host = Host::start(move |own, path| {
            let found = match path {
                "/keys" => public.lock().unwrap().clone(),
                _ => served.lock().unwrap().clone().map(|mut document| {
                    document["client_id"] = format!("{own}{path}").into();
                    if document["jwks_uri"] == "/keys" {
                        document["jwks_uri"] = format!("{own}/keys").into();
                    }
                    document
                }),
            };
            // Nothing is remembered but what must be.
            let headers = "cache-control: no-store\r\n";
            found.map_or(Reply::new("503 Busy", "", ""), |found| Reply::json(headers, &found.to_string()))
        });
        Self { host: host.await, document, keys }
    }

    /// Of a client that signs with this key, and says so.
    async fn of(signer: &Signer) -> Self {
        Self::start(document(json!({"token_endpoint_auth_method": "private_key_jwt"})), signer.jwks("1")).await
    }

    fn client(&self) -> String {
        self.host.url("/client")
    }

    fn lab(&self) -> Lab {
        self.lab_on(MemoryStore::new())
    }

    fn lab_on(&self, store: MemoryStore) -> Lab {
        Lab::new(store).with(|server| server.client_metadata(self.host.metadata()))
    }

    fn keys_were_fetched(&self) -> usize {
        self.host.seen().iter().filter(|head| head.starts_with("GET /keys")).count()
    }
}

fn document(more: Value) -> Value {
    let mut document = json!({"client_name": "Чат", "redirect_uris": [CALLBACK], "jwks_uri": "/keys"});
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    document
}

async fn redeem(lab: &Lab, code: &str, assertion: &str) -> Answer {
    lab.redeem(code, &[("client_assertion", assertion), TYPE]).await
}

async fn refresh(lab: &Lab, token: &str, assertion: &str) -> Answer {
    lab.refresh(token, &[("client_assertion", assertion), TYPE]).await
}

async fn revoke(lab: &Lab, token: &str, assertion: &str) -> Answer {
    lab.post("/revoke", &[("token", token), ("client_assertion", assertion), TYPE]).await
}

/// RFC 7523, sections 2.2 and 3: code, refresh and revocation.
#[tokio::test]
async fn each_algorithm_proves_a_client() {
    for signer in [Signer::rs256(), Signer::ps256(), Signer::es256(), Signer::eddsa()] {
        for inline in [false, true] {
            let site = Site::of(&signer).await;
            if inline {
                let mut document = document(json!({"token_endpoint_auth_method": "private_key_jwt"}));
                (document["jwks"], document["jwks_uri"]) = (signer.jwks("1"), Value::Null);
                *site.document.lock().unwrap() = Some(document);
            }
            let (lab, client) = (site.lab(), site.client());
            let code = lab.code(&Params::of(&client)).await;
            let (access, token) = pair(&redeem(&lab, &code, &signer.assertion(&client, NOW)).await);
            assert_eq!(lab.who(&access).await.unwrap().client(), Some(client.as_str()));
            let (access, token) = pair(&refresh(&lab, &token, &signer.assertion(&client, NOW)).await);
            assert_eq!(revoke(&lab, &token, &signer.assertion(&client, NOW)).await.status, 200);
            assert!(lab.who(&access).await.is_err(), "{}", signer.algorithm());
            assert_eq!(site.keys_were_fetched(), usize::from(!inline), "keys are remembered");
        }
    }
}

/// RFC 6749, sections 3.2.1 and 5.2; RFC 7009, section 2.1; RFC 7523, section 3.2: a client that says it
/// proves itself gets nothing without that, and loses nothing either.
#[tokio::test]
async fn nothing_without_an_assertion() {
    let signer = Signer::es256();
    let site = Site::of(&signer).await;
    let (lab, client) = (site.lab(), site.client());
    let code = lab.code(&Params::of(&client)).await;
    let named: &[(&str, &str)] = &[("client_id", &client)];
    for form in [&[][..], named, &[("client_id", &client), ("client_assertion", "")]] {
        lab.redeem(&code, form).await.assert_error(401, "invalid_client");
    }
    let (access, token) = pair(&redeem(&lab, &code, &signer.assertion(&client, NOW)).await);
    for form in [&[][..], named] {
        lab.refresh(&token, form).await.assert_error(401, "invalid_client");
        for token in [&access, &token] {
            let form = [&[("token", token.as_str())], form].concat();
            lab.post("/revoke", &form).await.assert_error(401, "invalid_client");
        }
    }
    assert!(lab.who(&access).await.is_ok(), "nobody else can take it away");
    let password = [("grant_type", "password"), ("username", "Иванов"), ("password", "п:а%роль")];
    let password = [&password[..], named].concat();
    lab.post("/token", &password).await.assert_error(401, "invalid_client");
    let assertion = signer.assertion(&client, NOW);
    let proven = [&password[..], &[("client_assertion", &assertion), TYPE]].concat();
    assert_eq!(pair(&lab.post("/token", &proven).await).0.len(), access.len());
    pair(&refresh(&lab, &token, &signer.assertion(&client, NOW)).await);
}

/// RFC 7523, section 3, rule 7: once, at whichever replica, as long as it could count.
#[tokio::test]
async fn an_assertion_counts_once() {
    let signer = Signer::eddsa();
    let site = Site::of(&signer).await;
    let store = MemoryStore::new();
    let (one, two, client) = (site.lab_on(store.clone()), site.lab_on(store), site.client());
    let assertion = signer.assertion(&client, NOW);
    let code = one.code(&Params::of(&client)).await;
    let (_, token) = pair(&redeem(&one, &code, &assertion).await);
    for lab in [&one, &two] {
        refresh(lab, &token, &assertion).await.assert_error(401, "invalid_client");
        revoke(lab, &token, &assertion).await.assert_error(401, "invalid_client");
    }
    one.pass(100);
    assert!(one.server.sweep().await.is_ok());
    refresh(&one, &token, &assertion).await.assert_error(401, "invalid_client");
    pair(&refresh(&two, &token, &signer.assertion(&client, NOW)).await);
}

/// RFC 7523, section 3; RFC 7521, section 5.2: what an assertion must say, and what it may.
#[tokio::test]
async fn assertions_that_count() {
    let signer = Signer::es256();
    let site = Site::of(&signer).await;
    let (lab, client) = (site.lab(), site.client());
    let header = json!({"alg": "ES256", "kid": "1"});
    for (name, value) in [
        ("aud", json!("https://mcp.example/token")),
        ("aud", json!("https://mcp.example/oauth/token")),
        ("aud", json!("https://mcp.example/")),
        ("aud", json!(["https://other.example", "https://mcp.example"])),
        ("exp", json!(NOW + 600)),
        ("exp", json!(NOW as f64 + 30.5)),
        // Clocks differ.
        ("exp", json!(NOW - 30)),
        ("iat", json!(NOW + 30)),
        ("iat", Value::Null),
        ("nbf", json!(NOW - 5)),
        ("more", json!({"x": [1]})),
    ] {
        let mut claims = claims(&client, NOW);
        claims[name] = value;
        if name == "exp" {
            claims["iat"] = json!(NOW - 60);
        }
        let code = lab.code(&Params::of(&client)).await;
        let answer = redeem(&lab, &code, &signer.jwt(&header, &claims)).await;
        assert_eq!(answer.status, 200, "{name} {}: {}", claims[name], answer.body);
    }
    for header in [json!({"alg": "ES256"}), json!({"alg": "ES256", "kid": "1", "typ": "client-authentication+jwt"})] {
        let code = lab.code(&Params::of(&client)).await;
        let answer = redeem(&lab, &code, &signer.jwt(&header, &claims(&client, NOW))).await;
        assert_eq!(answer.status, 200, "{header}: {}", answer.body);
    }
}

/// RFC 7523, sections 3 and 3.2; RFC 7515, section 4.1.11; RFC 8725, section 3: anything else is
/// `invalid_client`.
#[tokio::test]
async fn assertions_that_prove_nothing() {
    let (signer, thief) = (Signer::es256(), Signer::es256());
    let site = Site::of(&signer).await;
    let (lab, client) = (site.lab(), site.client());
    let code = lab.code(&Params::of(&client)).await;
    let header = json!({"alg": "ES256", "kid": "1"});
    let mut bad = Vec::new();
    for (name, value) in [
        ("iss", json!("https://other.example/client")),
        ("sub", json!("onec:Иванов")),
        ("iss", Value::Null),
        ("sub", Value::Null),
        ("aud", json!("https://other.example")),
        ("aud", json!("https://mcp.example/mcp")),
        ("aud", json!("https://mcp.example.evil.example")),
        ("aud", json!(["https://other.example"])),
        ("aud", json!([])),
        ("aud", Value::Null),
        ("exp", Value::Null),
        ("exp", json!("soon")),
        ("exp", json!(NOW - 61)),
        ("exp", json!(NOW + 3600)),
        ("exp", json!(1e300)),
        ("exp", json!(-1e300)),
        ("nbf", json!(NOW + 120)),
        ("iat", json!(NOW + 120)),
        ("iat", json!("today")),
        ("jti", Value::Null),
        ("jti", json!("")),
        ("jti", json!(7)),
        ("jti", json!("x".repeat(256))),
    ] {
        let mut claims = claims(&client, NOW);
        claims[name] = value;
        bad.push(signer.jwt(&header, &claims));
    }
    let good = claims(&client, NOW);
    for header in [
        json!({"alg": "ES256", "kid": "2"}),
        json!({"alg": "RS256", "kid": "1"}),
        json!({"alg": "EdDSA", "kid": "1"}),
        json!({"alg": "ES384", "kid": "1"}),
        json!({"alg": "HS256", "kid": "1"}),
        json!({"alg": "none"}),
        json!({"alg": "es256", "kid": "1"}),
        json!({"kid": "1"}),
        json!({"alg": "ES256", "kid": "1", "crit": ["exp"], "exp": 1}),
        json!({"alg": "ES256", "kid": "1", "crit": ["b64"], "b64": false}),
        json!({"alg": "ES256", "kid": "1", "typ": "at+jwt"}),
        // Its own key comes along: only published ones count.
        json!({"alg": "ES256", "jwk": thief.jwk("1")}),
    ] {
        let own = header["jwk"].is_object();
        bad.push(if own { thief.jwt(&header, &good) } else { signer.jwt(&header, &good) });
    }
    bad.push(thief.jwt(&header, &good));
    let none = unsigned(&json!({"alg": "none"}), &good);
    bad.extend([none.clone(), format!("{none}."), String::from("x.y.z"), "..".to_owned(), "x".repeat(9000)]);
    // The public key as a shared secret.
    let keyed = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, signer.jwk("1").to_string().as_bytes());
    let message = unsigned(&json!({"alg": "HS256", "kid": "1"}), &good);
    bad.push(format!("{message}.{}", text(ring::hmac::sign(&keyed, message.as_bytes()).as_ref())));
    let whole = signer.jwt(&header, &good);
    let (message, signature) = whole.rsplit_once('.').unwrap();
    bad.push(format!("{}.{signature}", unsigned(&header, &claims(&client, NOW))));
    bad.push(format!("{message}.{}", text(&[0; 64])));
    bad.push(format!("{message}."));
    for assertion in &bad {
        let answer = redeem(&lab, &code, assertion).await;
        // Of another client it is not even the right grant.
        let other = answer.status == 400 && answer.json()["error"] == "invalid_grant";
        assert!(other || answer.status == 401, "{assertion}: {}", answer.body);
        if !other {
            answer.assert_error(401, "invalid_client");
        }
    }
    for more in [
        vec![("client_assertion", whole.as_str())],
        vec![
            ("client_assertion", &whole),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"),
        ],
        vec![("client_assertion", &whole), TYPE, ("client_id", "https://other.example/c")],
        vec![("client_assertion", &whole), TYPE, ("client_secret", "s")],
    ] {
        lab.redeem(&code, &more).await.assert_error(401, "invalid_client");
    }
    lab.redeem(&code, &[TYPE]).await.assert_error(400, "invalid_request");
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("code_verifier", VERIFIER),
        ("client_assertion", &whole),
        TYPE,
    ];
    let basic = posting("/token").header("authorization", "Basic Y2xpZW50Og==").body(oauth::encoded(&form)).unwrap();
    lab.call(basic).await.assert_error(400, "invalid_request");
    // Nothing of that has used up the code, or the assertion.
    pair(&redeem(&lab, &code, &whole).await);
}

/// Keys change: one that is not known yet is looked for once, and strangers cannot make that often.
#[tokio::test]
async fn keys_are_fetched_anew_once() {
    let (old, new) = (Signer::es256(), Signer::eddsa());
    let site = Site::of(&old).await;
    let (lab, client) = (site.lab(), site.client());
    let code = lab.code(&Params::of(&client)).await;
    let (_, mut token) = pair(&redeem(&lab, &code, &old.assertion(&client, NOW)).await);
    let changed =
        |signer: &Signer, id: &str| signer.jwt(&json!({"alg": signer.algorithm(), "kid": id}), &claims(&client, NOW));
    *site.keys.lock().unwrap() = Some(new.jwks("2"));
    (_, token) = pair(&refresh(&lab, &token, &changed(&new, "2")).await);
    assert_eq!(site.keys_were_fetched(), 2);
    for stranger in 0..5 {
        refresh(&lab, &token, &changed(&old, &stranger.to_string())).await.assert_error(401, "invalid_client");
    }
    assert_eq!(site.keys_were_fetched(), 2);
    pair(&refresh(&lab, &token, &changed(&new, "2")).await);
}

/// RFC 7591, section 2, and the list that counts instead: a client that can do both chooses. One that
/// chooses to prove itself has to.
#[tokio::test]
async fn a_client_that_can_do_both() {
    let signer = Signer::rs256();
    let both = json!({
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
        "token_endpoint_auth_signing_alg": "RS256",
    });
    let site = Site::start(document(both), signer.jwks("1")).await;
    let (lab, client) = (site.lab(), site.client());
    let code = async || lab.code(&Params::of(&client)).await;
    let (_, token) = pair(&lab.redeem(&code().await, &[("client_id", &client)]).await);
    pair(&refresh(&lab, &token, &signer.assertion(&client, NOW)).await);
    pair(&redeem(&lab, &code().await, &signer.assertion(&client, NOW)).await);
    let other = Signer::es256();
    redeem(&lab, &code().await, &other.assertion(&client, NOW)).await.assert_error(401, "invalid_client");
    // Its document says RS256 only.
    let pss = Signer::ps256();
    redeem(&lab, &code().await, &pss.assertion(&client, NOW)).await.assert_error(401, "invalid_client");
}

/// A client whose ways are none of ours learns it before the login, and from the page why.
#[tokio::test]
async fn a_client_that_cannot_be_let_in() {
    let site = Site::of(&Signer::es256()).await;
    let (lab, client) = (site.lab(), site.client());
    for (method, named) in [
        ("tls_client_auth", "tls_client_auth"),
        ("self_signed_tls_client_auth", "self_signed_tls_client_auth"),
        ("client_secret_basic", "client_secret_basic"),
        ("client_secret_post", "client_secret_post"),
        ("client_secret_jwt", "client_secret_jwt"),
        ("call 555-1234", "none and private_key_jwt"),
    ] {
        *site.document.lock().unwrap() = Some(document(json!({"token_endpoint_auth_method": method})));
        let request = Params::of(&client);
        let page = lab.authorize(&request).await;
        page.assert_page(400);
        assert!(page.body.contains(named) && !page.body.contains("555"), "{}", page.body);
        assert!(page.body.contains("This application cannot be let in"), "{}", page.body);
        lab.log_in(&request).await.assert_page(400);
    }
}

/// What a stranger names as the place of his keys is fetched with the same care as his document; private
/// keys prove nothing.
#[tokio::test]
async fn keys_from_elsewhere() {
    let signer = Signer::es256();
    let site = Site::of(&signer).await;
    let (lab, client) = (site.lab(), site.client());
    let code = lab.code(&Params::of(&client)).await;
    for place in ["https://10.0.0.1/keys", "https://[fd00::1]/keys", "https://169.254.169.254/latest"] {
        let method = json!({"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": place});
        *site.document.lock().unwrap() = Some(document(method));
        let answer = redeem(&lab, &code, &signer.assertion(&client, NOW)).await;
        answer.assert_error(503, "temporarily_unavailable");
        assert!(!answer.body.contains("10.0") && !answer.body.contains("public"), "{}", answer.body);
    }
    *site.document.lock().unwrap() = Some(document(json!({"token_endpoint_auth_method": "private_key_jwt"})));
    let mut private = signer.jwk("1");
    private["d"] = json!("AQ");
    *site.keys.lock().unwrap() = Some(json!({"keys": [private]}));
    redeem(&lab, &code, &signer.assertion(&client, NOW)).await.assert_error(401, "invalid_client");
    *site.keys.lock().unwrap() = Some(signer.jwks("1"));
    pair(&redeem(&lab, &code, &signer.assertion(&client, NOW)).await);
}

/// Sites of clients are down at times. Who has to prove himself waits, and keeps his tokens; who need not
/// goes on. What a document says anew counts for old logins too.
#[tokio::test]
async fn a_site_that_is_down() {
    let signer = Signer::es256();
    let site = Site::of(&signer).await;
    let (lab, client) = (site.lab(), site.client());
    let code = lab.code(&Params::of(&client)).await;
    let (_, proving) = pair(&redeem(&lab, &code, &signer.assertion(&client, NOW)).await);
    let strict = site.document.lock().unwrap().take();
    for form in [&[][..], &[("client_assertion", signer.assertion(&client, NOW).as_str()), TYPE]] {
        lab.refresh(&proving, form).await.assert_error(503, "temporarily_unavailable");
    }
    *site.document.lock().unwrap() = Some(document(json!({"token_endpoint_auth_method": "none"})));
    let code = lab.code(&Params::of(&client)).await;
    let (_, public) = pair(&lab.redeem(&code, &[]).await);
    *site.document.lock().unwrap() = None;
    let (_, public) = pair(&lab.refresh(&public, &[]).await);
    *site.document.lock().unwrap() = strict;
    lab.refresh(&public, &[]).await.assert_error(401, "invalid_client");
    pair(&refresh(&lab, &public, &signer.assertion(&client, NOW)).await);
    pair(&refresh(&lab, &proving, &signer.assertion(&client, NOW)).await);
    // Where a password is sent nobody knows from a login what its client has to prove.
    let password =
        [("grant_type", "password"), ("username", "Иванов"), ("password", "п:а%роль"), ("client_id", &client)];
    let assertion = signer.assertion(&client, NOW);
    let (_, proving) =
        pair(&lab.post("/token", &[&password[..], &[("client_assertion", &assertion), TYPE]].concat()).await);
    *site.document.lock().unwrap() = None;
    lab.post("/token", &password).await.assert_error(503, "temporarily_unavailable");
    lab.refresh(&proving, &[]).await.assert_error(503, "temporarily_unavailable");
}

/// RFC 6749, section 5.2: an assertion proves its own client only; in the grace of a refresh token,
/// another client's is a replay.
#[tokio::test]
async fn another_client_proves_itself_only() {
    let (signer, thief) = (Signer::es256(), Signer::eddsa());
    let site = Site::of(&signer).await;
    *site.keys.lock().unwrap() = Some(json!({"keys": [signer.jwk("1"), thief.jwk("t")]}));
    let (lab, client, other) = (site.lab(), site.client(), site.host.url("/other"));
    let theirs = || thief.jwt(&json!({"alg": "EdDSA", "kid": "t"}), &claims(&other, NOW));
    let code = lab.code(&Params::of(&client)).await;
    redeem(&lab, &code, &theirs()).await.assert_error(400, "invalid_grant");
    let (access, old) = pair(&redeem(&lab, &code, &signer.assertion(&client, NOW)).await);
    refresh(&lab, &old, &theirs()).await.assert_error(400, "invalid_grant");
    revoke(&lab, &old, &theirs()).await.assert_error(401, "invalid_client");
    pair(&refresh(&lab, &old, &signer.assertion(&client, NOW)).await);
    // It may come again from its client, and not from one who proves nothing.
    lab.refresh(&old, &[]).await.assert_error(401, "invalid_client");
    pair(&refresh(&lab, &old, &signer.assertion(&client, NOW)).await);
    assert!(lab.who(&access).await.is_ok());
    refresh(&lab, &old, &theirs()).await.assert_error(400, "invalid_grant");
    assert!(lab.who(&access).await.is_err());
}

/// RFC 6749, section 2.3: registered clients have no keys here.
#[tokio::test]
async fn a_registered_client_has_no_keys() {
    let lab = oauth::lab();
    let client = lab.register(&[CALLBACK]).await;
    let code = lab.code(&Params::of(&client)).await;
    let assertion = Signer::es256().assertion(&client, NOW);
    redeem(&lab, &code, &assertion).await.assert_error(401, "invalid_client");
    pair(&lab.redeem(&code, &[]).await);
}

proptest! {
    /// One letter of an assertion or of its keys changed, and it proves nothing.
    #[test]
    fn no_change_survives(at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_-]", eddsa in any::<bool>()) {
        let signer = if eddsa { Signer::eddsa() } else { Signer::es256() };
        let (keys, good) = (signer.jwks("1").to_string(), signer.assertion("https://h/c", NOW));
        prop_assert_eq!(fuzzing::signed(&keys, &good), (true, true));
        let mut changed = good.clone();
        let at = at.index(good.len());
        changed.replace_range(at..=at, &to);
        prop_assert!(changed == good || !fuzzing::signed(&keys, &changed).1, "{}", changed);
    }

    #[test]
    fn any_text_is_read_without_harm(text in "\\PC{0,200}", bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        invariants::assertion(text.as_bytes());
        invariants::assertion(&bytes);
        invariants::key_set(text.as_bytes());
        invariants::key_set(&bytes);
    }

    #[test]
    fn any_claims_are_read_without_harm(
        exp in prop_oneof![any::<f64>().prop_map(|n| json!(n)), any::<i64>().prop_map(|n| json!(n)), Just(json!(NOW + 5))],
        iat in prop_oneof![any::<f64>().prop_map(|n| json!(n)), Just(Value::Null)],
        aud in prop_oneof![Just(json!("https://h")), Just(json!(["https://h", 1])), Just(json!({}))],
    ) {
        let claims = json!({"iss": "c", "sub": "c", "aud": aud, "exp": exp, "iat": iat, "jti": "j"});
        let assertion = format!("{}.{}", unsigned(&json!({"alg": "ES256"}), &claims), text(b"x"));
        invariants::assertion(assertion.as_bytes());
    }
}
