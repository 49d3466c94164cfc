//! Logins of an embedder: their texts and names on the page, further fields, closures, and boxes.

use crate::pages::{EVIL, assert_is_text, assert_keeps_to_itself};
use crate::support::oauth::{Answer, BASE, Params, VERIFIER, encoded, pair, posting};
use http::Request;
use http_body_util::{BodyExt, Full};
use onec_mcp::Scopes;
use onec_mcp::auth::login::{
    BoxLogin, Cached, Field, Form, LoggedIn, Login, LoginError, Page, Slowdown, Text, Typed, WithPage,
};
use onec_mcp::auth::server::{AuthorizationServer, RateLimits};
use onec_mcp::auth::store::{BoxStore, MemoryStore, TokenStore};
use onec_mcp::auth::{Presented, Site, TokenValidator};
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tower::ServiceExt;

/// A server, and a browser with one cookie jar.
pub(crate) struct Desk<L, S = MemoryStore> {
    pub(crate) server: AuthorizationServer<L, S>,
    site: Site,
}

impl<L: Login> Desk<L> {
    pub(crate) fn new(login: L) -> Self {
        Self::over(login, MemoryStore::new())
    }
}

impl<L: Login, S: TokenStore> Desk<L, S> {
    pub(crate) fn over(login: L, store: S) -> Self {
        let site = Site::new().public_url(&BASE.parse().unwrap());
        let server = AuthorizationServer::new(site.clone(), login, store).rate_limits(RateLimits::unlimited());
        Self { server: server.name("Gateway"), site }
    }

    pub(crate) async fn call(&self, request: Request<Full<bytes::Bytes>>) -> Answer {
        let (head, body) = self.server.clone().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: head.status, headers: head.headers, body: String::from_utf8(body.into()).unwrap() }
    }

    pub(crate) async fn page(&self, language: &str, request: &Params<'_>) -> Answer {
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&request.0).finish();
        let asked = Request::get(format!("/authorize?{query}")).header("accept-language", language);
        self.call(asked.body(Full::default()).unwrap()).await
    }

    pub(crate) async fn send(&self, request: &Params<'_>, fields: &[(&str, &str)]) -> Answer {
        let cookie =
            self.page("en", &public("cookie")).await.header("set-cookie").split(';').next().unwrap().to_owned();
        let form = request.clone().and("csrf", cookie.split_once('=').unwrap().1);
        let form = fields.iter().fold(form, |form, (name, value)| form.with(name, value)).0;
        self.call(posting("/authorize").header("cookie", &cookie).body(encoded(&form)).unwrap()).await
    }

    /// The subject of the token that a code is good for.
    pub(crate) async fn subject(&self, sent: &Answer) -> String {
        let code = sent.sent("code").unwrap_or_else(|| panic!("{}", sent.header("location")));
        let form = [("grant_type", "authorization_code"), ("code", &*code), ("code_verifier", VERIFIER)];
        let answer = self.call(posting("/token").body(encoded(&form)).unwrap()).await;
        let presented = pair(&answer).0;
        let identity = self.server.tokens().validate(Presented::new(&presented, BASE, &self.site)).await;
        identity.unwrap().subject().to_owned()
    }
}

pub(crate) fn public(state: &str) -> Params<'_> {
    Params::of("mcp-public-client").with("state", state)
}

/// A directory of a company with a code of an app, which counts how often it was asked.
#[derive(Clone)]
struct Directory {
    page: Page,
    asked: Arc<AtomicUsize>,
}

