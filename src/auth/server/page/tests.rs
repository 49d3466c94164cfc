use super::*;
use http::header::{
    CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE,
    VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http_body_util::BodyExt;
use std::sync::LazyLock;

const BASE: &str = "https://h.example";
static ONEC: LazyLock<Page> = LazyLock::new(Page::onec);
const PROBLEMS: [FormError; 5] = [
    FormError::Wrong,
    FormError::NoRole,
    FormError::TooMany(17),
    FormError::Unavailable(Outage::Unknown),
    FormError::Forged,
];

fn csrf() -> Csrf {
    Csrf::of(&http::Request::new(()).into_parts().0, BASE)
}

/// A page for most tests; each changes the fields that it tests.
fn page(scopes: &Scopes) -> LoginPage<'_> {
    LoginPage {
        language: Language::English,
        server_name: "Server",
        form: Form::Credentials,
        look: &ONEC,
        client_name: Some("Client"),
        client_host: None,
        redirect_uri: "https://client.example/cb",
        scopes,
        action: "/authorize",
        hidden: &[],
        user: None,
        typed: None,
        problem: None,
    }
}

fn text(response: Response<Body>) -> String {
    let body = response.into_body().collect();
    let bytes = tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(body).unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Returns the text of a page without tags and style, as a user reads it.
fn read(html: &str) -> String {
    let html = html.split_once("</style>").unwrap().1;
    let text: String = html.split('<').map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text)).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn policy_of(redirect_uri: &str) -> String {
    let scopes = Scopes::default();
    let response = LoginPage { redirect_uri, ..page(&scopes) }.response(&csrf());
    response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned()
}

#[test]
fn html_in_any_field_stays_text() {
    let attack = "\"'><script>alert(1)</script><b x=`&amp;";
    let scopes = Scopes::parse("<script>a</script> '><img/src=x>");
    let hidden = [("state", attack), ("scope", attack)];
    for problem in PROBLEMS.map(Some).into_iter().chain([None]) {
        for form in [Form::Credentials, Form::Key] {
            let page = LoginPage {
                server_name: attack,
                form,
                client_name: Some(attack),
                client_host: Some(attack),
                redirect_uri: "https://a\"><script>.example/<script>",
                action: attack,
                hidden: &hidden,
                user: Some(attack),
                problem,
                ..page(&scopes)
            };
            let html = text(page.response(&csrf()));
            assert!(html.contains("script") && !html.contains("<script"), "{html}");
            assert!(!html.contains("<img") && !html.contains("<b ") && !html.contains("'>"), "{html}");
        }
    }
    for problem in [AuthorizationError::BadRequest(attack.to_owned()), AuthorizationError::Metadata(attack.to_owned())]
    {
        let html = text(error_page(Language::English, &problem));
        assert!(html.contains("script") && !html.contains("<script") && !html.contains("<b "), "{html}");
    }
}

#[test]
fn a_posted_form_carries_the_request_back_unchanged() {
    let scopes = Scopes::default();
    let hidden = [("state", "a \u{202e}\"&quot;' b"), ("client_id", "x")];
    let csrf = csrf();
    let html = text(LoginPage { hidden: &hidden, ..page(&scopes) }.response(&csrf));
    assert!(html.contains("name=\"state\" value=\"a \u{202e}&#34;&#38;quot;&#39; b\""), "{html}");
    assert!(html.contains("name=\"client_id\" value=\"x\""), "{html}");
    let (name, value) = csrf.field();
    assert!(html.contains(&format!("name=\"{name}\" value=\"{value}\"")), "{html}");
}

