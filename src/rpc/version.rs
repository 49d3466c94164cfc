//! Protocol revisions and eras.

use std::fmt;

/// A revision of the Model Context Protocol, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Version {
    /// 2024-11-05: HTTP+SSE and stdio.
    V2024_11_05,
    /// 2025-03-26: Streamable HTTP and JSON-RPC batches.
    V2025_03_26,
    /// 2025-06-18: no batches; the `MCP-Protocol-Version` header and elicitation.
    V2025_06_18,
    /// 2025-11-25: the last revision with an `initialize` handshake.
    V2025_11_25,
    /// 2026-07-28: stateless; `_meta` on each request, `server/discover`, multi round-trip requests.
    V2026_07_28,
}

/// An era of the protocol: with a handshake, or with metadata on each request
/// ([versioning of 2026-07-28](https://modelcontextprotocol.io/specification/2026-07-28/basic/versioning)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Era {
    /// 2025-11-25 and older: the `initialize` handshake.
    Legacy,
    /// 2026-07-28 and newer: `_meta` on each request.
    Modern,
}

impl Version {
    /// All revisions, newest first: the order in which they are offered.
    pub const ALL: [Self; 5] =
        [Self::V2026_07_28, Self::V2025_11_25, Self::V2025_06_18, Self::V2025_03_26, Self::V2024_11_05];
    /// The revision that is offered to a legacy client that asks for an unknown one.
    pub const NEWEST_LEGACY: Self = Self::V2025_11_25;
    /// The revision of an HTTP request without the version header
    /// ([2025-06-18, Protocol Version Header](https://modelcontextprotocol.io/specification/2025-06-18/basic/transports#protocol-version-header)).
    pub const WITHOUT_HEADER: Self = Self::V2025_03_26;

    /// Returns the revision as it is written in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => "2026-07-28",
        }
    }

    /// Returns the revision that is written as `text`.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.as_str() == text)
    }

    /// Returns the revision for the answer to an `initialize` that asks for `text`: the requested one if it is
    /// legacy and known, else the newest legacy one.
    pub fn negotiate(text: &str) -> Self {
        Self::parse(text).filter(|version| version.era() == Era::Legacy).unwrap_or(Self::NEWEST_LEGACY)
    }

    /// Returns the era of the revision.
    pub const fn era(self) -> Era {
        match self {
            Self::V2026_07_28 => Era::Modern,
            _ => Era::Legacy,
        }
    }

    /// Returns whether several messages may come in one array. Only 2025-03-26 allows it.
    pub const fn has_batches(self) -> bool {
        matches!(self, Self::V2025_03_26)
    }

    /// Returns whether a client of this revision answers 403 by asking its user for more scopes.
    pub fn has_step_up(self) -> bool {
        self >= Self::V2025_11_25
    }

    /// Returns whether a client of this revision can be asked to fill in a form.
    pub fn has_elicitation(self) -> bool {
        self >= Self::V2025_06_18
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negotiation_never_leaves_the_legacy_era() {
        assert_eq!(Version::negotiate("2024-11-05"), Version::V2024_11_05);
        assert_eq!(Version::negotiate("2026-07-28"), Version::V2025_11_25);
        assert_eq!(Version::negotiate("1999-01-01"), Version::V2025_11_25);
    }
}
