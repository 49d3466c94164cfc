//! "Continue with …": a login at a provider, from the button of the page to the code for the client.

use crate::login_page::{Desk, public};
use crate::pages::assert_keeps_to_itself;
use crate::support::oauth::{Answer, BASE, CALLBACK, Params};
use http::Request;
use http_body_util::Full;
use onec_mcp::auth::login::{
    BoxLogin, Cached, Form, LoggedIn, Login, LoginError, Page, Provider, Referral, Slowdown, Text, Typed, WithPage,
};
use secrecy::ExposeSecret;
use url::Url;

/// Two providers, the second of which does not answer. The code of the first is the name of its user, and has to come
/// with the verifier that the URL named.
#[derive(Clone)]
struct Federation(Form);

impl Login for Federation {
    fn form(&self) -> Form {
        self.0
    }

    fn page(&self) -> Page {
        Page::new()
            .provider(Provider::new("house", Text::new("Continue with House ID", "Продолжить с House ID")))
            .provider(Provider::new("down", "Continue with Down"))
    }

    async fn check(&self, typed: Typed) -> Result<LoggedIn, LoginError> {
        let Typed::Answer(answer) = typed else { return Err(LoginError::Wrong) };
        assert_eq!(answer.referral().redirect_uri, format!("{BASE}/callback"));
        assert_eq!(answer.referral().verifier.expose_secret().len(), 43);
        match (&*answer.referral().provider, answer.get("code")) {
            ("house", Some("down")) => Err(LoginError::Unavailable("the token endpoint is down".into())),
            ("house", Some("other")) => Err(LoginError::NoRole),
            ("house", Some(user)) => Ok(LoggedIn::new(format!("house:{user}"))),
            _ => Err(LoginError::Wrong),
        }
    }

    async fn authorization_url(&self, referral: Referral) -> Result<Url, LoginError> {
        if referral.provider != "house" {
            return Err(LoginError::Unavailable("discovery failed".into()));
        }
        assert!(!format!("{referral:?}").contains(referral.verifier.expose_secret()));
        let mut url = Url::parse("https://id.example/authorize").unwrap();
        url.query_pairs_mut().append_pair("redirect_uri", &referral.redirect_uri).append_pair("state", &referral.state);
        Ok(url)
    }
}

/// The button is pressed.
async fn go<L: Login>(desk: &Desk<L>, request: &Params<'_>) -> (Answer, String) {
    let sent = desk.send(request, &[("action", "continue.house"), ("username", ""), ("password", "")]).await;
    let cookie = sent.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
    (sent, cookie)
}

/// The browser comes back.
async fn back<L: Login>(desk: &Desk<L>, query: &str, cookie: &str) -> Answer {
    let request = Request::get(format!("/callback?{query}")).header("cookie", cookie).header("accept-language", "en");
    desk.call(request.body(Full::default()).unwrap()).await
}

/// RFC 6749, sections 4.1.1, 4.1.2 and 10.12.
#[tokio::test]
async fn a_provider_logs_in() {
    for form in [Form::Credentials, Form::Providers] {
        let desk = Desk::new(BoxLogin::new(Cached::new(Slowdown::new(Federation(form)))));
        let page = desk.page("ru", &public("s t&=ю")).await;
        assert_keeps_to_itself(&page, "page");
        assert!(page.body.contains("value=\"continue.house\"") && page.body.contains("Продолжить с House ID"));
        assert_eq!(page.body.contains("type=\"password\""), form == Form::Credentials);
        assert_eq!(page.body.contains("value=\"allow\""), form == Form::Credentials);

        let (sent, cookie) = go(&desk, &public("s t&=ю")).await;
        assert_eq!(sent.status, 303);
        assert!(sent.header("location").starts_with("https://id.example/authorize?"), "{}", sent.header("location"));
        assert_eq!(sent.sent("redirect_uri").unwrap(), format!("{BASE}/callback"));
        let state = sent.sent("state").unwrap();
        assert_eq!(state.len(), 43);
        let kept = sent.header("set-cookie");
        for part in ["__Host-onec-mcp-pending=", "HttpOnly", "SameSite=Lax", "Secure", "Path=/", "Max-Age=600"] {
            assert!(kept.contains(part), "{kept}");
        }
        assert!(!kept.contains("Domain") && !sent.header("location").contains("verifier"), "{kept}");

        let answer = back(&desk, &format!("code=anna&state={state}"), &cookie).await;
        assert!(answer.header("location").starts_with(CALLBACK), "{} {}", answer.status, answer.body);
        assert_eq!(answer.sent("state").as_deref(), Some("s t&=ю"));
        assert_eq!(answer.sent("iss").as_deref(), Some(BASE));
        assert!(answer.header("set-cookie").contains("Max-Age=0"), "{}", answer.header("set-cookie"));
        assert_eq!(desk.subject(&answer).await, "house:anna");
        // The URL once more, as by the Back button: no second code.
        back(&desk, &format!("code=anna&state={state}"), &cookie).await.assert_page(409);
    }
}

