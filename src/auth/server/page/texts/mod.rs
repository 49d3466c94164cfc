//! The texts of the pages, in each language.

mod english;
mod fields;
mod russian;

pub(super) use fields::{Account, Texts};

use super::Language;
use english::ENGLISH;
use russian::RUSSIAN;

/// Returns the texts in this language.
pub(super) const fn of(language: Language) -> &'static Texts {
    match language {
        Language::English => &ENGLISH,
        Language::Russian => &RUSSIAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_said_in_grammatical_words() {
        for (seconds, english, russian) in [
            (0, "Wait 1 second,", "Подождите 1 секунду "),
            (1, "Wait 1 second,", "Подождите 1 секунду "),
            (12, "Wait 12 seconds,", "Подождите 12 секунд "),
            (22, "Wait 22 seconds,", "Подождите 22 секунды "),
            (111, "Wait 111 seconds,", "Подождите 111 секунд "),
            (121, "Wait 3 minutes,", "Подождите 3 минуты "),
            (1260, "Wait 21 minutes,", "Подождите 21 минуту "),
        ] {
            assert!((ENGLISH.wait)(seconds).starts_with(english), "{seconds}");
            assert!((RUSSIAN.wait)(seconds).starts_with(russian), "{seconds}");
        }
    }

    #[test]
    fn both_languages_know_the_same_scopes() {
        for scope in crate::auth::server::page::SCOPES {
            assert!((ENGLISH.scope)(scope).is_some() && (RUSSIAN.scope)(scope).is_some(), "{scope}");
        }
        assert!((ENGLISH.scope)("other").is_none() && (RUSSIAN.scope)("other").is_none());
    }
}
