//! [`Page`]: what the login page says and asks for.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;

/// A text of the login page in both of its languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    english: Cow<'static, str>,
    russian: Cow<'static, str>,
}

impl Text {
    /// Creates a text in English and Russian.
    pub fn new(english: impl Into<Cow<'static, str>>, russian: impl Into<Cow<'static, str>>) -> Self {
        Self { english: english.into(), russian: russian.into() }
    }

    /// Returns the English text.
    pub fn english(&self) -> &str {
        &self.english
    }

    /// Returns the Russian text.
    pub fn russian(&self) -> &str {
        &self.russian
    }
}

/// Creates a text that is the same in both languages, such as a name.
impl From<&'static str> for Text {
    fn from(text: &'static str) -> Self {
        Self::new(text, text)
    }
}

/// Creates a text that is the same in both languages, such as a name.
impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::new(text.clone(), text)
    }
}

/// A heading and the advice below it.
pub(crate) type Advice = (Text, Text);

/// The texts, the branding and the fields of the login page of one [`Login`](super::Login).
///
/// Every text is plain, and escaped on the page. What is not set here has a text that fits the [`Form`](super::Form).
///
/// # Example
///
/// ```
/// use onec_mcp::auth::login::{Field, Page, Text};
///
/// let page = Page::new()
///     .name(Text::new("Trading House", "Торговый дом"))
///     .heading(Text::new("Log in with your company account", "Вход с корпоративной учётной записью"))
///     .user(Text::new("E-mail", "Электронная почта"))
///     .field(Field::one_time_code("code", Text::new("Code from the app", "Код из приложения")))
///     .unavailable(
///         Text::new("The directory is unavailable", "Каталог недоступен"),
///         Text::new("Try again in a minute, or call 112.", "Попробуйте через минуту или позвоните по номеру 112."),
///     );
/// # let _ = page;
/// ```
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Whether the texts that are not set speak of an account of 1C.
    pub(crate) onec: bool,
    pub(crate) name: Option<Text>,
    /// A `data:` URL.
    pub(crate) logo: Option<String>,
    pub(crate) heading: Option<Text>,
    pub(crate) access: Option<Text>,
    pub(crate) user: Option<Text>,
    pub(crate) password: Option<Text>,
    pub(crate) hint: Option<Text>,
    pub(crate) key: Option<Text>,
    pub(crate) submit: Option<Text>,
    pub(crate) wrong: Option<Advice>,
    pub(crate) no_role: Option<Advice>,
    pub(crate) unavailable: Option<Advice>,
    pub(crate) fields: Vec<Field>,
    pub(crate) providers: Vec<Provider>,
}

impl Page {
    /// Creates a page whose texts name no system: "Log in", "User name", "The login is unavailable".
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a page whose texts speak of an account of 1C: "Log in with your 1C account", "1C is unavailable".
    pub fn onec() -> Self {
        Self { onec: true, ..Self::default() }
    }

    /// Sets the name above the heading; by default that of the authorization server.
    #[must_use]
    pub fn name(self, name: impl Into<Text>) -> Self {
        Self { name: Some(name.into()), ..self }
    }

    /// Sets an image above the name, such as `image/svg+xml` or `image/png`; none by default. It is part of the page,
    /// so keep it to a few KiB. It is shown up to 3 rem high.
    #[must_use]
    pub fn logo(self, media_type: &str, image: &[u8]) -> Self {
        Self { logo: Some(format!("data:{media_type};base64,{}", STANDARD.encode(image))), ..self }
    }

    /// Sets the heading.
    #[must_use]
    pub fn heading(self, heading: impl Into<Text>) -> Self {
        Self { heading: Some(heading.into()), ..self }
    }

    /// Sets the sentence that says what a login gives to the application, below the list of scopes.
    #[must_use]
    pub fn access(self, sentence: impl Into<Text>) -> Self {
        Self { access: Some(sentence.into()), ..self }
    }

    /// Sets the label of the user name.
    #[must_use]
    pub fn user(self, label: impl Into<Text>) -> Self {
        Self { user: Some(label.into()), ..self }
    }

