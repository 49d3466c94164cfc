//! The parameters of a message: the places of the known ones in its bytes.

use super::error::ErrorObject;
use super::json::{self, JsonError, Member, Scanner, Span, once};
use bytes::Bytes;
use serde_json::Value;
use std::borrow::Cow;

/// A member of `params` that this crate knows. Other members are neither read nor sent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is the member that `name` says")]
pub enum Param {
    Name,
    Uri,
    Arguments,
    Cursor,
    InputResponses,
    RequestState,
    Ref,
    Argument,
    Context,
    ProtocolVersion,
    Capabilities,
    Level,
    Notifications,
    RequestId,
}

impl Param {
    const ALL: [Self; 14] = [
        Self::Name,
        Self::Uri,
        Self::Arguments,
        Self::Cursor,
        Self::InputResponses,
        Self::RequestState,
        Self::Ref,
        Self::Argument,
        Self::Context,
        Self::ProtocolVersion,
        Self::Capabilities,
        Self::Level,
        Self::Notifications,
        Self::RequestId,
    ];

    /// Returns whether null means that the member is absent.
    const fn may_be_null(self) -> bool {
        matches!(self, Self::Arguments | Self::Context | Self::InputResponses | Self::RequestState)
    }

    /// Returns the key of the member.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Uri => "uri",
            Self::Arguments => "arguments",
            Self::Cursor => "cursor",
            Self::InputResponses => "inputResponses",
            Self::RequestState => "requestState",
            Self::Ref => "ref",
            Self::Argument => "argument",
            Self::Context => "context",
            Self::ProtocolVersion => "protocolVersion",
            Self::Capabilities => "capabilities",
            Self::Level => "level",
            Self::Notifications => "notifications",
            Self::RequestId => "requestId",
        }
    }
}

/// A member of `_meta` that this crate knows
/// ([reserved keys](https://modelcontextprotocol.io/specification/2026-07-28/basic#meta)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is the member that `name` says")]
pub enum Meta {
    ProtocolVersion,
    ClientCapabilities,
    LogLevel,
    ProgressToken,
}

impl Meta {
    const ALL: [Self; 4] = [Self::ProtocolVersion, Self::ClientCapabilities, Self::LogLevel, Self::ProgressToken];

    /// Returns the key of the member.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ProtocolVersion => "io.modelcontextprotocol/protocolVersion",
            Self::ClientCapabilities => "io.modelcontextprotocol/clientCapabilities",
            Self::LogLevel => "io.modelcontextprotocol/logLevel",
            Self::ProgressToken => "progressToken",
        }
    }
}

/// The parameters of a message.
///
/// A known key must not stand there twice, in whatever escaping: one layer, the next layer and 1C must all read
/// one value.
#[derive(Clone, Debug, Default)]
pub struct Params {
    message: Bytes,
    params: [Span; Param::ALL.len()],
    meta: [Span; Meta::ALL.len()],
}

impl Params {
    /// Reads a JSON object.
    ///
    /// # Errors
    /// -32700 if it is not JSON; -32602 if it is no object, has a known key twice, or has a `_meta` that is
    /// neither an object nor null.
    pub fn parse(object: &Bytes) -> Result<Self, ErrorObject> {
        let mut scanner = Scanner::new(object)?;
        let params = Self::read(&mut scanner, object)?;
        scanner.end()?;
        Ok(params)
    }

    /// Reads the object at the cursor of `scanner`, which runs over `message`.
    pub(crate) fn read(scanner: &mut Scanner<'_>, message: &Bytes) -> Result<Self, ErrorObject> {
        let mut read = Self { message: message.clone(), ..Self::default() };
        let mut meta_seen = Span::default();
        if scanner.peek() != b'{' {
            return Err(ErrorObject::invalid_params("params must be an object"));
        }
        scanner.object::<ErrorObject>(|scanner, Member { key, .. }| {
            if key == "_meta" {
                let span = read.read_meta(scanner)?;
                return Ok(once(&mut meta_seen, span, "_meta")?);
            }
            let known = Param::ALL.iter().zip(&mut read.params).find(|(param, _)| param.name() == key);
            let span = scanner.skip()?;
            match known {
                Some((param, slot)) => Ok(once(slot, span, param.name())?),
                None => Ok(()),
            }
        })?;
        Ok(read)
    }

