//! [`Language`]: the language of a page.

use crate::auth::login::Text;
use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;

/// The most language ranges that are read; browsers send fewer.
const RANGES: usize = 64;

/// A language of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Russian,
}

impl Language {
    /// Returns the language that the browser prefers, by its `Accept-Language`
    /// ([RFC 9110, section 12.5.4](https://www.rfc-editor.org/rfc/rfc9110#section-12.5.4)); English if it names
    /// neither. No other language counts as Russian: a browser whose user also reads Russian says so itself.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|line| line.to_str().ok());
        let (mut english, mut russian, mut any) = (None, None, None);
        for (at, range) in lines.flat_map(|line| line.split(',')).take(RANGES).enumerate() {
            let Some((tag, quality)) = read(range) else { continue };
            let place = match tag.split('-').next().unwrap_or_default() {
                "*" => &mut any,
                tag if tag.eq_ignore_ascii_case("en") => &mut english,
                tag if tag.eq_ignore_ascii_case("ru") => &mut russian,
                _ => continue,
            };
            // Of two ranges with the same quality the first counts.
            *place = (*place).max(Some((quality, RANGES - at)));
        }
        let wanted = |own: Option<(u16, usize)>| own.or(any).filter(|(quality, _)| *quality > 0);
        if wanted(russian) > wanted(english) { Self::Russian } else { Self::English }
    }

    /// Returns a text in this language.
    pub(super) fn pick(self, text: &Text) -> &str {
        match self {
            Self::English => text.english(),
            Self::Russian => text.russian(),
        }
    }

    /// Returns the tag for `lang` and `Content-Language`.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Russian => "ru",
        }
    }
}

/// Parses a language range and its quality in thousandths. `None` if the quality is malformed.
fn read(range: &str) -> Option<(&str, u16)> {
    let Some((tag, weight)) = range.split_once(';') else { return Some((range.trim(), 1000)) };
    let (name, weight) = weight.split_once('=')?;
    let (name, weight) = (name.trim(), weight.trim());
    let legal = weight.len() <= 5 && weight.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let weight = weight.parse::<f32>().ok().filter(|weight| legal && *weight <= 1.0)?;
    name.eq_ignore_ascii_case("q").then_some((tag.trim(), (weight * 1000.0).round() as u16))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn of(lines: &[&str]) -> Language {
        let lines = lines.iter().map(|line| (ACCEPT_LANGUAGE, HeaderValue::from_str(line).unwrap()));
        Language::of(&lines.collect())
    }

    #[test]
    fn russian_where_it_is_preferred() {
        for lines in [
            &["ru"][..],
            &["RU-ru"],
            &["ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7"],
            &["kk-KZ,kk;q=0.9,ru;q=0.8,en;q=0.7"],
            &["en;q=0.8, ru;q=0.81"],
            &["en ; q=0.300 , ru"],
            &["ru,en"],
            &["de", "ru;q=0.1"],
            &["en;q=0,*"],
            &["en;q=2, ru;q=0.1"],
        ] {
            assert_eq!(of(lines), Language::Russian, "{lines:?}");
        }
    }

    #[test]
    fn english_otherwise() {
        for lines in [
            &[][..],
            &[""],
            &["*"],
            &["de-DE,fr"],
            &["uk"],
            &["en,ru"],
            &["en-GB,en;q=0.9,ru;q=0.8"],
            &["ru;q=0"],
            &["ru;q=0,*"],
            &["ru;q=nan"],
            &["ru;q=1.1"],
            &["ru;x=1"],
            &["rus"],
            &["ru;q=0.5,*"],
            &[";;;===,,,"],
        ] {
            assert_eq!(of(lines), Language::English, "{lines:?}");
        }
    }
}