#[test]
fn names_cannot_reorder_or_flood_the_page() {
    let scopes = (0..500).map(|at| format!("x{at}")).collect::<Vec<_>>().join(" ");
    let scopes = Scopes::parse(&format!("{scopes} mcp {}", "y".repeat(5000)));
    let name = format!("moc.\u{202e}elgoog\u{2066}{}", "z".repeat(5000));
    let html = text(LoginPage { client_name: Some(&name), ..page(&scopes) }.response(&csrf()));
    assert!(!html.contains(['\u{202e}', '\u{2066}']) && html.contains("<bdi>moc.elgoogzzz"), "{html}");
    assert!(html.len() < 16_000 && html.contains("Further permissions of this kind: 489"), "{html}");
    assert!(html.contains("Use the tools and data"), "known scopes are never pushed out: {html}");
    for nobody in [None, Some(""), Some(" \u{200b}\u{3164}")] {
        let html = text(LoginPage { client_name: nobody, ..page(&scopes) }.response(&csrf()));
        assert!(html.contains("An unnamed application"), "{html}");
    }
}

/// Covers RFC 7591, section 5.
#[test]
fn the_page_says_who_gets_what() {
    let scopes = Scopes::parse("mcp mcp:report:sales mcp:x");
    let first = LoginPage { client_host: Some("docs.client.example"), ..page(&scopes) };
    let shown = read(&text(first.response(&csrf())));
    for part in [
        "Server",
        "Client asks for access to 1C. This is what the application calls itself. Nobody has verified it.",
        "Published by docs.client.example Access goes to client.example",
        "trust it",
        "See sales reports",
        "Use the permission mcp:x",
        "your own login: everything your roles allow",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let russian = LoginPage { language: Language::Russian, form: Form::Key, ..page(&scopes) };
    let html = text(russian.response(&csrf()));
    assert!(html.contains("<html lang=\"ru\">") && html.contains("Видеть отчёты о продажах"), "{html}");
    assert!(html.contains("name=\"key\"") && !html.contains("name=\"password\""), "{html}");
    let label = "<input type=\"text\" value=\"Ключ доступа\" autocomplete=\"username\" hidden>";
    assert!(html.contains(label), "for password managers: {html}");
}

/// Covers MCP 2025-11-25 and MCP 2026-07-28, "Localhost Redirect URI Risks".
#[test]
fn programs_on_this_computer_come_with_a_warning() {
    let scopes = Scopes::default();
    for (redirect_uri, shown) in [
        ("http://127.0.0.1:33418/cb", "127.0.0.1:33418 a program on this computer"),
        ("http://[::1]/cb", "[::1] a program"),
        ("http://localhost:1/", "localhost:1 a program"),
        ("cursor://anysphere.cursor-mcp/oauth/callback", "cursor: the program on this computer that opens"),
    ] {
        let html = read(&text(LoginPage { redirect_uri, ..page(&scopes) }.response(&csrf())));
        assert!(html.contains(shown) && html.contains("Continue only if you started it."), "{html}");
    }
    assert!(!read(&text(page(&scopes).response(&csrf()))).contains("on this computer"));
}

#[test]
fn problems_are_said_first_and_tied_to_the_fields() {
    let scopes = Scopes::default();
    for (problem, status, heading) in [
        (FormError::Wrong, 403, "Wrong user name or password"),
        (FormError::NoRole, 403, "You have no access to this service"),
        (FormError::TooMany(17), 429, "Too many attempts"),
        (FormError::Crowded(17), 429, "Too many attempts"),
        (FormError::Unavailable(Outage::Unknown), 503, "1C is unavailable"),
        (FormError::Unavailable(Outage::Elsewhere), 503, "1C is unavailable"),
        (FormError::NotCompleted, 403, "The login was not completed"),
        (FormError::Unavailable(Outage::Licence), 503, "1C has no free licence"),
        (FormError::Unavailable(Outage::Blocked), 503, "The infobase is blocked for now"),
        (FormError::Unavailable(Outage::Address), 503, "1C is at another address"),
        (FormError::Unavailable(Outage::Certificate), 503, "The certificate of 1C is not accepted"),
        (FormError::Unavailable(Outage::Publication), 503, "1C does not check logins here"),
        (FormError::Forged, 400, "This form was no longer valid"),
    ] {
        let response = LoginPage { user: Some("Иван"), problem: Some(problem), ..page(&scopes) }.response(&csrf());
        assert_eq!(response.status(), status, "{problem:?}");
        let wait = response.headers().get(RETRY_AFTER).map(|wait| wait.to_str().unwrap().to_owned());
        assert_eq!(wait.as_deref(), matches!(problem, FormError::TooMany(_) | FormError::Crowded(_)).then_some("17"));
        let html = text(response);
        assert!(html.contains(&format!("<title>{heading} – Log in")), "{html}");
        assert!(html.contains("id=\"problem\" role=\"alert\""), "{html}");
        assert!(html.contains("aria-describedby=\"problem\"") && html.contains("\"problem hint\""), "{html}");
        assert_eq!(html.contains("aria-invalid=\"true\""), problem == FormError::Wrong, "{html}");
        let kept = problem != FormError::Forged;
        assert_eq!(html.contains("value=\"Иван\""), kept, "{html}");
        assert_eq!(html.matches(" autofocus").count(), 1, "{html}");
        let password = html.split("id=\"password\"").nth(1).unwrap().split('>').next().unwrap();
        assert!(password.contains("autofocus") == kept && !password.contains("value="), "{password}");
    }
    let html = text(page(&scopes).response(&csrf()));
    assert!(html.contains("<title>Log in") && !html.contains("role=\"alert\""), "{html}");
    let user = html.split("id=\"username\"").nth(1).unwrap().split('>').next().unwrap();
    assert!(user.contains("autofocus") && user.contains("autocomplete=\"username\""), "{user}");
}

#[test]
fn error_pages_say_what_to_do() {
    let waits = AuthorizationError::TooMany(0);
    for (problem, status, words) in [
        (AuthorizationError::UnknownClient, 400, "remove the connection to this server and add it again"),
        (AuthorizationError::BadRedirectUri, 400, "start from the application itself"),
        (AuthorizationError::BadRequest("no code_challenge".to_owned()), 400, "Details no code_challenge"),
        (AuthorizationError::Metadata("not JSON".to_owned()), 400, "Details not JSON"),
        (waits.clone(), 429, "came from your network. Wait 1 second"),
        (AuthorizationError::Unavailable, 503, "Try again in a minute"),
        (AuthorizationError::Used, 409, "Go back to the application"),
    ] {
        let response = error_page(Language::English, &problem);
        assert_eq!(response.status(), status, "{problem:?}");
        assert_eq!(response.headers().contains_key(RETRY_AFTER), problem == waits);
        let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("form-action 'none'"), "{policy}");
        let shown = read(&text(response));
        assert!(shown.contains(words), "{shown}");
        assert_eq!(shown.contains("No access was given."), problem != AuthorizationError::Used, "{shown}");
    }
    let russian = text(error_page(Language::Russian, &AuthorizationError::UnknownClient));
    assert!(russian.contains("<html lang=\"ru\">") && russian.contains("не зарегистрировано"), "{russian}");
}