    /// Sets the label of the password.
    #[must_use]
    pub fn password(self, label: impl Into<Text>) -> Self {
        Self { password: Some(label.into()), ..self }
    }

    /// Sets the note below the password; none by default, except for accounts of 1C, which may have no password.
    #[must_use]
    pub fn password_hint(self, hint: impl Into<Text>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Sets the label of the access key.
    #[must_use]
    pub fn key(self, label: impl Into<Text>) -> Self {
        Self { key: Some(label.into()), ..self }
    }

    /// Sets the text of the button that logs in.
    #[must_use]
    pub fn submit(self, text: impl Into<Text>) -> Self {
        Self { submit: Some(text.into()), ..self }
    }

    /// Sets the heading and the advice after [`LoginError::Wrong`](super::LoginError::Wrong).
    #[must_use]
    pub fn wrong(self, heading: impl Into<Text>, advice: impl Into<Text>) -> Self {
        Self { wrong: Some((heading.into(), advice.into())), ..self }
    }

    /// Sets the heading and the advice after [`LoginError::NoRole`](super::LoginError::NoRole).
    #[must_use]
    pub fn no_role(self, heading: impl Into<Text>, advice: impl Into<Text>) -> Self {
        Self { no_role: Some((heading.into(), advice.into())), ..self }
    }

    /// Sets the heading and the advice after [`LoginError::Unavailable`](super::LoginError::Unavailable). If it was 1C
    /// that failed, the page says so instead, with the reason.
    #[must_use]
    pub fn unavailable(self, heading: impl Into<Text>, advice: impl Into<Text>) -> Self {
        Self { unavailable: Some((heading.into(), advice.into())), ..self }
    }

    /// Adds a field below the password. What is typed comes as [`Typed::Fields`](super::Typed::Fields); only a page
    /// with [user and password](super::Form::Credentials) has such fields. There is no password grant then.
    #[must_use]
    pub fn field(mut self, field: Field) -> Self {
        self.fields.push(field);
        self
    }

    /// Adds a button that lets the user log in elsewhere; see
    /// [`Login::authorization_url`](super::Login::authorization_url).
    #[must_use]
    pub fn provider(mut self, provider: Provider) -> Self {
        self.providers.push(provider);
        self
    }
}

/// A field of the login page beside user and password.
#[derive(Clone, Debug)]
pub struct Field {
    pub(crate) name: String,
    pub(crate) label: Text,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
}

/// The kind of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Secret,
    Code,
}

impl Field {
    fn new(name: impl Into<String>, label: impl Into<Text>, kind: Kind) -> Self {
        Self { name: name.into(), label: label.into(), kind, required: true }
    }

    /// Creates a field whose text is visible, and kept on the page after a wrong login.
    pub fn text(name: impl Into<String>, label: impl Into<Text>) -> Self {
        Self::new(name, label, Kind::Text)
    }

    /// Creates a field whose text is hidden as it is typed.
    pub fn secret(name: impl Into<String>, label: impl Into<Text>) -> Self {
        Self::new(name, label, Kind::Secret)
    }

    /// Creates a field for a one-time code, with the keyboard for digits, which browsers offer to fill.
    pub fn one_time_code(name: impl Into<String>, label: impl Into<Text>) -> Self {
        Self::new(name, label, Kind::Code)
    }

    /// Lets the field be empty; by default a login without it is wrong.
    #[must_use]
    pub fn optional(self) -> Self {
        Self { required: false, ..self }
    }
}

/// A button of the login page that leads to another place to log in, such as an identity provider.
#[derive(Clone, Debug)]
pub struct Provider {
    pub(crate) name: String,
    pub(crate) label: Text,
}

impl Provider {
    /// Creates a button with a whole sentence as its label, such as "Continue with Keycloak". The name tells the
    /// [`Login`](super::Login) which one was chosen.
    pub fn new(name: impl Into<String>, label: impl Into<Text>) -> Self {
        Self { name: name.into(), label: label.into() }
    }
}