/// RFC 6749, section 10.12; RFC 9700, section 4.7: an answer that this browser does not wait for logs nobody in.
#[tokio::test]
async fn an_answer_belongs_to_the_browser_that_asked() {
    let desk = Desk::new(Federation(Form::Credentials));
    let (sent, cookie) = go(&desk, &public("s")).await;
    let (other, _) = go(&desk, &public("s")).await;
    let (state, others) = (sent.sent("state").unwrap(), other.sent("state").unwrap());
    assert_ne!(state, others, "each has its own");
    for (query, cookie) in [
        (format!("code=anna&state={state}"), ""),
        (format!("code=anna&state={others}"), &*cookie),
        ("code=anna".to_owned(), &cookie),
        ("code=anna&state=".to_owned(), &cookie),
        ("code=anna&state=".to_owned(), "__Host-onec-mcp-pending="),
        (format!("code=anna&state={state}"), &cookie.replace("__Host-", "")),
    ] {
        let answer = back(&desk, &query, cookie).await;
        answer.assert_page(400);
        assert_keeps_to_itself(&answer, &query);
        assert!(answer.body.contains("This login took too long"), "{}", answer.body);
    }
    assert_eq!(desk.subject(&back(&desk, &format!("code=anna&state={state}"), &cookie).await).await, "house:anna");
}

#[tokio::test]
async fn a_login_that_failed_elsewhere_may_be_tried_again() {
    let desk = Desk::new(Federation(Form::Credentials));
    for (answered, status, words) in [
        ("error=access_denied", 403, "The login was not completed"),
        ("code=other", 403, "You have no access to this service"),
        ("code=down", 503, "The login is unavailable"),
    ] {
        let (sent, cookie) = go(&desk, &public("s")).await;
        let state = sent.sent("state").unwrap();
        let answer = back(&desk, &format!("{answered}&state={state}"), &cookie).await;
        answer.assert_page(status);
        assert_keeps_to_itself(&answer, answered);
        assert!(answer.body.contains(words), "{}", answer.body);
        for part in
            ["value=\"continue.house\"", "action=\"/authorize\"", "value=\"mcp-public-client\"", "name=\"csrf\""]
        {
            assert!(answer.body.contains(part), "{part}: {}", answer.body);
        }
        assert!(!answer.body.contains(&state), "{}", answer.body);
    }
    let answer = desk.send(&public("s"), &[("action", "continue.down")]).await;
    answer.assert_page(503);
    assert!(answer.body.contains("The login is unavailable"), "{}", answer.body);
}

/// What the page did not offer, a form of another site, and a request that has become wrong.
#[tokio::test]
async fn nobody_is_sent_away_by_a_forged_form() {
    let desk = Desk::new(Federation(Form::Credentials));
    for action in ["continue.", "continue.other", "continue.House"] {
        desk.send(&public("s"), &[("action", action)]).await.assert_page(400);
    }
    let form = public("s").and("action", "continue.house").0;
    let request = crate::support::oauth::posting("/authorize").body(crate::support::oauth::encoded(&form)).unwrap();
    desk.call(request).await.assert_page(400);
    let (sent, cookie) = go(&desk, &public("s")).await;
    let state = sent.sent("state").unwrap();
    for (from, to) in [("code_challenge_method=S256", "code_challenge_method=plain"), ("mcp-public-client", "unknown")]
    {
        assert!(cookie.contains(from), "{cookie}");
        let answer = back(&desk, &format!("code=anna&state={state}"), &cookie.replace(from, to)).await;
        assert!(answer.status == 400 || answer.sent("error").is_some(), "{}", answer.status);
        assert!(answer.status == 400 || answer.sent("code").is_none());
    }
    let long = "x".repeat(4000);
    let answer = desk.send(&public(&long), &[("action", "continue.house")]).await;
    answer.assert_page(400);
    assert!(answer.body.contains("too long"), "{}", answer.body);
}

/// Without a button there is no way back either.
#[tokio::test]
async fn no_provider_no_callback() {
    let desk = Desk::new(WithPage::new(Federation(Form::Credentials), Page::new()));
    assert_eq!(back(&desk, "code=anna&state=x", "").await.status, 404);
    desk.send(&public("s"), &[("action", "continue.house")]).await.assert_page(400);
    let desk = Desk::new(Federation(Form::Credentials));
    let request = Request::post("/callback").body(Full::default()).unwrap();
    assert_eq!(desk.call(request).await.status, 405);
}