#[test]
fn every_page_keeps_to_itself() {
    let scopes = Scopes::default();
    let login = page(&scopes).response(&csrf());
    assert!(login.headers()[SET_COOKIE].to_str().unwrap().starts_with("__Host-"));
    let error = error_page(Language::English, &AuthorizationError::UnknownClient);
    assert!(!error.headers().contains_key(SET_COOKIE));
    for response in [login, error] {
        let headers = response.headers();
        for (name, value) in [
            (CONTENT_TYPE, "text/html; charset=utf-8"),
            (CONTENT_LANGUAGE, "en"),
            (CACHE_CONTROL, "no-store"),
            (VARY, "Accept-Language, Cookie"),
            (X_FRAME_OPTIONS, "DENY"),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (REFERRER_POLICY, "same-origin"),
        ] {
            assert_eq!(headers[&name], value, "{name}");
        }
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        for directive in ["default-src 'none';", "base-uri 'none';", "frame-ancestors 'none'", "style-src 'sha256-"] {
            assert!(policy.contains(directive), "{policy}");
        }
    }
}

/// Chromium stops at the first redirect after the POST that `form-action` does not list.
#[test]
fn the_form_may_lead_anywhere_and_the_policy_is_the_same_for_all() {
    let usual = policy_of("https://client.example/");
    assert!(!usual.contains("form-action") && !usual.contains("script"), "{usual}");
    for other in ["http://127.0.0.1:1/cb", "cursor://x/cb", "no uri", "https://a;script-src.example/*", "x:\r\nX: y"] {
        assert_eq!(policy_of(other), usual, "{other}");
    }
}