    fn read_meta(&mut self, scanner: &mut Scanner<'_>) -> Result<Span, ErrorObject> {
        if scanner.peek() == b'n' {
            return Ok(scanner.skip()?);
        }
        if scanner.peek() != b'{' {
            return Err(ErrorObject::invalid_params("_meta must be an object"));
        }
        scanner.object::<ErrorObject>(|scanner, Member { key, .. }| {
            let known = Meta::ALL.iter().zip(&mut self.meta).find(|(meta, _)| meta.name() == key);
            let span = scanner.skip()?;
            match known {
                Some((meta, slot)) => Ok(once(slot, span, meta.name())?),
                None => Ok(()),
            }
        })
    }

    fn span(&self, param: Param) -> Span {
        self.params.get(param as usize).copied().unwrap_or_default()
    }

    /// Returns the JSON text of a parameter.
    ///
    /// Null in place of an optional object or of a state counts as absent: some SDKs write null for what was not set.
    pub fn raw(&self, param: Param) -> Option<&[u8]> {
        let raw = self.span(param).of(&self.message)?;
        (raw != b"null" || !param.may_be_null()).then_some(raw)
    }

    /// Returns the JSON text of a parameter as a part of the message's memory.
    pub fn bytes(&self, param: Param) -> Option<Bytes> {
        self.raw(param).map(|_| self.span(param).slice(&self.message))
    }

    /// Returns the text of a parameter that is a string.
    pub fn text(&self, param: Param) -> Option<Cow<'_, str>> {
        json::unquote(self.raw(param)?)
    }

    /// Returns the value of a parameter; `None` if it is absent, in the sense of [`raw`](Self::raw).
    ///
    /// A `Value` holds at most a double's digits of a number that is not a 64-bit integer; `raw` has them all.
    ///
    /// # Errors
    /// -32602 if an object within has a key twice, so that 1C could read another value than the caller of this
    /// method, or if it holds a text or number that a `Value` cannot hold. It then is not absent: refuse the request.
    pub fn get(&self, param: Param) -> Result<Option<Value>, ErrorObject> {
        let read = self.raw(param).map(json::value).transpose();
        read.map_err(|fault| ErrorObject::invalid_params(format!("{}: {fault}", param.name())))
    }

    /// Returns the parameters with this value of a parameter, whether they had it before or not. All other known
    /// parameters keep their bytes.
    ///
    /// # Errors
    /// -32700 if the value is nested deeper than [`MAX_DEPTH`](super::MAX_DEPTH) allows.
    pub fn with(&self, param: Param, value: &Value) -> Result<Self, ErrorObject> {
        self.rebuilt(&[(param, Some(value.to_string().as_bytes()))])
    }

    /// Returns the parameters with another [`Param::Name`], unchanged if they have none. Every other byte is kept.
    #[cfg(feature = "alias")]
    #[must_use]
    pub(crate) fn with_name(&self, name: &str) -> Self {
        let mut json = Vec::with_capacity(name.len() + 2);
        json::quote_into(&mut json, name);
        self.with_json(Param::Name, &json)
    }

    /// Returns the parameters with `json` as the value of a parameter, unchanged if they do not have it. Every
    /// other byte is kept.
    #[cfg(any(feature = "alias", feature = "check", feature = "confirm"))]
    #[must_use]
    pub(crate) fn with_json(&self, param: Param, json: &[u8]) -> Self {
        let old = self.span(param);
        let (Some(before), Some(after)) = (self.message.get(..old.start()), self.message.get(old.end()..)) else {
            return self.clone();
        };
        if old.is_empty() {
            return self.clone();
        }
        let mut message = Vec::with_capacity(before.len() + json.len() + after.len());
        message.extend_from_slice(before);
        message.extend_from_slice(json);
        let end = message.len();
        message.extend_from_slice(after);
        // A parameter is not inside another one, so each stands before or behind it.
        let moved = |span: Span| match span.start().checked_sub(old.end()) {
            Some(gap) if !span.is_empty() => Span::new(end + gap, end + span.end() - old.end()),
            _ => span,
        };
        let mut params = self.params.map(moved);
        if let Some(slot) = params.get_mut(param as usize) {
            *slot = Span::new(old.start(), end);
        }
        Self { message: message.into(), params, meta: self.meta.map(moved) }
    }

    /// Returns the known parameters with changes: another JSON text for some, `None` to remove one.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), if a text is not JSON.
    pub(crate) fn rebuilt(&self, changes: &[(Param, Option<&[u8]>)]) -> Result<Self, ErrorObject> {
        let mut out = b"{\"_meta\":{".to_vec();
        let meta = Meta::ALL.into_iter().filter_map(|meta| Some((meta.name(), self.meta(meta)?)));
        for (at, (key, json)) in meta.enumerate() {
            member_into(&mut out, at > 0, key, json);
        }
        out.push(b'}');
        for param in Param::ALL {
            let change = changes.iter().find(|(changed, _)| *changed == param);
            if let Some(json) = change.map_or_else(|| self.raw(param), |(_, json)| *json) {
                member_into(&mut out, true, param.name(), json);
            }
        }
        out.push(b'}');
        Self::parse(&out.into())
    }

    /// Returns the JSON text of a member of `_meta`.
    pub fn meta(&self, meta: Meta) -> Option<&[u8]> {
        self.meta.get(meta as usize)?.of(&self.message)
    }

    /// Returns the text of a member of `_meta` that is a string.
    pub fn meta_text(&self, meta: Meta) -> Option<Cow<'_, str>> {
        json::unquote(self.meta(meta)?)
    }
}

