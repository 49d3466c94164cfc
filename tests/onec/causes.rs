//! Failures of 1C and of what stands before it, told as cause and cure: for administrators in full, for
//! callers without internals.

use crate::support::fault::{self, Act, Faulty, ask, infobase, list, status, tool};
use crate::support::https::{Https, params, self_signed};
use onec_mcp::Credentials;
use onec_mcp::onec::{Cause, Error, ErrorKind, Infobase, InfobaseError, OneCService};
use onec_mcp::rpc::BoxError;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};
use tokio_rustls::rustls::pki_types::CertificateDer;

/// What a call ended with: the cause, what administrators read, what callers read.
fn told(error: &BoxError) -> (Option<Cause>, String, String) {
    let error = Error::find(&**error).unwrap_or_else(|| panic!("{error}"));
    (error.why(), error.to_string(), error.failure().error.message.to_string())
}

async fn failed(service: &OneCService) -> (Option<Cause>, String, String) {
    told(&ask(service, tool()).await.unwrap_err())
}

/// Both say what happened and what to do; only administrators get `detail`.
fn check(told: &(Option<Cause>, String, String), cause: Cause, detail: &str) {
    let (why, full, short) = told;
    assert_eq!(*why, Some(cause), "{full}");
    for text in [full, short] {
        assert!(text.starts_with(cause.what()) && text.contains(cause.cure()), "{text}");
    }
    assert!(full.contains(detail), "{full}");
    assert!(detail.is_empty() || !short.contains(detail), "{short}");
    assert!(!short.contains("127.0.0.1") && !short.contains("/hs/"), "{short}");
}

async fn health(infobase: Infobase) -> Result<(), BoxError> {
    OneCService::new(infobase).unwrap().health().await
}

/// Whether 1C is reached when this certificate is trusted.
async fn trusting(server: &Https, pem: &str) -> Result<(), BoxError> {
    health(server.infobase().trust(pem).unwrap()).await
}

#[tokio::test]
async fn a_self_signed_certificate() {
    let (server, pem) = self_signed(params("127.0.0.1")).await;
    check(&failed(&OneCService::new(server.infobase()).unwrap()).await, Cause::SelfSignedCertificate, "");
    let refused = server.connections.load(Ordering::SeqCst);
    assert_eq!(refused, 1, "a certificate is no better in a moment");
    let other = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap().cert.pem();
    check(&told(&trusting(&server, &other).await.unwrap_err()), Cause::SelfSignedCertificate, "");
    trusting(&server, &pem).await.unwrap();
    trusting(&server, &format!("# both\n{other}\n{pem}")).await.unwrap();
    health(server.infobase().trust_anybody()).await.unwrap();
}

#[tokio::test]
async fn a_self_signed_certificate_counts_whatever_it_says_of_itself() {
    let mut authority = params("127.0.0.1");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // As `openssl req -x509 -subj /CN=x` makes it.
    let mut openssl = CertificateParams::default();
    openssl.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    openssl.distinguished_name.push(rcgen::DnType::CommonName, "x");
    for params in [authority, openssl, params("server.example"), CertificateParams::default()] {
        let (server, pem) = self_signed(params).await;
        let told = told(&health(server.infobase()).await.unwrap_err());
        check(&told, Cause::SelfSignedCertificate, "");
        trusting(&server, &pem).await.unwrap();
    }
}

/// Said in words, and not in the names that libraries have for it.
#[tokio::test]
async fn certificates_that_no_server_should_show() {
    let mut ca = params("ca.example");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.distinguished_name.push(rcgen::DnType::CommonName, "authority");
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut between = params("127.0.0.1");
    between.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let mut client = params("127.0.0.1");
    client.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
    for (params, detail) in [
        (between, "it is the certificate of an authority and not of a server"),
        (client, "it is not for servers, by its extended key usage"),
    ] {
        let made = params.signed_by(&key, &ca).unwrap();
        let server = Https::start(vec![made.der().clone()], &key).await;
        let told = told(&trusting(&server, &ca.pem()).await.unwrap_err());
        check(&told, Cause::BadCertificate, detail);
        assert!(!told.1.contains("Error") && !told.1.contains("Used"), "{}", told.1);
        trusting(&server, &made.pem()).await.unwrap();
    }
}

