//! Revocation.

use crate::support::oauth::{CALLBACK, Params, lab, pair};

/// RFC 7009, section 2.1: a refresh token takes its access tokens with it.
#[tokio::test]
async fn a_refresh_token_takes_the_grant_with_it() {
    let lab = lab();
    let (access, refresh) = lab.tokens(&[]).await;
    let answer = lab.post("/revoke", &[("token", &refresh), ("token_type_hint", "refresh_token")]).await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""));
    assert!(lab.who(&access).await.is_err());
    lab.refresh(&refresh, &[]).await.assert_error(400, "invalid_grant");
}

/// RFC 7009, section 2.1: an access token goes alone.
#[tokio::test]
async fn an_access_token_goes_alone() {
    let lab = lab();
    let (access, refresh) = lab.tokens(&[]).await;
    // A wrong hint is no error (section 2.2.1).
    let answer = lab.post("/oauth/revoke", &[("token", &access), ("token_type_hint", "other")]).await;
    assert_eq!(answer.status, 200);
    assert!(lab.who(&access).await.is_err());
    assert!(lab.who(&pair(&lab.refresh(&refresh, &[]).await).0).await.is_ok());
}

/// RFC 7009, section 2.2: what is not valid is revoked already.
#[tokio::test]
async fn an_unknown_token_is_no_error() {
    let lab = lab();
    let (_, refresh) = lab.tokens(&[]).await;
    for token in ["unknown", &refresh, &refresh] {
        assert_eq!(lab.post("/revoke", &[("token", token)]).await.status, 200);
    }
}

/// RFC 7009, section 2.1: the token of another client stays.
#[tokio::test]
async fn another_client_cannot_revoke() {
    let lab = lab();
    let (client, other) = (lab.register(&[CALLBACK]).await, lab.register(&[CALLBACK]).await);
    let code = lab.code(&Params::of(&client)).await;
    let (access, refresh) = pair(&lab.redeem(&code, &[]).await);
    for token in [&access, &refresh] {
        let answer = lab.post("/revoke", &[("token", token), ("client_id", &other)]).await;
        answer.assert_error(401, "invalid_client");
        assert!(lab.who(&access).await.is_ok());
    }
    assert_eq!(lab.post("/revoke", &[("token", &access), ("client_id", &client)]).await.status, 200);
    assert!(lab.who(&access).await.is_err());
}

/// RFC 7009, section 2.1; RFC 6749, section 3.2: the token is required, and nothing twice.
#[tokio::test]
async fn requests_that_are_refused() {
    let lab = lab();
    for form in [vec![], vec![("token", "")], vec![("token", "a"), ("token", "b")]] {
        lab.post("/revoke", &form).await.assert_error(400, "invalid_request");
    }
    let request = http::Request::post("/revoke").header("content-type", "application/json").body("{}".into()).unwrap();
    lab.call(request).await.assert_error(400, "invalid_request");
}