impl Directory {
    fn new() -> Self {
        let page = Page::new()
            .name(Text::new("Trading House", "Торговый дом"))
            .logo("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>")
            .heading(Text::new("Log in with your company account", "Вход с корпоративной учётной записью"))
            .access(Text::new("It will see what your department sees.", "Оно увидит то же, что ваш отдел."))
            .user(Text::new("E-mail", "Электронная почта"))
            .password(Text::new("Domain password", "Доменный пароль"))
            .password_hint("help.example")
            .submit(Text::new("Go on", "Продолжить"))
            .field(Field::text("office", Text::new("Office", "Офис")).optional())
            .field(Field::one_time_code("code", Text::new("Code from the app", "Код из приложения")))
            .wrong(Text::new("Not in the directory", "Нет в каталоге"), Text::new("Call 112.", "Звоните 112."))
            .no_role(Text::new("Not your department", "Не ваш отдел"), Text::new("Call 113.", "Звоните 113."))
            .unavailable(Text::new("The directory is down", "Каталог недоступен"), Text::new("Wait.", "Подождите."));
        Self { page, asked: Arc::default() }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Login for Directory {
    fn form(&self) -> Form {
        Form::Credentials
    }

    fn page(&self) -> Page {
        self.page.clone()
    }

    async fn check(&self, typed: Typed) -> Result<LoggedIn, LoginError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let shown = format!("{typed:?}");
        assert!(!shown.contains("secret") && !shown.contains("123456"), "{shown}");
        let (Some(login), Some(code)) = (typed.credentials(), typed.field("code")) else {
            return Err(LoginError::Wrong);
        };
        match (login.user(), login.password().expose_secret(), code) {
            ("down", ..) => Err(LoginError::Unavailable("no route to the directory".into())),
            ("other", ..) => Err(LoginError::NoRole),
            ("anna", "secret", "123456") => {
                Ok(LoggedIn::new(format!("anna@{}", typed.field("office").unwrap_or("home"))))
            }
            _ => Err(LoginError::Wrong),
        }
    }
}

fn typed<'a>(user: &'a str, password: &'a str, code: &'a str) -> [(&'static str, &'a str); 4] {
    [("username", user), ("password", password), ("field.code", code), ("action", "allow")]
}

#[tokio::test]
async fn a_login_has_texts_of_its_own() {
    let desk = Desk::new(Directory::new());
    for (language, texts) in [
        (
            "en",
            [
                "Trading House",
                "Log in with your company account",
                "It will see what your department sees.",
                "E-mail",
                "Domain password",
                "Go on",
                "Office",
                "Code from the app",
                "help.example",
            ],
        ),
        (
            "ru",
            [
                "Торговый дом",
                "Вход с корпоративной учётной записью",
                "Оно увидит то же, что ваш отдел.",
                "Электронная почта",
                "Доменный пароль",
                "Продолжить",
                "Офис",
                "Код из приложения",
                "help.example",
            ],
        ),
    ] {
        let page = desk.page(language, &public("s")).await;
        assert_eq!(page.status, 200);
        assert_keeps_to_itself(&page, language);
        for text in texts {
            assert!(page.body.contains(text), "{text}: {}", page.body);
        }
        for foreign in ["1C account", "1C user", "учётной записью 1С", "Пользователь 1С", "Gateway"]
        {
            assert!(!page.body.contains(foreign), "{foreign}: {}", page.body);
        }
    }
    let page = desk.page("en", &public("s")).await;
    assert!(page.header("content-security-policy").contains("img-src data:"));
    assert!(page.body.contains("<img class=\"logo\" src=\"data:image/svg+xml;base64,PHN2Zy"), "{}", page.body);
    let code = page.body.split("name=\"field.code\"").nth(1).unwrap().split('>').next().unwrap();
    for part in ["required", "autocomplete=\"one-time-code\"", "inputmode=\"numeric\""] {
        assert!(code.contains(part), "{code}");
    }
    let office = page.body.split("name=\"field.office\"").nth(1).unwrap().split('>').next().unwrap();
    assert!(!office.contains("required"), "{office}");
}

#[tokio::test]
async fn errors_of_a_login_have_texts_of_its_own() {
    let desk = Desk::new(Directory::new());
    for (user, status, heading, advice) in [
        ("stranger", 403, "Not in the directory", "Call 112."),
        ("other", 403, "Not your department", "Call 113."),
        ("down", 503, "The directory is down", "Wait."),
    ] {
        let answer = desk.send(&public("s"), &typed(user, "x", "1")).await;
        answer.assert_page(status);
        assert_keeps_to_itself(&answer, user);
        assert!(answer.body.contains(heading) && answer.body.contains(advice), "{}", answer.body);
        assert!(!answer.body.contains("1C is unavailable") && !answer.body.contains("1C administrator"), "{user}");
    }
}

