//! Names of methods.

use std::fmt;

/// The method of a request or notification.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is the method that `as_str` says")]
pub enum Method {
    Initialize,
    Ping,
    Discover,
    Listen,
    ToolsList,
    ToolsCall,
    ResourcesList,
    ResourceTemplatesList,
    ResourcesRead,
    ResourcesSubscribe,
    ResourcesUnsubscribe,
    PromptsList,
    PromptsGet,
    Complete,
    SetLevel,
    Cancelled,
    Initialized,
    /// Any other method.
    Other(Box<str>),
}

impl Method {
    const KNOWN: [Self; 17] = [
        Self::ToolsCall,
        Self::ToolsList,
        Self::ResourcesRead,
        Self::ResourcesList,
        Self::ResourceTemplatesList,
        Self::PromptsGet,
        Self::PromptsList,
        Self::Initialize,
        Self::Initialized,
        Self::Ping,
        Self::Discover,
        Self::Listen,
        Self::ResourcesSubscribe,
        Self::ResourcesUnsubscribe,
        Self::Complete,
        Self::SetLevel,
        Self::Cancelled,
    ];

    /// Returns the method with this name.
    pub fn from_name(name: &str) -> Self {
        Self::KNOWN.into_iter().find(|method| method.as_str() == name).unwrap_or_else(|| Self::Other(name.into()))
    }

    /// Returns the name of the method in messages.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Initialize => "initialize",
            Self::Ping => "ping",
            Self::Discover => "server/discover",
            Self::Listen => "subscriptions/listen",
            Self::ToolsList => "tools/list",
            Self::ToolsCall => "tools/call",
            Self::ResourcesList => "resources/list",
            Self::ResourceTemplatesList => "resources/templates/list",
            Self::ResourcesRead => "resources/read",
            Self::ResourcesSubscribe => "resources/subscribe",
            Self::ResourcesUnsubscribe => "resources/unsubscribe",
            Self::PromptsList => "prompts/list",
            Self::PromptsGet => "prompts/get",
            Self::Complete => "completion/complete",
            Self::SetLevel => "logging/setLevel",
            Self::Cancelled => "notifications/cancelled",
            Self::Initialized => "notifications/initialized",
            Self::Other(name) => name,
        }
    }

    /// Returns whether a complete result has `ttlMs` and `cacheScope`
    /// ([caching](https://modelcontextprotocol.io/specification/2026-07-28/server/utilities/caching#cacheable-results)).
    pub const fn is_cacheable(&self) -> bool {
        matches!(
            self,
            Self::Discover
                | Self::ToolsList
                | Self::PromptsList
                | Self::ResourcesList
                | Self::ResourceTemplatesList
                | Self::ResourcesRead
        )
    }

    /// Returns the member that holds the items of a list, and the member that names an item; `None` for methods
    /// that list nothing.
    pub(crate) const fn listed(&self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::ToolsList => Some(("tools", "name")),
            Self::PromptsList => Some(("prompts", "name")),
            Self::ResourcesList => Some(("resources", "uri")),
            Self::ResourceTemplatesList => Some(("resourceTemplates", "uriTemplate")),
            _ => None,
        }
    }

    /// Returns whether the answer may be a question to the client
    /// ([supported requests](https://modelcontextprotocol.io/specification/2026-07-28/basic/patterns/mrtr#supported-requests)).
    pub const fn may_ask(&self) -> bool {
        matches!(self, Self::ToolsCall | Self::PromptsGet | Self::ResourcesRead)
    }

    /// Returns whether a repeated request is harmless. A tool may do anything, so its call is not.
    pub const fn is_idempotent(&self) -> bool {
        !matches!(self, Self::ToolsCall)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
