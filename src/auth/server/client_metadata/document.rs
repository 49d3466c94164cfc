//! Parses metadata documents
//! ([section 4.1 of the draft](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document-00#section-4.1)).

use super::authentication::{Authentication, Members};
use super::error::MetadataError;
use crate::auth::clock::Timestamp;
use crate::auth::server::redirect;
use crate::auth::store::Client;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The members that are read; others are ignored, and a repeated one is an error. MCP requires the first three
/// ([2026-07-28, client ID metadata documents](https://modelcontextprotocol.io/specification/2026-07-28/basic/authorization/client-registration)).
#[derive(Deserialize)]
struct Document {
    client_id: String,
    client_name: String,
    redirect_uris: Vec<String>,
    client_secret: Option<IgnoredAny>,
    client_secret_expires_at: Option<IgnoredAny>,
}

/// A client, and how it may authenticate.
#[derive(Debug)]
pub(crate) struct Described {
    pub(crate) client: Client,
    pub(crate) authentication: Authentication,
}

/// Returns the client of the document at `url`, fetched at `now`.
pub(super) fn read(url: &str, json: &[u8], now: Timestamp) -> Result<Described, MetadataError> {
    let document: Document = serde_json::from_slice(json).map_err(|error| fault(describe(&error)))?;
    if document.client_id != url {
        return Err(fault("its client_id is not its URL"));
    }
    if document.client_secret.is_some() || document.client_secret_expires_at.is_some() {
        return Err(fault("a client with a public document can have no secret"));
    }
    if document.redirect_uris.is_empty() {
        return Err(fault("redirect_uris is empty"));
    }
    if document.redirect_uris.iter().any(|uri| redirect::check(uri).is_err()) {
        return Err(fault("one of the redirect_uris is not allowed"));
    }
    if document.client_name.trim().is_empty() {
        return Err(fault("client_name is empty"));
    }
    let authentication = authentication(json)?;
    let (id, name, redirect_uris) = (document.client_id, Some(document.client_name), document.redirect_uris);
    Ok(Described { client: Client { id, name, redirect_uris, registered: now }, authentication })
}

fn authentication(json: &[u8]) -> Result<Authentication, MetadataError> {
    let members: Members = serde_json::from_slice(json).map_err(|error| fault(describe(&error)))?;
    members.read()
}

fn fault(problem: impl Into<String>) -> MetadataError {
    MetadataError::Document(problem.into())
}

