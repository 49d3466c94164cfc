//! "Did you mean …?"

/// The known name most like the given one. There always is one, however far.
pub(super) fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    known
        .map(|name| (likeness(&given, &name.to_lowercase()), name))
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}

/// Letters count, and whole words a little more: `onec.url` is rather `onec.base_url` than `onec.rpc`.
fn likeness(a: &str, b: &str) -> f64 {
    let words = |text: &str| -> Vec<String> { text.split(['.', '_', '-']).map(str::to_owned).collect() };
    let known = words(b);
    let shared = words(a).iter().filter(|word| known.contains(word)).fold(0.0, |sum, _| sum + 0.1);
    strsim::normalized_damerau_levenshtein(a, b) + shared
}
