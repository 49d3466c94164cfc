//! Tests that a store returns what was put into it.

use super::super::{Client, Found, Token, TokenKind, TokenStore};
use super::kit::{
    ContractError, NOW, answered, hold, new_code, new_grant, new_pair, new_token, none_is_found, same, unique,
};
use crate::auth::Timestamp;
use crate::identity::Scopes;

/// Checks that a client is found as it was put, by its exact id, and that another one with its id replaces it.
///
/// # Errors
/// Returns the first promise that is broken.
pub async fn clients_are_kept<S: TokenStore>(first: &S, second: &S) -> Result<(), ContractError> {
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

/// Checks that any name of a user or client, and any redirect URI, is returned unchanged.
///
/// # Errors
/// Returns the first promise that is broken.
pub async fn any_text_survives<S: TokenStore>(first: &S, second: &S) -> Result<(), ContractError> {
    const RULE: &str = "a grant and its tokens are found as they were put";
    for text in ["onec:Иван Петров", "o'Brien\"; --", "%_\\", "e\u{301} 🦀 \u{202e}", "a\r\n\tb", ""] {
        let mut grant = new_grant(text);
        grant.client = format!("https://client.example/{text}{}", grant.client);
        grant.scopes = Scopes::default();
        grant.confidential = text.is_empty();
        let kind = TokenKind::Code { redirect_uri: Some(format!("app:/{text}")), challenge: text.to_owned() };
        let mut token = Token { scopes: Scopes::default(), sealed: None, ..new_token(&grant, kind) };
        if text.is_empty() {
            (token.sealed, token.expires) = (Some(Vec::new()), Timestamp::MAX);
        }
        answered(first.put_grant(grant.clone(), vec![token.clone()]).await)?;
        let found = answered(second.find(&token.digest).await)?;
        same(RULE, &found, &Some(Found { token, grant, used: false, grace_ends: None }))?;
    }
    Ok(())
}

/// Checks that codes and tokens are found, even after they have expired, and that nothing else is.
///
/// # Errors
/// Returns the first promise that is broken.
pub async fn tokens_are_found<S: TokenStore>(first: &S, second: &S) -> Result<(), ContractError> {
    let grant = new_grant("anna");
    let mut tokens = new_pair(&grant).to_vec();
    tokens.push(new_code(&grant));
    tokens.push(Token { expires: -1, ..new_token(&grant, TokenKind::Refresh) });
    answered(first.put_grant(grant.clone(), tokens.to_vec()).await)?;
    for token in tokens {
        let found = answered(second.find(&token.digest).await)?;
        let wanted = Some(Found { token, grant: grant.clone(), used: false, grace_ends: None });
        same("what a grant came with is found, expired or not", &found, &wanted)?;
    }
    none_is_found("what was never put is not found", second, &[new_code(&grant)]).await?;
    let stray = new_code(&new_grant("anna"));
    let refused = first.put_grant(new_grant("anna"), vec![stray.clone()]).await;
    hold("a token of another grant is refused", refused.is_err(), &refused)?;
    none_is_found("a grant that was refused leaves nothing", second, &[stray]).await
}
