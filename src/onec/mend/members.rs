//! Types of MCP that several others have as members.

use super::kind::{Field, Kind};

const ROLES: &[&str] = &["user", "assistant"];

pub(super) const ANNOTATIONS: Kind = Kind::Object(&[
    Field::may("audience", Kind::List(&Kind::OneOf(ROLES))),
    Field::may("priority", Kind::Share),
    Field::may("lastModified", Kind::Text),
]);

pub(super) const ICONS: Kind = Kind::List(&Kind::Object(&[
    Field::must("src", Kind::Name),
    Field::may("mimeType", Kind::Text),
    Field::may("sizes", Kind::List(&Kind::Text)),
    Field::may("theme", Kind::OneOf(&["light", "dark"])),
]));
