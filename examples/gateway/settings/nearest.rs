//! Suggestions: "Did you mean …?"

/// The lowest similarity of a suggestion.
const LIKE: f64 = 0.55;

/// Returns the known name that is most similar to the given one, however different.
///
/// Returns `None` if the nearest name is a `secret` and the given one does not clearly mean it: a token in the
/// wrong place is a leak.
pub(super) fn nearest<'a>(
    given: &str,
    known: impl Iterator<Item = &'a str> + Clone,
    secret: impl Fn(&str) -> bool,
) -> Option<&'a str> {
    let given = given.to_lowercase();
    let likest = known
        .clone()
        .map(|name| (likeness(&given, &name.to_lowercase()), name))
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)?;
    let meant = |name: &&str| secret(name) && is_part(&given, &name.to_lowercase());
    let is_clear = !secret(likest) || meant(&likest) && known.filter(meant).nth(1).is_none();
    is_clear.then_some(likest)
}

/// Returns the similarity by letters, a little more by whole words, and most by the beginning: `onec.url` is
/// nearer to `onec.base_url` than to `onec.rpc`, and `MCP_ONEC_USER` nearer to `MCP_ONEC_USERNAME` than to
/// `MCP_ONEC_URL`.
fn likeness(a: &str, b: &str) -> f64 {
    let shared = words(a).filter(|word| words(b).any(|known| known == *word)).fold(0.0, |sum, _| sum + 0.1);
    let begun = if b.starts_with(a) { 0.5 } else { 0.0 };
    strsim::normalized_damerau_levenshtein(a, b) + shared + begun
}

/// Returns whether each word of `a` may be one of `b`.
fn is_part(a: &str, b: &str) -> bool {
    let is_like = |word: &str, known: &str| {
        known.starts_with(word) || strsim::normalized_damerau_levenshtein(word, known) >= LIKE
    };
    words(a).all(|word| words(b).any(|known| is_like(word, known)))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(['.', '_', '-'])
}