/// Of X.509 version 1: `openssl x509 -req` makes it where it is told of no extensions.
#[tokio::test]
async fn a_certificate_of_version_1() {
    let key = KeyPair::generate().unwrap();
    let made = CertificateParams::default().self_signed(&key).unwrap();
    let der = version_1(made.der());
    let server = Https::start(vec![der], &key).await;
    let told = told(&health(server.infobase()).await.unwrap_err());
    check(&told, Cause::OldCertificate, "");
    assert!(!told.1.contains("Unsupported"), "{}", told.1);
    health(server.infobase().trust_anybody()).await.unwrap();
}

/// The certificate without the version and what only version 3 has. Nobody gets as far as its signature.
fn version_1(der: &[u8]) -> CertificateDer<'static> {
    // Tag, length and content of the value at the beginning, and what follows it.
    fn split(der: &[u8]) -> (&[u8], &[u8], &[u8]) {
        let (header, length) = match der[1] {
            short @ 0..=0x7f => (2, usize::from(short)),
            0x81 => (3, usize::from(der[2])),
            0x82 => (4, usize::from(u16::from_be_bytes([der[2], der[3]]))),
            other => panic!("{other}"),
        };
        (&der[..header + length], &der[header..header + length], &der[header + length..])
    }
    fn sequence(content: &[u8]) -> Vec<u8> {
        let header = match u16::try_from(content.len()).unwrap().to_be_bytes() {
            [0, short @ 0..=0x7f] => vec![0x30, short],
            [0, length] => vec![0x30, 0x81, length],
            [high, low] => vec![0x30, 0x82, high, low],
        };
        [&header, content].concat()
    }
    let (_, whole, _) = split(der);
    let (_, mut fields, signature) = split(whole);
    let mut kept = Vec::new();
    while !fields.is_empty() {
        let (field, _, rest) = split(fields);
        // Tags of the context: the version and the extensions.
        if field[0] & 0xe0 != 0xa0 {
            kept.extend_from_slice(field);
        }
        fields = rest;
    }
    CertificateDer::from(sequence(&[&sequence(&kept), signature].concat()))
}

#[tokio::test]
async fn a_certificate_out_of_its_time() {
    for (from, to, cause, detail) in
        [(2020, 2021, Cause::ExpiredCertificate, "days ago"), (2090, 2091, Cause::FutureCertificate, "days from now")]
    {
        let mut params = params("127.0.0.1");
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(to, 1, 1);
        let (server, pem) = self_signed(params).await;
        check(&told(&health(server.infobase()).await.unwrap_err()), cause, detail);
        check(&told(&trusting(&server, &pem).await.unwrap_err()), cause, detail);
        health(server.infobase().trust_anybody()).await.unwrap();
    }
}

#[tokio::test]
async fn a_certificate_of_an_authority() {
    let mut ca = params("ca.example");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.distinguished_name.push(rcgen::DnType::CommonName, "authority");
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let made = params("127.0.0.1").signed_by(&key, &ca).unwrap();
    let server = Https::start(vec![made.der().clone()], &key).await;
    check(&told(&health(server.infobase()).await.unwrap_err()), Cause::UntrustedCertificate, "");
    trusting(&server, &ca.pem()).await.unwrap();
    // The certificate itself is as good.
    trusting(&server, &made.pem()).await.unwrap();

    let made = params("server.example").signed_by(&key, &ca).unwrap();
    let server = Https::start(vec![made.der().clone()], &key).await;
    check(&told(&trusting(&server, &ca.pem()).await.unwrap_err()), Cause::ForeignCertificate, "server.example");
    trusting(&server, &made.pem()).await.unwrap();
}

#[test]
fn what_is_no_certificate() {
    let infobase = || Infobase::new("https://h/b").unwrap();
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for pem in ["", "no certificate", broken, "-----BEGIN CERTIFICATE-----\nAAAA\n"] {
        assert!(matches!(infobase().trust(pem), Err(InfobaseError::Authority)), "{pem}");
    }
    let pem = rcgen::generate_simple_self_signed(vec!["h".to_owned()]).unwrap().cert.pem();
    assert!(!format!("{:?}", infobase().trust(pem).unwrap()).contains("CertificateDer"), "Debug is short");
}

