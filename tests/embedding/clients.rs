//! The official Rust SDK logs in, lists and calls at both infobases. Those for Python and TypeScript do in
//! `.ci/clients`.

use crate::lab::Served;
use rmcp::ServiceExt;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::auth::{AuthClient, AuthorizationRequest, OAuthState};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use serde_json::{Value, json};
use url::Url;

/// Where the browser is sent back to. Nobody listens: what matters is in the address.
const CALLBACK: &str = "http://127.0.0.1:9/callback";

/// The value of an attribute of a tag.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let text = rest.split_once('"')?.0;
    Some(text.replace("&quot;", "\"").replace("&#34;", "\"").replace("&#38;", "&").replace("&amp;", "&"))
}

/// Opens the login page and sends its form, as a browser does; the address that the user is sent to.
async fn log_in(page: &str, user: &str, password: &str) -> String {
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let answer = browser.get(page).header("accept", "text/html").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let cookies: Vec<_> =
        answer.headers().get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap()).collect();
    let cookies = cookies.iter().map(|cookie| cookie.split(';').next().unwrap()).collect::<Vec<_>>().join("; ");
    let html = answer.text().await.unwrap();
    let form = html.split_once("<form").expect("a form").1;
    let mut fields = url::form_urlencoded::Serializer::new(String::new());
    for input in form.split("<input").skip(1).map(|rest| rest.split('>').next().unwrap()) {
        let name = attribute(input, "name").expect("a name");
        let value = match &*name {
            "username" => user.to_owned(),
            "password" => password.to_owned(),
            _ => attribute(input, "value").unwrap_or_default(),
        };
        fields.append_pair(&name, &value);
    }
    // The first button.
    fields.append_pair("action", "allow");
    let page = Url::parse(page).unwrap();
    let action = page.join(&attribute(form, "action").expect("an action")).unwrap();
    let answer = browser
        .post(action)
        .header("cookie", cookies)
        .header("origin", page.origin().ascii_serialization())
        .header("content-type", "application/x-www-form-urlencoded")
        .body(fields.finish())
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_redirection(), "{answer:?}");
    answer.headers()["location"].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn rmcp_logs_in_lists_and_calls() {
    let served = Served::start().await;
    let user = served.user();
    for prefix in ["/api/v1/1c/trade", "/api/v1/1c/payroll"] {
        let url = format!("{}{prefix}/mcp", served.base);
        let mut login = OAuthState::new(&*url, None).await.unwrap();
        let request = AuthorizationRequest::new(CALLBACK).with_client_name("rmcp");
        login.start_authorization(request).await.unwrap();
        let page = login.get_authorization_url().await.unwrap();
        assert!(page.starts_with(&format!("{}{prefix}/authorize?", served.base)), "{page}");
        let back = log_in(&page, user.name, user.password).await;
        login.handle_callback_url(&back).await.unwrap();

        let client = AuthClient::new(reqwest::Client::new(), login.into_authorization_manager().expect("a login"));
        let config = StreamableHttpClientTransportConfig::with_uri(url);
        let client = ().serve(StreamableHttpClientTransport::with_client(client, config)).await.unwrap();
        let tools = client.list_all_tools().await.unwrap();
        assert!(tools.iter().any(|tool| tool.name == "whoami"), "{tools:?}");
        let params = serde_json::from_value(json!({ "name": "whoami", "arguments": {} })).unwrap();
        let who = serde_json::to_value(client.call_tool(params).await.unwrap()).unwrap();
        let text = who.pointer("/content/0/text").and_then(Value::as_str).unwrap();
        assert!(text.contains(user.name), "{who}");
        client.cancel().await.unwrap();
    }
}
