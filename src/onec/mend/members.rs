//! Types of MCP that are members of several others.

use super::shape::{Field, Shape};

const ROLES: &[&str] = &["user", "assistant"];

pub(super) const ANNOTATIONS: Shape = Shape::Object(&[
    Field::may("audience", Shape::List(&Shape::OneOf(ROLES))),
    Field::may("priority", Shape::Share),
    Field::may("lastModified", Shape::Text),
]);

pub(super) const ICONS: Shape = Shape::List(&Shape::Object(&[
    Field::must("src", Shape::Name),
    Field::may("mimeType", Shape::Text),
    Field::may("sizes", Shape::List(&Shape::Text)),
    Field::may("theme", Shape::OneOf(&["light", "dark"])),
]));