#[tokio::test]
async fn a_tls_connection_is_kept() {
    let (server, pem) = self_signed(params("127.0.0.1")).await;
    let service = OneCService::new(server.infobase().trust(pem).unwrap()).unwrap();
    for _ in 0..150 {
        service.health().await.unwrap();
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn https_to_a_port_of_plain_http() {
    for answer in ["HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n", "<html>"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let infobase = Infobase::new(&format!("https://{}/base", listener.local_addr().unwrap())).unwrap();
        let server = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        check(&failed(&OneCService::new(infobase.trust_anybody()).unwrap()).await, Cause::NoTls, "corrupt message");
        server.abort();
    }
}

#[tokio::test]
async fn a_server_that_ends_the_handshake() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let infobase = Infobase::new(&format!("https://{}/base", listener.local_addr().unwrap())).unwrap();
    let server = tokio::spawn(async move {
        for alert in [&b""[..], b"\x15\x03\x03\x00\x02\x02\x28"] {
            // Each is asked twice: it may pass.
            for _ in 0..2 {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(alert).await;
            }
        }
    });
    let service = OneCService::new(infobase.trust_anybody()).unwrap();
    for detail in ["eof", "HandshakeFailure"] {
        check(&failed(&service).await, Cause::Handshake, detail);
    }
    server.await.unwrap();
}

#[tokio::test]
async fn plain_http_to_a_port_of_https() {
    // Words of nginx, Apache and Go.
    for said in [
        "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>",
        "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />\n Instead use the HTTPS scheme",
        "Client sent an HTTP request to an HTTPS server.",
    ] {
        let server = Faulty::start([status(400, said)]).await;
        let told = failed(&server.service()).await;
        check(&told, Cause::OnlyTls, "");
    }
    // Whoever else speaks TLS sends an alert.
    let (server, _) = self_signed(params("127.0.0.1")).await;
    let service = OneCService::new(infobase(server.addr)).unwrap();
    let error = ask(&service, tool()).await.unwrap_err();
    check(&told(&error), Cause::OnlyTls, "");
    assert_eq!(Error::find(&*error).unwrap().kind(), &ErrorKind::Unreachable, "nothing ran");
}

/// Some say nothing at all: what is left is the port.
#[tokio::test]
async fn silence_at_a_port_of_https() {
    let port = |number: u16| ([127, 0, 0, 1], number * 1000 + 443).into();
    let addr: SocketAddr = (1..32).map(port).find(|addr| std::net::TcpListener::bind(addr).is_ok()).expect("a port");
    for act in [Act::Reset, Act::Raw(Vec::new())] {
        let server = Faulty::on(addr, [act]).await;
        let service = server.service();
        let error = ask(&service, tool()).await.unwrap_err();
        check(&told(&error), Cause::PerhapsTls, "");
        assert_eq!(Error::find(&*error).unwrap().kind(), &ErrorKind::Broken, "who knows");
        check(&told(&service.health().await.unwrap_err()), Cause::PerhapsTls, "");
        server.stop().await;
    }
    // Who has answered speaks plain http.
    let server = Faulty::on(addr, [fault::ok(r#"{"status":"ok"}"#), Act::Reset]).await;
    let service = server.service();
    service.health().await.unwrap();
    assert_eq!(failed(&service).await.0, None);
}

/// The base is the right one: it answers elsewhere.
#[tokio::test]
async fn a_path_that_is_not_there() {
    let well = || fault::ok(r#"{"status":"ok"}"#);
    let call = || onec_mcp::onec::RestCall::new("отчёты/rates", "{}");
    let rest =
        async |service: &OneCService| told(&tower::ServiceExt::oneshot(service.rest(), call()).await.unwrap_err());
    for missing in
        [status(404, ""), status(404, "<html><title>Not Found</title>"), status(404, r#"{"error":"not_found"}"#)]
    {
        let server = Faulty::start([well(), missing.clone()]).await;
        let service = server.service();
        service.health().await.unwrap();
        let told = rest(&service).await;
        check(&told, Cause::NoPath, "(404; /base/hs/mcp/отчёты/rates)");
        assert!(!told.2.contains("case matters"), "{}", told.2);
        check(&failed(&service).await, Cause::NoPath, "/base/hs/mcp/rpc");
        // Nothing answers any more.
        service.health().await.unwrap_err();
        assert_eq!(rest(&service).await.0, None);
        // Nothing has answered yet.
        let told = rest(&Faulty::start([missing]).await.service()).await;
        assert!(told.0.is_none() && told.1.contains("case matters"), "{told:?}");
    }
    let server = Faulty::start([well(), status(404, "")]).await;
    let service = server.service();
    service.health().await.unwrap();
    let error = tower::ServiceExt::oneshot(service.rest(), call()).await.unwrap_err();
    let uri = Error::find(&*error).unwrap().uri().unwrap().to_string();
    assert!(
        uri.starts_with("http://") && uri.ends_with("/base/hs/mcp/%D0%BE%D1%82%D1%87%D1%91%D1%82%D1%8B/rates"),
        "{uri}"
    );
    let error = ask(&service, tool()).await.unwrap_err();
    assert_eq!(Error::find(&*error).unwrap().tool(), Some("проводка"));
}

#[tokio::test]
async fn no_such_host_and_nobody_there() {
    let service = OneCService::new(Infobase::new("http://no-such-host.invalid/base").unwrap()).unwrap();
    check(&failed(&service).await, Cause::NoSuchHostError, "(");
    // A port that is taken, so that nobody else gets it, but not listened on.
    let port = TcpSocket::new_v4().unwrap();
    port.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let service = OneCService::new(infobase(port.local_addr().unwrap())).unwrap();
    check(&failed(&service).await, Cause::Refused, "refused (");
}

/// An answer with headers of its own.
fn answer(status: u16, headers: &str, body: &str) -> Act {
    let length = body.len();
    Act::Raw(format!("HTTP/1.1 {status} Any\r\n{headers}content-length: {length}\r\n\r\n{body}").into())
}

#[tokio::test]
async fn redirects() {
    for code in [301, 302, 303, 307, 308] {
        for (to, cause, detail) in [
            ("https://127.0.0.1/base/hs/mcp/rpc?state=secret#x", Cause::RedirectToHttps, "https://127.0.0.1/base"),
            ("https://127.0.0.1:8443/", Cause::RedirectToHttps, "https://127.0.0.1:8443/"),
            ("https://sso.example.com/login?state=secret", Cause::Redirect, "https://sso.example.com/login"),
            ("https://other.example/base/hs/mcp/rpc", Cause::Redirect, "https://other.example/base/hs/mcp/rpc"),
            ("//other.example/Base/hs/mcp/rpc", Cause::Redirect, "http://other.example/Base"),
            ("/Base/hs/mcp/rpc", Cause::RedirectCase, "/Base/hs/mcp/rpc"),
            ("/login?back=%2Fbase", Cause::Redirect, "/login"),
            ("http://user:secret@other.example/%D0%B0", Cause::Redirect, "http://other.example/а"),
        ] {
            let page = "<html>The document has moved <a href=\"https://1c.example/\">here</a></html>";
            let server = Faulty::start([answer(code, &format!("Location: {to}\r\n"), page)]).await;
            let told = failed(&server.service()).await;
            check(&told, cause, detail);
            assert!(told.1.contains(&code.to_string()) && !told.1.contains("secret"), "{told:?}");
            assert!(!told.2.contains("moved") && !told.2.contains("1c.example"), "{told:?}");
        }
        // Without an address there is nothing to tell.
        let server = Faulty::start([answer(code, "", "")]).await;
        assert_eq!(failed(&server.service()).await.0, None);
    }
}

const SAID: [(Cause, &str); 14] = [
    (Cause::NoLicence, "Не обнаружено свободной лицензии!"),
    (Cause::NoLicence, "Не найдена лицензия. Не обнаружен ключ защиты программы"),
    (Cause::NoLicence, "License not found"),
    (Cause::Blocked, "Начало сеанса с информационной базой запрещено.\r\nОбновление до 12:00"),
    (Cause::Blocked, "Startup of infobase session is not allowed."),
    (Cause::Blocked, "Error: session start is forbidden"),
    (Cause::Versions, "Различаются версии клиента и сервера (8.3.27.1719 - 8.3.27.2130), клиентское приложение: 1CV8"),
    (Cause::SessionHeader, "Не указан заголовок управления сеансами или куки с идентификатором сеанса"),
    (Cause::Descriptor, "Ошибка при разборе дескриптора виртуальных ресурсов"),
    (Cause::NoDatabase, "Database server not found"),
    (Cause::NoDatabase, "Сервер баз данных не обнаружен"),
    (Cause::NoInfobase, "Информационная база не обнаружена"),
    (Cause::DiskFull, "Unrecoverable error by reason: No space left on device"),
    (Cause::Versions, "1C:Enterprise 8 application error: Client and server versions differ"),
];

#[tokio::test]
async fn words_of_1c_inside_any_status() {
    for (cause, said) in SAID {
        for code in [200, 400, 401, 402, 403, 404, 406, 500, 503] {
            let page = format!("\u{feff}<html><title>1C:Enterprise 8 application error</title><p>{said}</p></html>");
            for body in [said.to_owned(), page] {
                let server = Faulty::start([status(code, body)]).await;
                let told = failed(&server.service()).await;
                check(&told, cause, "");
                assert_eq!(told.1.contains(&code.to_string()), code != 200, "{told:?}");
            }
        }
    }
    // It is a conflict of versions in any words.
    let server = Faulty::start([status(409, "?")]).await;
    check(&failed(&server.service()).await, Cause::Versions, "");
}

#[tokio::test]
async fn a_blocked_infobase_is_no_wrong_login() {
    for (cause, said) in SAID {
        for code in [401, 403] {
            let server = Faulty::start([status(code, said)]).await;
            let service = server.service();
            let user = Credentials::new("Иван", "");
            check(&told(&service.log_in(&user).await.unwrap_err()), cause, "");
            check(&told(&service.asks_for_login().await.unwrap_err()), cause, "");
            check(&told(&service.health().await.unwrap_err()), cause, "");
        }
    }
}

#[tokio::test]
async fn logins_of_another_kind() {
    for (offers, cause) in [
        ("WWW-Authenticate: Negotiate\r\nWWW-Authenticate: NTLM\r\n", Some(Cause::WindowsLogin)),
        ("WWW-Authenticate: NTLM\r\n", Some(Cause::WindowsLogin)),
        ("WWW-Authenticate: negotiate, ntlm\r\n", Some(Cause::WindowsLogin)),
        ("WWW-Authenticate: Digest realm=\"a\", nonce=\"b\"\r\n", Some(Cause::OtherLogin)),
        ("WWW-Authenticate: Bearer realm=\"a\"\r\n", Some(Cause::OtherLogin)),
        ("WWW-Authenticate: Negotiate\r\nWWW-Authenticate: Basic realm=\"1C:Enterprise 8.5\"\r\n", None),
        ("WWW-Authenticate: NTLM, Basic realm=\"1C\"\r\n", None),
        ("", None),
    ] {
        let server = Faulty::start([answer(401, offers, "")]).await;
        let told = failed(&server.service()).await;
        match cause {
            Some(cause) => check(&told, cause, "it offers "),
            None => assert_eq!(told.0, None, "{offers}: {told:?}"),
        }
    }
}

#[tokio::test]
async fn nothing_ran_where_nothing_changes() {
    for act in [Act::Reset, Act::Raw(Vec::new())] {
        let server = Faulty::start([act]).await;
        let service = server.service();
        let (_, tool, _) = failed(&service).await;
        assert!(tool.contains("may have run"), "{tool}");
        let (_, list, short) = told(&ask(&service, list()).await.unwrap_err());
        let (_, health, _) = told(&service.health().await.unwrap_err());
        for text in [list, short, health] {
            assert!(text.starts_with("1C broke the connection") && !text.contains("may have run"), "{text}");
        }
    }
}

/// The log, `check`, clients and the documentation say it in the same words.
#[test]
fn the_readme_knows_every_cause() {
    for (name, text) in
        [("README.md", include_str!("../../README.md")), ("README.ru.md", include_str!("../../README.ru.md"))]
    {
        for cause in Cause::ALL {
            assert!(text.contains(&format!("\n| {} | ", cause.what())), "{name} lacks \"{}\"", cause.what());
        }
    }
}