/// A login that says nothing of its page is not shown as one of 1C, unless users have their own login there.
#[tokio::test]
async fn only_a_login_of_1c_is_called_so() {
    #[derive(Clone)]
    struct Plain(Form, bool);
    impl Login for Plain {
        fn form(&self) -> Form {
            self.0
        }

        fn is_own(&self) -> bool {
            self.1
        }

        async fn check(&self, typed: Typed) -> Result<LoggedIn, LoginError> {
            match typed.credentials().map(onec_mcp::Credentials::user) {
                Some("down") => Err(LoginError::Unavailable("down".into())),
                Some("other") => Err(LoginError::NoRole),
                _ => Err(LoginError::Wrong),
            }
        }
    }
    let of_1c = ["1C account", "1C user", "1C does not let", "1C is unavailable", "1C administrator", "roles allow"];
    for (form, own) in [(Form::Credentials, false), (Form::Key, false), (Form::Credentials, true)] {
        let desk = Desk::new(Slowdown::new(Cached::new(Plain(form, own))));
        let mut seen = desk.page("en", &public("s")).await.body;
        for user in ["down", "other", "stranger"] {
            seen += &desk.send(&public("s"), &[("username", user), ("key", "x"), ("action", "allow")]).await.body;
        }
        for words in of_1c {
            assert_eq!(seen.contains(words), own, "{words}: {form:?}");
        }
    }
}

#[tokio::test]
async fn texts_of_a_login_are_no_markup() {
    let page = Page::new().name(EVIL).heading(EVIL).access(EVIL).user(EVIL).password(EVIL);
    let page = page.password_hint(EVIL).key(EVIL).submit(EVIL).wrong(EVIL, EVIL).no_role(EVIL, EVIL);
    let page = page.unavailable(EVIL, EVIL).field(Field::text(EVIL, EVIL)).field(Field::secret("code", EVIL));
    let page = page.provider(onec_mcp::auth::login::Provider::new(EVIL, EVIL));
    let desk = Desk::new(Directory { page, asked: Arc::default() });
    assert_is_text(&desk.page("en", &public("s")).await, "first view");
    let logo = Desk::new(Directory { page: Page::new().logo(EVIL, b"x"), asked: Arc::default() });
    let logo = logo.page("en", &public("s")).await;
    assert!(logo.body.matches("<img").count() == 1 && !logo.body.contains("<svg"), "{}", logo.body);
    for user in ["stranger", "other", "down"] {
        let name = format!("field.{EVIL}");
        let mut fields = typed(user, "x", "1").to_vec();
        fields.push((&name, EVIL));
        let answer = desk.send(&public("s"), &fields).await;
        assert!(answer.body.contains("role=\"alert\""), "{}", answer.body);
        assert_is_text(&answer, user);
    }
}

#[tokio::test]
async fn further_fields_reach_the_login() {
    let login = Directory::new();
    let desk = Desk::new(login.clone());
    for (fields, subject) in [
        (typed("anna", "secret", "123456").to_vec(), "anna@home"),
        ([&typed("anna", "secret", "123456")[..], &[("field.office", "Тула")]].concat(), "anna@Тула"),
    ] {
        let sent = desk.send(&public(subject), &fields).await;
        assert_eq!(desk.subject(&sent).await, subject);
    }
    assert_eq!(login.asked(), 2);
    // What is required and missing is wrong, and nobody is asked.
    for code in ["", "missing"] {
        let mut fields = typed("anna", "secret", code).to_vec();
        fields.retain(|(_, value)| *value != "missing");
        desk.send(&public("s"), &fields).await.assert_page(403);
    }
    assert_eq!(login.asked(), 2);
    // Text stays on the page, secrets do not.
    let fields = [&typed("anna", "secret", "654321")[..], &[("field.office", "Тула")]].concat();
    let answer = desk.send(&public("s"), &fields).await;
    answer.assert_page(403);
    assert!(answer.body.contains("value=\"Тула\"") && answer.body.contains("value=\"anna\""), "{}", answer.body);
    assert!(!answer.body.contains("654321") && !answer.body.contains("secret"), "{}", answer.body);
}

/// RFC 6749, section 4.3: a program has no code of an app.
#[tokio::test]
async fn no_password_grant_where_there_are_further_fields() {
    let desk = Desk::new(Directory::new());
    let metadata = Request::get("/.well-known/oauth-authorization-server").body(Full::default()).unwrap();
    let document = desk.call(metadata).await.json();
    assert_eq!(document["grant_types_supported"], serde_json::json!(["authorization_code", "refresh_token"]));
    let form = [("grant_type", "password"), ("username", "anna"), ("password", "secret"), ("field.code", "123456")];
    let answer = desk.call(posting("/token").body(encoded(&form)).unwrap()).await;
    answer.assert_error(400, "unsupported_grant_type");
}

