//! [`Words`]: the texts of one login page, those of its [`Page`] before those of the language.

use super::texts::{Account, Texts};
use super::{CONTINUE, FIELD, FormError, Language, LoginPage, Outage};
use crate::auth::login::page::{Advice, Kind, Page};
use crate::auth::login::{Field, Form, Text};
use std::borrow::Cow;

/// The texts of a login page that its [`Page`] may change.
pub(super) struct Words<'a> {
    t: &'static Texts,
    account: &'static Account,
    language: Language,
    look: &'a Page,
    form: Form,
    pub(super) heading: &'a str,
    pub(super) access: &'a str,
    pub(super) user: &'a str,
    pub(super) password: &'a str,
    pub(super) hint: Option<&'a str>,
    pub(super) key: &'a str,
    pub(super) submit: &'a str,
}

impl<'a> Words<'a> {
    pub(super) fn new(t: &'static Texts, language: Language, look: &'a Page, form: Form) -> Self {
        let account = if look.onec { &t.onec } else { &t.other };
        let (heading, access) = match form {
            Form::Key => (t.log_in_key, t.own_key),
            Form::Credentials | Form::Providers => (account.heading, account.access),
        };
        let pick =
            |text: &'a Option<Text>, usual: &'static str| text.as_ref().map_or(usual, |text| language.pick(text));
        Self {
            t,
            account,
            language,
            look,
            form,
            heading: pick(&look.heading, heading),
            access: pick(&look.access, access),
            user: pick(&look.user, account.user),
            password: pick(&look.password, t.password),
            hint: look.hint.as_ref().map(|hint| language.pick(hint)).or(account.hint),
            key: pick(&look.key, t.key),
            submit: pick(&look.submit, t.allow),
        }
    }

    /// Returns the heading and the advice for an error.
    pub(super) fn of(&self, problem: FormError) -> (&'a str, Cow<'a, str>) {
        let (t, account) = (self.t, self.account);
        let wait = |why, seconds| (t.too_many, format!("{why} {}", (t.wait)(seconds)).into());
        let own = |advice: &'a Option<Advice>| {
            let (heading, advice) = advice.as_ref()?;
            Some((self.language.pick(heading), self.language.pick(advice)))
        };
        let wrong = if self.form == Form::Key { account.wrong_key } else { t.wrong_credentials };
        let (heading, advice) = match problem {
            FormError::TooMany(seconds) => return wait(t.guessed, seconds),
            FormError::Crowded(seconds) => return wait(t.crowded, seconds),
            FormError::Wrong => own(&self.look.wrong).unwrap_or(wrong),
            FormError::NoRole => own(&self.look.no_role).unwrap_or(account.no_role),
            FormError::Unavailable(Outage::Elsewhere) => own(&self.look.unavailable).unwrap_or(account.unavailable),
            FormError::Unavailable(outage) => (t.outage)(outage),
            FormError::Forged => t.forged,
            FormError::NotCompleted => t.not_completed,
        };
        (heading, advice.into())
    }
}

/// A further field, as the template shows it.
pub(super) struct Input<'a> {
    /// The name with its prefix.
    pub(super) name: String,
    pub(super) label: &'a str,
    pub(super) kind: &'static str,
    pub(super) autocomplete: &'static str,
    pub(super) digits: bool,
    pub(super) required: bool,
    pub(super) value: &'a str,
}

impl<'a> Input<'a> {
    /// Returns the further fields of a page. A forged form must not fill them.
    pub(super) fn of(page: &'a LoginPage<'a>) -> Vec<Self> {
        let genuine = page.problem != Some(FormError::Forged);
        let input = |field: &'a Field| {
            let (kind, autocomplete) = match field.kind {
                Kind::Text => ("text", "on"),
                Kind::Secret => ("password", "off"),
                Kind::Code => ("text", "one-time-code"),
            };
            let name = format!("{FIELD}{}", field.name);
            let typed = page.typed.filter(|_| genuine && field.kind == Kind::Text);
            let value = typed.and_then(|typed| typed.get(&name)).unwrap_or_default();
            let (label, digits) = (page.language.pick(&field.label), field.kind == Kind::Code);
            Self { name, label, kind, autocomplete, digits, required: field.required, value }
        };
        page.look.fields.iter().map(input).collect()
    }
}

/// Returns the action and the label of each button that leads to a provider.
pub(super) fn providers(look: &Page, language: Language) -> Vec<(String, &str)> {
    look.providers
        .iter()
        .map(|provider| (format!("{CONTINUE}{}", provider.name), language.pick(&provider.label)))
        .collect()
}
