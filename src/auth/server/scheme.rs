//! Private-use URI schemes of applications, to which users may be sent back.

/// Schemes of editors and of applications that speak MCP; none has the form that RFC 8252 demands.
const KNOWN: &[&str] = &[
    "antigravity",
    "boltai",
    "chatgpt",
    "cherrystudio",
    "claude",
    "clion",
    "code-oss",
    "codex",
    "cursor",
    "datagrip",
    "fleet",
    "goland",
    "goose",
    "idea",
    "insomnia",
    "jan",
    "jetbrains",
    "kiro",
    "lmstudio",
    "msty",
    "opencode",
    "phpstorm",
    "positron",
    "postman",
    "pycharm",
    "raycast",
    "rider",
    "rubymine",
    "rustrover",
    "trae",
    "trae-cn",
    "void",
    "vscode",
    "vscode-insiders",
    "vscodium",
    "warp",
    "webstorm",
    "windsurf",
    "windsurf-next",
    "zed",
];

/// Reversed domains under which operating systems handle schemes themselves.
const SYSTEMS: &[&str] = &["com.apple", "microsoft", "windows"];

/// Whether a scheme, in lower case, belongs to an application: a reversed domain name
/// ([RFC 8252, section 7.1](https://www.rfc-editor.org/rfc/rfc8252#section-7.1)), or a known scheme. Browsers or the
/// system may handle any other one themselves, and start programs, open settings or connect to servers.
pub(super) fn is_application(scheme: &str) -> bool {
    KNOWN.contains(&scheme) || (is_reversed_domain(scheme) && !SYSTEMS.iter().any(|domain| is_below(scheme, domain)))
}

fn is_reversed_domain(scheme: &str) -> bool {
    let is_label = |label: &str| {
        let fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        (1..=63).contains(&label.len()) && label.bytes().all(fine) && !label.starts_with('-') && !label.ends_with('-')
    };
    let is_top = |label: &str| {
        label.starts_with("xn--") || (label.len() > 1 && label.bytes().all(|byte| byte.is_ascii_lowercase()))
    };
    scheme.split_once('.').is_some_and(|(top, rest)| is_top(top) && is_label(top) && rest.split('.').all(is_label))
}

fn is_below(scheme: &str, domain: &str) -> bool {
    scheme.strip_prefix(domain).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_of_applications() {
        for scheme in
            ["com.example.app", "app.x", "org.example", "com.googleusercontent.apps.1-2", "xn--p1ai.xn--80a", "io.a"]
        {
            assert!(is_application(scheme), "{scheme}");
        }
        assert!(KNOWN.is_sorted() && KNOWN.iter().all(|scheme| is_application(scheme)));
        for scheme in [
            "app",
            "com",
            "com.",
            ".com",
            "com..a",
            "com.-a",
            "com.a-",
            "c.example",
            "1c.ru",
            "com.a+b",
            "x-apple.systempreferences",
            "com.apple",
            "com.apple.shortcuts",
            "microsoft.windows.camera",
            "windows.x",
            "view-source",
            "ms-settings",
            "",
        ] {
            assert!(!is_application(scheme), "{scheme}");
        }
        assert!(is_application("com.apples.x"), "another domain");
    }
}
