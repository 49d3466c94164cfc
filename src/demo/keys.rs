//! Access keys, and the check of them.

use http::StatusCode;
use serde_json::{Value, json};

/// An access key of the infobase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Key {
    /// The key that the holder enters. It is not secret, since it protects nothing.
    pub key: &'static str,
    /// The identifier of the holder.
    pub sub: &'static str,
    /// The name of the holder.
    pub name: &'static str,
    /// The scopes of the key.
    pub scopes: &'static [&'static str],
}

pub(super) const KEYS: &[Key] = &[
    Key {
        key: "demo-key-director",
        sub: "director",
        name: "Директор",
        scopes: &[
            "mcp",
            "mcp:resolve",
            "mcp:report:sales",
            "mcp:report:stock",
            "mcp:report:money",
            "mcp:report:cost",
            "mcp:admin:eventlog",
        ],
    },
    Key {
        key: "demo-key-sales",
        sub: "Менеджер по продажам",
        name: "Менеджер по продажам",
        scopes: &["mcp:resolve", "mcp:report:sales", "mcp:report:stock"],
    },
    Key { key: "demo-key-tools", sub: "tools", name: "Робот", scopes: &["mcp"] },
    Key { key: "ключ-без-прав", sub: "nobody", name: "Уволенный сотрудник", scopes: &[] },
];

/// Returns the answer to `POST auth/verify`.
pub(super) fn verify(body: &[u8]) -> (StatusCode, Value) {
    let asked = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let Some(key) = asked.get("key").and_then(Value::as_str) else {
        let refusal = json!({ "error": "invalid_request", "message": "Не указан ключ доступа" });
        return (StatusCode::BAD_REQUEST, refusal);
    };
    match KEYS.iter().find(|known| known.key == key) {
        Some(Key { sub, name, scopes, .. }) => (StatusCode::OK, json!({ "sub": sub, "name": name, "scopes": scopes })),
        None => {
            let refusal = json!({ "error": "unauthorized", "message": "Ключ доступа не найден или отозван" });
            (StatusCode::UNAUTHORIZED, refusal)
        }
    }
}
