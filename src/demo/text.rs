//! Comparison and search of texts in this infobase.

/// Returns a text for comparison: in lower case, and with `е` for `ё`.
pub(super) fn plain(text: &str) -> String {
    text.to_lowercase().replace('ё', "е")
}

/// Returns whether one of the texts contains the query.
pub(super) fn found(query: &str, texts: &[&str]) -> bool {
    let query = plain(query.trim());
    texts.iter().any(|text| plain(text).contains(&query))
}