/// A one-time code is asked about each time, also when it was right, and twice at once.
#[tokio::test]
async fn a_code_is_never_remembered() {
    let login = Directory::new();
    let desk = Desk::new(Cached::new(Slowdown::new(Cached::new(login.clone()))));
    let right = typed("anna", "secret", "123456");
    assert!(desk.send(&public("1"), &right).await.sent("code").is_some());
    let (one, other) = (public("2"), public("3"));
    let both = tokio::join!(desk.send(&one, &right), desk.send(&other, &right));
    assert!(both.0.sent("code").is_some() && both.1.sent("code").is_some());
    assert_eq!(login.asked(), 3);
}

/// Who has a stolen password has to wait between guesses at the code, although the password was right before.
#[tokio::test(start_paused = true)]
async fn codes_are_not_guessed_fast() {
    let login = Directory::new();
    let desk = Desk::new(Slowdown::new(login.clone()));
    assert!(desk.send(&public("first"), &typed("anna", "secret", "123456")).await.sent("code").is_some());
    let before = login.asked();
    let mut waited = 0;
    for guess in 0..50 {
        let answer = desk.send(&public("s"), &typed("anna", "secret", &format!("{guess:06}"))).await;
        waited += usize::from(answer.status == 429);
    }
    assert!(login.asked() - before <= 6, "{} guesses were checked", login.asked() - before);
    assert!(waited >= 44, "{waited}");
    tokio::time::advance(std::time::Duration::from_secs(61)).await;
    assert!(desk.send(&public("last"), &typed("anna", "secret", "123456")).await.sent("code").is_some());
}

/// A password that was right before lets nobody pass who has to wait: it is only a part of the login.
#[tokio::test(start_paused = true)]
async fn a_password_with_a_code_is_never_known() {
    let login = Directory::new();
    let desk = Desk::new(Slowdown::new(login.clone()));
    assert!(desk.send(&public("first"), &typed("anna", "secret", "123456")).await.sent("code").is_some());
    while desk.send(&public("s"), &typed("anna", "guess", "1")).await.status != 429 {}
    let before = login.asked();
    for code in ["000001", "123456"] {
        desk.send(&public("s"), &typed("anna", "secret", code)).await.assert_page(429);
    }
    assert_eq!(login.asked(), before);
}

/// Closures that keep something for each call, and await.
#[tokio::test]
async fn async_closures_are_logins_and_validators() {
    let (people, yielded) = (Arc::new(vec!["anna".to_owned()]), Arc::new(AtomicUsize::new(0)));
    let (shared, count) = (Arc::clone(&people), Arc::clone(&yielded));
    let login = async move |typed: Typed| {
        tokio::task::yield_now().await;
        count.fetch_add(1, Ordering::SeqCst);
        let login = typed.credentials().ok_or(LoginError::Wrong)?;
        let user = shared.iter().find(|known| *known == login.user()).ok_or(LoginError::Wrong)?;
        Ok(LoggedIn::new(user.as_str()).scopes(Scopes::parse("mcp")))
    };
    let desk = Desk::new(login);
    let sent = desk.send(&public("s"), &[("username", "anna"), ("password", "x"), ("action", "allow")]).await;
    assert_eq!(desk.subject(&sent).await, "anna");
    desk.send(&public("s"), &[("username", "boris"), ("password", "x"), ("action", "allow")]).await.assert_page(403);
    assert_eq!(yielded.load(Ordering::SeqCst), 2);
    assert_eq!(people.len(), 1);

    async fn nobody(_: Typed) -> Result<LoggedIn, LoginError> {
        Err(LoginError::Wrong)
    }
    let desk = Desk::new(WithPage::new(nobody, Page::new().heading("Nobody gets in")));
    assert!(desk.page("ru", &public("s")).await.body.contains("<h1>Nobody gets in</h1>"));
}

/// One type for all: what a box holds is the same login, and the same store.
#[tokio::test]
async fn boxes_hold_any_login_and_store() {
    let login = Directory::new();
    let desk = Desk::over(BoxLogin::new(login.clone()), BoxStore::new(MemoryStore::new()));
    let page = desk.page("en", &public("s")).await;
    assert!(page.body.contains("Log in with your company account"), "{}", page.body);
    let sent = desk.send(&public("s"), &typed("anna", "secret", "123456")).await;
    assert_eq!(desk.subject(&sent).await, "anna@home");
    desk.send(&public("s"), &typed("anna", "secret", "1")).await.assert_page(403);
    assert_eq!(login.asked(), 2);
}