#[test]
fn the_style_is_the_one_the_policy_allows() {
    use base64::Engine;
    use sha2::Digest;
    let scopes = Scopes::default();
    let html = text(page(&scopes).response(&csrf()));
    let style = html.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(style));
    assert!(policy_of("https://client.example/").contains(&format!("style-src 'sha256-{hash}'")));
    assert!(style.contains("prefers-color-scheme: dark") && !html.contains("style="), "{html}");
}

/// Uses what 1C's web server answers to a login.
#[tokio::test]
async fn outages_are_told_apart() {
    use crate::auth::login::{Login, LoginError, OwnLogin, Typed};
    use crate::identity::Credentials;
    use crate::onec::{ClientError, Infobase, OneCService};
    use bytes::Bytes;
    use http::header::{LOCATION, WWW_AUTHENTICATE};
    use http_body_util::Full;
    use hyper_util::client::legacy::Client;
    use hyper_util::rt::{TokioExecutor, TokioIo};

    let none = (CONTENT_TYPE, "text/plain");
    for (status, header, body, outage) in [
        (402, none.clone(), "", Outage::Licence),
        (500, none.clone(), "Не обнаружено свободной лицензии!", Outage::Licence),
        (403, none.clone(), "Начало сеанса с информационной базой запрещено", Outage::Blocked),
        (301, (LOCATION, "https://h/b/hs/mcp/health"), "", Outage::Address),
        (302, (LOCATION, "/B/hs/mcp/health"), "", Outage::Address),
        (401, (WWW_AUTHENTICATE, "NTLM"), "", Outage::Publication),
        (200, none.clone(), r#"{"status":"ok"}"#, Outage::Publication),
        (200, none.clone(), "<html>", Outage::Unknown),
        (500, none, "Деление на 0", Outage::Unknown),
    ] {
        let client = tower::service_fn(move |_: http::Request<Bytes>| {
            let (name, value) = header.clone();
            std::future::ready(http::Response::builder().status(status).header(name, value).body(Bytes::from(body)))
        });
        let onec = OneCService::with_client(Infobase::new("http://h/b").unwrap(), client).unwrap();
        let typed = Typed::Credentials(Credentials::new("Иван", ""));
        let Err(LoginError::Unavailable(error)) = OwnLogin::new(onec).check(typed).await else {
            panic!("{status} {body} is a verdict on the login");
        };
        assert_eq!(Outage::of(&error), outage, "{status} {body}");
    }
    // The errors of the client for a TLS handshake that failed.
    for (why, outage) in [
        (rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer), Outage::Certificate),
        (rustls::Error::InvalidCertificate(rustls::CertificateError::Expired), Outage::Certificate),
        (rustls::Error::HandshakeNotComplete, Outage::Unknown),
    ] {
        let connector = tower::service_fn(move |_: http::Uri| {
            std::future::ready(Err::<TokioIo<tokio::net::TcpStream>, _>(std::io::Error::other(why.clone())))
        });
        let http = Client::builder(TokioExecutor::new()).build::<_, Full<Bytes>>(connector);
        let client = tower::service_fn(move |asked: http::Request<Bytes>| {
            let answer = http.request(asked.map(Full::new));
            async move {
                answer
                    .await
                    .map(|_| http::Response::new(Bytes::new()))
                    .map_err(|error| ClientError::Connect(error.into()))
            }
        });
        let onec = OneCService::with_client(Infobase::new("https://h/b").unwrap(), client).unwrap();
        let typed = Typed::Credentials(Credentials::new("Иван", ""));
        let Err(LoginError::Unavailable(error)) = OwnLogin::new(onec).check(typed).await else {
            panic!("that is a verdict on the login");
        };
        assert_eq!(Outage::of(&error), outage);
    }
}
