//! Parses `client_id`s that are URLs
//! ([draft-ietf-oauth-client-id-metadata-document, section 3](https://datatracker.ietf.org/doc/html/draft-ietf-oauth-client-id-metadata-document-00#section-3)).

use super::MetadataError;
use url::Url;

/// The longest URL: in a longer one, users could not recognise the host.
const MAX_LENGTH: usize = 2048;

/// Whether a `client_id` is meant as the URL of a metadata document. Ids that this server issues never look so.
pub(crate) fn is_metadata_url(client_id: &str) -> bool {
    client_id.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
}

/// Parses the URL of a metadata document: https with a path, without fragment, user or password. A port and a query are
/// allowed.
pub(super) fn parse(client_id: &str) -> Result<Url, MetadataError> {
    if client_id.len() > MAX_LENGTH {
        return Err(MetadataError::Url("it is too long"));
    }
    let url = Url::parse(client_id).map_err(|_| MetadataError::Url("it cannot be read as a URL"))?;
    let problem = if url.scheme() != "https" {
        Some("it must begin with https://")
    } else if url.fragment().is_some() {
        Some("it has a fragment")
    } else if !url.username().is_empty() || url.password().is_some() {
        Some("it has a user name")
    } else if url.path() == "/" {
        Some("it has no path")
    } else if url.as_str() != client_id {
        // The id is compared byte for byte, so the URL must be in its normal form. This also refuses dot segments,
        // encoded ones too, empty names, and disguised hosts.
        Some("it is not in its normal form")
    } else {
        None
    };
    problem.map_or(Ok(url), |problem| Err(MetadataError::Url(problem)))
}

/// Parses the URL of a key set: https, without fragment, user or password.
pub(super) fn parse_keys(text: &str) -> Result<Url, MetadataError> {
    let url = (text.len() <= MAX_LENGTH).then(|| Url::parse(text).ok()).flatten();
    let good = |url: &Url| {
        url.scheme() == "https" && url.fragment().is_none() && url.username().is_empty() && url.password().is_none()
    };
    url.filter(good).ok_or_else(|| MetadataError::Document("its jwks_uri is no https URL".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted() {
        for id in [
            "https://app.example.com/client.json",
            "https://app.example.com:8443/oauth/client",
            "https://app.example.com/client?v=1",
            "https://app.example.com/a/",
            "https://xn--e1afmkfd.example/%D0%B8",
            "https://93.184.216.34/client",
            "https://[2606:4700::1]/client",
            "https://h/..a/b..c/.d",
        ] {
            assert_eq!(parse(id).map(String::from).as_deref(), Ok(id));
            assert!(is_metadata_url(id));
        }
    }

    #[test]
    fn refused() {
        for id in [
            "https://app.example.com",
            "https://app.example.com/",
            "https://app.example.com/?a",
            "http://app.example.com/c",
            "HTTPS://app.example.com/c",
            "ftp://app.example.com/c",
            "https:/app.example.com/c",
            "https:app.example.com/c",
            "https:///app.example.com/c",
            "https://user@app.example.com/c",
            "https://user:p@app.example.com/c",
            "https://@app.example.com/c",
            "https://:@app.example.com/c",
            "https://app.example.com/c#f",
            "https://app.example.com/c#",
            "https://app.example.com/./c",
            "https://app.example.com/a/../c",
            "https://app.example.com/a/..",
            "https://app.example.com/a/%2e%2E/c",
            "https://app.example.com/a/.%2e/c",
            "https://app.example.com/%2e/c",
            "https://app.example.com\\c",
            "https://app.example.com/a\\..\\c",
            "https://app.example.com:443/c",
            "https://app.example.com:/c",
            "https://app.example.com:99999/c",
            "https://App.example.com/c",
            "https://пример.example/c",
            "https://ａpp.example/c",
            "https://0x7f.1/c",
            "https://2130706433/c",
            "https://127.1/c",
            "https://[::ffff:127.0.0.1]/c",
            "https://[fe80::1%25eth0]/c",
            "https://app.example.com/c d",
            " https://app.example.com/c",
            "https://app.example.com/c\n",
            "https://app.exa\tmple.com/c",
            "https://app.example.com/\u{0}",
            "https://",
            "https:///",
            "",
            "mcp-public-client",
            "javascript:alert(1)//https://h/c",
        ] {
            assert!(matches!(parse(id), Err(MetadataError::Url(_))), "{id:?}");
        }
        for keys in ["http://h/k", "https://u@h/k", "https://h/k#f", "file:///k", "https://", "", "k"] {
            assert!(parse_keys(keys).is_err(), "{keys}");
        }
        assert!(parse_keys("https://h").is_ok() && parse_keys("https://h:8443/k?v=1").is_ok());
        let long = format!("https://h/{}", "a".repeat(MAX_LENGTH));
        assert!(parse_keys(&long).is_err());
        assert_eq!(parse(&long), Err(MetadataError::Url("it is too long")));
        for id in ["", "https:/", "http://h/c", "mcp-public-client", "привет мир", "httpsэ//h"] {
            assert!(!is_metadata_url(id), "{id}");
        }
    }
}