/// Describes an error. Since serde can quote the document, which a stranger wrote, errors of shape name only the place.
fn describe(error: &serde_json::Error) -> String {
    let place = format!("line {}, column {}", error.line(), error.column());
    match error.classify() {
        serde_json::error::Category::Data => {
            format!("a member is missing, repeated or of the wrong type ({place})")
        }
        _ => format!("it is not JSON ({place})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://app.example.com/client.json";

    fn parse(json: &str) -> Result<Client, MetadataError> {
        read(URL, json.as_bytes(), 7).map(|described| described.client)
    }

    fn with(members: &str) -> Result<Client, MetadataError> {
        let name = if members.contains("client_name") { "" } else { r#","client_name":"App""# };
        parse(&format!(r#"{{"client_id":"{URL}","redirect_uris":["http://127.0.0.1/cb"]{name}{members}}}"#))
    }

    #[test]
    fn the_least() {
        let client = with("").unwrap();
        let redirect_uris = vec!["http://127.0.0.1/cb".to_owned()];
        assert_eq!(client, Client { id: URL.to_owned(), name: Some("App".to_owned()), redirect_uris, registered: 7 });
    }

    #[test]
    fn the_rest() {
        let client = with(
            r#","client_name":"Чат <b>","token_endpoint_auth_method":"none","logo_uri":"https://a/l.png",
               "grant_types":["authorization_code"],"x":{"y":[1,null,{}]},"jwks":{"keys":[]}"#,
        );
        assert_eq!(client.unwrap().name.as_deref(), Some("Чат <b>"));
        assert!(with(r#","client_secret":null"#).is_ok());
    }

    fn authentication(members: &str) -> Result<Authentication, MetadataError> {
        let json =
            format!(r#"{{"client_id":"{URL}","redirect_uris":["http://127.0.0.1/cb"],"client_name":"App"{members}}}"#);
        read(URL, json.as_bytes(), 7).map(|described| described.authentication)
    }

    /// Covers RFC 7591, section 2, and the lists of methods that documents have beside it.
    #[test]
    fn how_a_client_may_authenticate() {
        const AT: &str = r#","jwks_uri":"https://app.example.com/keys""#;
        for (members, required, keys) in [
            (String::new(), false, false),
            (r#","token_endpoint_auth_method":"none""#.to_owned(), false, false),
            (r#","token_endpoint_auth_method":null,"jwks":null"#.to_owned(), false, false),
            (AT.to_owned(), false, true),
            (format!(r#","token_endpoint_auth_method":"none"{AT}"#), false, false),
            (format!(r#","token_endpoint_auth_method":"private_key_jwt"{AT}"#), true, true),
            (r#","token_endpoint_auth_method":"private_key_jwt","jwks":{"keys":[]}"#.to_owned(), true, true),
            // The document that ChatGPT publishes.
            (
                format!(
                    r#","token_endpoint_auth_method":"private_key_jwt","token_endpoint_auth_signing_alg":"RS256",
                       "token_endpoint_auth_methods_supported":["none","private_key_jwt"]{AT}"#
                ),
                false,
                true,
            ),
            (r#","token_endpoint_auth_methods_supported":["tls_client_auth","none"]"#.to_owned(), false, false),
            (r#","token_endpoint_auth_methods_supported":["none","private_key_jwt"]"#.to_owned(), false, false),
            (format!(r#","token_endpoint_auth_methods":["x","private_key_jwt"]{AT}"#), true, true),
            (
                format!(
                    r#","token_endpoint_auth_method":"none","token_endpoint_auth_methods_supported":["private_key_jwt"]{AT}"#
                ),
                true,
                true,
            ),
        ] {
            let read = authentication(&members).unwrap_or_else(|error| panic!("{members}: {error}"));
            assert_eq!((read.is_required(), read.keys.is_some()), (required, keys), "{members}");
        }
        for (members, named) in [
            (r#","token_endpoint_auth_method":"tls_client_auth""#.to_owned(), "(tls_client_auth)"),
            (
                r#","token_endpoint_auth_method":"self_signed_tls_client_auth""#.to_owned(),
                "(self_signed_tls_client_auth)",
            ),
            (r#","token_endpoint_auth_method":"client_secret_jwt""#.to_owned(), "(client_secret_jwt)"),
            (r#","token_endpoint_auth_method":"""#.to_owned(), "none and private_key_jwt"),
            (r#","token_endpoint_auth_method":"call 555-1234""#.to_owned(), "none and private_key_jwt"),
            (r#","token_endpoint_auth_methods_supported":[]"#.to_owned(), "none and private_key_jwt"),
            (r#","token_endpoint_auth_methods_supported":["tls_client_auth","x"]"#.to_owned(), "(tls_client_auth)"),
            (r#","token_endpoint_auth_method":"private_key_jwt""#.to_owned(), "publishes no keys"),
            (
                format!(
                    r#","token_endpoint_auth_method":"private_key_jwt","token_endpoint_auth_signing_alg":"HS256"{AT}"#
                ),
                "algorithm",
            ),
        ] {
            let error = authentication(&members).unwrap_err();
            assert!(matches!(error, MetadataError::Authentication(_)), "{members}: {error}");
            let error = error.to_string();
            assert!(error.contains(named) && !error.contains("555"), "{members}: {error}");
        }
        for members in [
            format!(r#","token_endpoint_auth_method":"private_key_jwt","jwks":{{"keys":[]}}{AT}"#),
            r#","token_endpoint_auth_method":"private_key_jwt","jwks_uri":"http://app.example.com/keys""#.to_owned(),
            r#","token_endpoint_auth_methods_supported":"none""#.to_owned(),
            r#","token_endpoint_auth_method":["none"]"#.to_owned(),
        ] {
            let error = authentication(&members).unwrap_err();
            assert!(!matches!(error, MetadataError::Authentication(_)), "{members}: {error}");
        }
    }

    /// By RFC 7518, section 6, a key whose private part is public cannot be trusted, whatever the client does with it.
    #[test]
    fn private_keys_spoil_the_document() {
        for private in [
            r#"{"kty":"RSA","n":"AQ","e":"AQAB","d":"AQ"}"#,
            r#"{"kty":"RSA","n":"AQ","e":"AQAB","p":"AQ"}"#,
            r#"{"kty":"RSA","n":"AQ","e":"AQAB","oth":[]}"#,
            r#"{"kty":"EC","crv":"P-256","x":"AQ","y":"AQ","d":"AQ"}"#,
            r#"{"kty":"OKP","crv":"Ed25519","x":"AQ","d":"AQ"}"#,
            r#"{"kty":"oct","k":"AQ"}"#,
            r#"{"kty":"later","d":"AQ"}"#,
        ] {
            for method in ["none", "private_key_jwt"] {
                let members = format!(r#","token_endpoint_auth_method":"{method}","jwks":{{"keys":[{private}]}}"#);
                let error = authentication(&members).unwrap_err().to_string();
                assert!(error.contains("private keys"), "{error}");
            }
        }
        for odd in ["1", "{}", r#"{"keys":1}"#, r#"{"keys":[1]}"#, r#"{"keys":[{"d":1,"d":2}]}"#, "[]"] {
            assert!(authentication(&format!(r#","jwks":{odd}"#)).is_err(), "{odd}");
        }
    }

    /// Covers MCP 2025-11-25 and MCP 2026-07-28, "Client ID Metadata Documents".
    #[test]
    fn refused() {
        for secret in [
            r#","token_endpoint_auth_method":"client_secret_post""#,
            r#","token_endpoint_auth_method":"client_secret_basic""#,
            r#","token_endpoint_auth_method":"client_secret_jwt""#,
            r#","client_secret":"s""#,
            r#","client_secret_expires_at":0"#,
        ] {
            let error = with(secret).unwrap_err();
            assert!(error.to_string().contains("no secret"), "{secret}: {error}");
        }
        for json in [
            "",
            "null",
            "[]",
            "\"\"",
            "{}",
            "{",
            "\u{feff}{}",
            r#"{"client_id":1}"#,
            r#"{"client_name":"A","redirect_uris":["https://a/b"]}"#,
            r#"{"client_id":"https://app.example.com/client.json","redirect_uris":["https://a/b"]}"#,
            r#"{"client_name":null,"client_id":"https://app.example.com/client.json","redirect_uris":["https://a/b"]}"#,
            r#"{"client_name":" ","client_id":"https://app.example.com/client.json","redirect_uris":["https://a/b"]}"#,
            r#"{"client_name":"A","client_id":"https://app.example.com/client.json"}"#,
            r#"{"client_name":"A","client_id":"https://app.example.com/client.json","redirect_uris":[]}"#,
            r#"{"client_name":"A","client_id":"https://app.example.com/client.json","redirect_uris":"https://a/b"}"#,
            r#"{"client_name":"A","client_id":"https://app.example.com/client.json","redirect_uris":[null]}"#,
            r#"{"client_name":"A","client_id":"https://app.example.com/client.json","redirect_uris":["javascript:x"]}"#,
            r#"{"client_name":"A","client_id":"https://app.example.com/client.json","redirect_uris":["https://a/b","http://a/b"]}"#,
            r#"{"client_name":"A","client_id":"https://app.example.com/client.JSON","redirect_uris":["https://a/b"]}"#,
            r#"{"client_name":"A","client_id":"https://app.example.com/client.json/","redirect_uris":["https://a/b"]}"#,
            r#"{"client_name":"A","client_id":"https://app.example.com:443/client.json","redirect_uris":["https://a/b"]}"#,
        ] {
            assert!(matches!(parse(json), Err(MetadataError::Document(_))), "{json}");
        }
        assert!(with(&format!(r#","client_id":"{URL}""#)).is_err(), "twice the same member");
        assert!(with("}{").is_err(), "something after it");
        assert!(read(URL, b"{\"client_id\":\"\xff\"}", 0).is_err(), "not UTF-8");
        let deep = format!(r#","x":{}{}"#, "[".repeat(7_000), "]".repeat(7_000));
        assert!(with(&deep).is_ok(), "depth costs no stack");
    }

    /// Errors must not put words of a document into the page that shows them.
    #[test]
    fn errors_quote_nothing() {
        let error = parse(r#"{"client_id":["call 555-1234"]}"#).unwrap_err().to_string();
        assert!(!error.contains("555"), "{error}");
        let error = with(r#","redirect_uris":"call 555-1234""#).unwrap_err().to_string();
        assert!(!error.contains("555"), "{error}");
    }
}
