//! How this infobase compares and searches text.

/// A text as it is compared: whatever its case, and with `ё` as good as `е`.
pub(super) fn plain(text: &str) -> String {
    text.to_lowercase().replace('ё', "е")
}

/// Whether one of the texts holds the query.
pub(super) fn found(query: &str, texts: &[&str]) -> bool {
    let query = plain(query.trim());
    texts.iter().any(|text| plain(text).contains(&query))
}
