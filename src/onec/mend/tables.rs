//! The types of MCP whose members are looked at, as its schemas define them
//! ([2025-11-25](https://modelcontextprotocol.io/specification/2025-11-25/schema),
//! [2026-07-28](https://modelcontextprotocol.io/specification/2026-07-28/schema)).

use super::kind::{Field, Kind};
use super::{base64, content, list, media, resource, schema};

const ROLES: &[&str] = &["user", "assistant"];

pub(super) const ANNOTATIONS: Kind = Kind::Object(&[
    Field::may("audience", Kind::List(&Kind::OneOf(ROLES))),
    Field::may("priority", Kind::Share),
    Field::may("lastModified", Kind::Text),
]);

const ICONS: Kind = Kind::List(&Kind::Object(&[
    Field::must("src", Kind::Name),
    Field::may("mimeType", Kind::Text),
    Field::may("sizes", Kind::List(&Kind::Text)),
    Field::may("theme", Kind::OneOf(&["light", "dark"])),
]));

pub(super) const TOOL: &[Field] = &[
    Field::must("name", Kind::Name),
    Field::may("title", Kind::Label),
    Field::may("description", Kind::Label),
    Field::or("inputSchema", Kind::Own(schema::input), schema::ANY_OBJECT),
    Field::may("outputSchema", Kind::Own(schema::output)),
    Field::may(
        "annotations",
        Kind::Object(&[
            Field::may("title", Kind::Label),
            Field::may("readOnlyHint", Kind::Bool),
            Field::may("destructiveHint", Kind::Bool),
            Field::may("idempotentHint", Kind::Bool),
            Field::may("openWorldHint", Kind::Bool),
        ]),
    ),
    Field::may(
        "execution",
        Kind::Object(&[Field::may("taskSupport", Kind::OneOf(&["forbidden", "optional", "required"]))]),
    ),
    Field::may("icons", ICONS),
    Field::may("_meta", Kind::Data),
];

pub(super) const PROMPT: &[Field] = &[
    Field::must("name", Kind::Name),
    Field::may("title", Kind::Label),
    Field::may("description", Kind::Label),
    Field::may(
        "arguments",
        Kind::List(&Kind::Object(&[
            Field::must("name", Kind::Plain),
            Field::may("title", Kind::Label),
            Field::may("description", Kind::Label),
            Field::may("required", Kind::Bool),
        ])),
    ),
    Field::may("icons", ICONS),
    Field::may("_meta", Kind::Data),
];

/// Also a link to one in content. A name is for people, so that an address is better than none.
pub(super) const RESOURCE: &[Field] = &[
    Field::must("uri", Kind::Name),
    Field::or_stand_in("name", Kind::Label),
    Field::may("title", Kind::Label),
    Field::may("description", Kind::Label),
    Field::may("mimeType", Kind::Text),
    Field::may("size", Kind::Natural),
    Field::may("annotations", ANNOTATIONS),
    Field::may("icons", ICONS),
    Field::may("_meta", Kind::Data),
];

pub(super) const TEMPLATE: &[Field] = &[
    Field::must("uriTemplate", Kind::Name),
    Field::or_stand_in("name", Kind::Label),
    Field::may("title", Kind::Label),
    Field::may("description", Kind::Label),
    Field::may("mimeType", Kind::Text),
    Field::may("annotations", ANNOTATIONS),
    Field::may("icons", ICONS),
    Field::may("_meta", Kind::Data),
];

pub(super) const LINK: &[Field] = &[
    Field::or("type", Kind::Exactly("resource_link"), "\"resource_link\""),
    Field::must("uri", Kind::Name),
    Field::or_stand_in("name", Kind::Label),
    Field::may("title", Kind::Label),
    Field::may("description", Kind::Label),
    Field::may("mimeType", Kind::Text),
    Field::may("size", Kind::Natural),
    Field::may("annotations", ANNOTATIONS),
    Field::may("icons", ICONS),
    Field::may("_meta", Kind::Data),
];

pub(super) const TEXT: &[Field] = &[
    Field::or("type", Kind::Own(content::text_type), "\"text\""),
    Field::or("text", Kind::Own(content::spelled), "\"\""),
    Field::may("annotations", ANNOTATIONS),
    Field::may("_meta", Kind::Data),
];

pub(super) const IMAGE: &[Field] = &[
    Field::or("type", Kind::Exactly("image"), "\"image\""),
    Field::must("data", Kind::Own(base64)),
    Field::or_stand_in("mimeType", Kind::Own(media::mime_type)),
    Field::may("annotations", ANNOTATIONS),
    Field::may("_meta", Kind::Data),
];

pub(super) const AUDIO: &[Field] = &[
    Field::or("type", Kind::Exactly("audio"), "\"audio\""),
    Field::must("data", Kind::Own(base64)),
    Field::or_stand_in("mimeType", Kind::Own(media::mime_type)),
    Field::may("annotations", ANNOTATIONS),
    Field::may("_meta", Kind::Data),
];

pub(super) const EMBEDDED: &[Field] = &[
    Field::or("type", Kind::Exactly("resource"), "\"resource\""),
    Field::must("resource", Kind::Own(resource::embedded)),
    Field::may("annotations", ANNOTATIONS),
    Field::may("_meta", Kind::Data),
];

/// The kind that 1C writes beside it says nothing that the other members do not say.
pub(super) const CONTENTS: &[Field] = &[
    Field::may("text", Kind::Own(content::spelled)),
    Field::may("blob", Kind::Own(base64)),
    Field::or_stand_in("uri", Kind::Name),
    Field::may("mimeType", Kind::Text),
    Field::may("type", Kind::Nothing),
    Field::may("_meta", Kind::Data),
];

pub(super) const MESSAGE: &[Field] = &[
    Field::or("role", Kind::Own(content::role), "\"user\""),
    Field::or("content", Kind::Own(content::single), content::NO_TEXT),
];

pub(super) const COMPLETION: Kind = Kind::Object(&[
    Field::or("values", Kind::Own(list::values), "[]"),
    Field::may("total", Kind::Natural),
    Field::may("hasMore", Kind::Bool),
]);
