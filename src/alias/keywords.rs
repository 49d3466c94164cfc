//! The keywords of JSON Schema whose values hold schemas, or say where one stands.

/// What the value of a keyword is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Subschema {
    /// A schema of the same value, or several of them.
    Same,
    /// A schema of items, or several of them.
    Items,
    /// A schema of members that are not named.
    Others,
    /// Schemas of members by their names.
    Members,
    /// The same by patterns.
    Patterns,
    /// Schemas of the same value by the names of members.
    SameByMember,
    /// Schemas by names of their own.
    Definitions,
    /// A schema of something else.
    Apart,
}

/// The keywords of all drafts whose values hold schemas.
pub(super) const fn kind(keyword: &str) -> Option<Subschema> {
    Some(match keyword.as_bytes() {
        b"allOf" | b"anyOf" | b"oneOf" | b"not" | b"if" | b"then" | b"else" => Subschema::Same,
        b"items" | b"prefixItems" | b"additionalItems" | b"unevaluatedItems" | b"contains" => Subschema::Items,
        b"additionalProperties" | b"unevaluatedProperties" => Subschema::Others,
        b"properties" => Subschema::Members,
        b"patternProperties" => Subschema::Patterns,
        b"dependentSchemas" | b"dependencies" => Subschema::SameByMember,
        b"$defs" | b"definitions" => Subschema::Definitions,
        b"propertyNames" | b"contentSchema" => Subschema::Apart,
        _ => return None,
    })
}

/// Whether the value holds schemas by names.
pub(super) const fn has_names(kind: Subschema) -> bool {
    matches!(kind, Subschema::Members | Subschema::SameByMember | Subschema::Definitions | Subschema::Patterns)
}

/// Whether its value says where a schema stands.
pub(super) fn is_reference(keyword: &str) -> bool {
    matches!(keyword, "$ref" | "$dynamicRef" | "$recursiveRef")
}
