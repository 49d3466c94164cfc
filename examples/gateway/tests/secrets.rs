//! No message shows a secret, whatever is wrong with it.

use super::case::{Case, login};

/// `hunter2` as a secret in many ways, each with some mistake.
#[test]
fn secrets_are_never_shown() {
    let messages = [
        Case::minimal().arg("--onec-password").arg("hunter2\n").error(),
        Case::minimal().env("MCP_ONEC_AUTH", "bearer").env("MCP_ONEC_TOKEN", "hunter2 ").error(),
        Case::minimal().args("--onec-passwrod=hunter2").error(),
        Case::minimal().args("--onec-passwrod hunter2").error(),
        Case::minimal().env("MCP_ONEC_URL", "http://u:hunter2@h/b").error(),
        Case::minimal().env("MCP_ONEC_URL", "http://hunter2@h/b").error(),
        Case::minimal().env("MCP_ONEC_URL", "htp://u:hunter2@h/b").error(),
        Case::minimal().env("MCP_ONEC_URL", "u:hunter2@h/b").error(),
        Case::minimal().env("MCP_ONEC_URL", "http://u:p@hunter2@h:x/b").error(),
        Case::minimal().env("MCP_ONEC_URL", "http://u:12/hunter2@h/b").error(),
        Case::minimal().env("MCP_ONEC_URL", "http://h/b?token=hunter2").error(),
        Case::minimal().env("MCP_ONEC_URL", "http://h/b#hunter2").error(),
        Case::minimal().yaml("onec: {auth: {password: [hunter2]}}").error(),
        Case::minimal().yaml("onec: {auth: {password: {hunter2: 1}}}").error(),
        Case::minimal().yaml("onec: {auth: {password: *hunter2}}").error(),
        Case::minimal().yaml("onec: {auth: {password: !hunter2 x}}").error(),
        Case::minimal().yaml("onec: {auth: {password: \"hunter2\\q\"}}").error(),
        Case::minimal().yaml("onec: {auth: {password: @hunter2}}").error(),
        Case::minimal().yaml("onec: {auth: {password: 'hunter2").error(),
        Case::minimal().without("MCP_ONEC_PASSWORD").yaml("onec: {auth: {password: \"a\\n\", token: hunter2}}").error(),
        Case::minimal().yaml("onec:\n  auth:\n    password: hunter2: x\n").error(),
        Case::minimal().yaml("onec:\n  auth: hunter2\n").error(),
        Case::minimal().args("http --catalog none").yaml("api:\n  bearer_token: hunter2\n").error(),
    ];
    for message in messages {
        assert!(!message.contains("hunter2"), "{message}");
    }
    // `--help` does not read the environment, and `Debug` hides the secrets that the program knows.
    let case = Case::minimal().env("MCP_ONEC_PASSWORD", "hunter2");
    assert_eq!(login(&case.ok()).1, "hunter2");
    assert!(!format!("{:#?}", case.ok()).contains("hunter2"));
    assert!(!case.args("--help").load().expect_err("help").text.contains("hunter2"));
    let bearer = Case::minimal().env("MCP_ONEC_AUTH", "bearer").env("MCP_ONEC_TOKEN", "hunter2").ok();
    assert!(!format!("{bearer:?}").contains("hunter2"));
    // A value that is not secret is shown, so the search above would have found it.
    assert!(
        Case::minimal().env("MCP_SERVER_NAME", "hunter2").load().is_ok_and(|s| format!("{s:?}").contains("hunter2"))
    );
    assert!(Case::minimal().env("MCP_PORT", "hunter2").error().contains("hunter2"));
    assert_eq!(
        Case::minimal().arg("--onec-password").arg("a\n").error(),
        "error: --onec-password (value not shown): there is a line break or another control character in it"
    );
    assert_eq!(
        Case::minimal().env("MCP_ONEC_URL", "http://u:p@h/b").error(),
        "error: MCP_ONEC_URL is \"http://***@h/b\": a URL must not hold a login; use MCP_ONEC_USERNAME and \
         MCP_ONEC_PASSWORD for that of 1C"
    );
}
