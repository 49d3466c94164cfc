//! Scopes of a grant: never more than was asked for, is supported, and the user has.

use crate::identity::Scopes;

/// The scope that asks for a refresh token. It is no permission: `Tokens` and the metadata of the resource leave it
/// out.
pub(super) const OFFLINE: &str = "offline_access";

/// The parsed `scope` of a request.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    scopes: Scopes,
    offline: bool,
    nothing: bool,
}

impl Asked {
    pub(super) fn parse(text: Option<&str>) -> Self {
        let text = text.unwrap_or_default();
        let scopes = Scopes::parse(text);
        // Decided by the text, not by the parsed scopes: an invalid scope was asked for as well.
        let nothing = text.split(' ').all(|scope| scope.is_empty() || scope == OFFLINE);
        Self { offline: scopes.contains(OFFLINE), scopes: scopes.without(OFFLINE), nothing }
    }

    /// Whether the request leaves the choice to the server.
    pub(super) const fn is_nothing(&self) -> bool {
        self.nothing
    }

    /// Returns the scopes without `offline_access`.
    pub(super) const fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// Returns the scopes that were asked for, or else `defaults`, as far as they are `allowed`. `None` if none is
    /// left.
    pub(super) fn within(&self, allowed: &Scopes, defaults: &Scopes) -> Option<Scopes> {
        let wanted = if self.nothing { defaults } else { &self.scopes };
        let granted = wanted.intersection(allowed);
        (!granted.is_empty()).then_some(granted)
    }

    /// Returns the scopes that the client is told: with `offline_access` if it asked for that.
    pub(super) fn told(&self, granted: &Scopes) -> Scopes {
        if self.offline { granted.union(&Scopes::parse(OFFLINE)) } else { granted.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_a_wider_grant() {
        let (supported, defaults) = (Scopes::parse("a b c"), Scopes::parse("a"));
        let granted = |asked: &str, allowed: &str| {
            let granted = Asked::parse(Some(asked)).within(&supported.intersection(&Scopes::parse(allowed)), &defaults);
            granted.map(|scopes| scopes.to_string())
        };
        assert_eq!(granted("b c d", "a b").as_deref(), Some("b"));
        assert_eq!(granted("", "a b").as_deref(), Some("a"));
        assert_eq!(granted("offline_access", "a b").as_deref(), Some("a"));
        assert_eq!(granted("d", "a b d"), None);
        assert_eq!(granted("\"", "a b"), None, "what is no scope is not nothing");
        assert_eq!(granted("", "b"), None, "defaults that are not allowed");
        assert_eq!(Asked::parse(Some("b offline_access")).told(&Scopes::parse("b")).to_string(), "b offline_access");
    }
}