fn member_into(out: &mut Vec<u8>, follows: bool, key: &str, json: &[u8]) {
    if follows {
        out.push(b',');
    }
    json::quote_into(out, key);
    out.push(b':');
    out.extend_from_slice(json);
}

/// Reads the parameters from an object, as [`Params::parse`] does.
impl TryFrom<Value> for Params {
    type Error = ErrorObject;

    fn try_from(object: Value) -> Result<Self, ErrorObject> {
        Self::parse(&object.to_string().into())
    }
}

impl From<JsonError> for ErrorObject {
    fn from(fault: JsonError) -> Self {
        match fault {
            JsonError::Duplicate(_) => Self::invalid_request(fault.to_string()),
            JsonError::Expected(_) => Self::invalid_params(fault.to_string()),
            _ => Self::parse_error(fault.to_string()),
        }
    }
}

#[cfg(all(test, feature = "alias"))]
mod tests {
    use super::*;

    #[test]
    fn a_name_changes_alone() {
        let all =
            r#"{"_meta":{"progressToken":7},"arguments":{"a":"имя"}, "name" : "короткое" ,"cursor":"c","uri":"u"}"#;
        let params = Params::parse(&Bytes::from(all)).unwrap();
        for name in ["", "б\"\\", "a-much-longer-name-than-the-one-that-stood-there"] {
            let renamed = params.with_name(name);
            assert_eq!(renamed.text(Param::Name).as_deref(), Some(name));
            for param in Param::ALL.into_iter().filter(|param| *param != Param::Name) {
                assert_eq!(renamed.raw(param), params.raw(param), "{param:?}");
            }
            assert_eq!(renamed.meta(Meta::ProgressToken), Some(&b"7"[..]));
            assert_eq!(renamed.with_name("короткое").message, params.message);
        }
        let nameless = Params::parse(&Bytes::from_static(b"{\"uri\":\"u\"}")).unwrap();
        assert_eq!(nameless.with_name("a").raw(Param::Name), None);
        assert_eq!(Params::default().with_name("a").message, Bytes::new());
    }
}
