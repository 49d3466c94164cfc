//! The keywords of JSON Schema whose values hold schemas or refer to one.

/// The kind of schemas that the value of a keyword holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Subschema {
    /// A schema of the value itself, or several of them.
    Same,
    /// A schema of items, or several of them.
    Items,
    /// A schema of members without a schema of their own.
    Others,
    /// Schemas of members, by the members' names.
    Members,
    /// Schemas of members, by patterns of their names.
    Patterns,
    /// Schemas of the value itself, by the names of members.
    SameByMember,
    /// Definitions, by names that are not those of members.
    Definitions,
    /// A schema of another value.
    Apart,
}

/// Returns the kind of a keyword of any draft whose value holds schemas.
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

/// Returns whether the value of such a keyword holds schemas by name.
pub(super) const fn has_names(kind: Subschema) -> bool {
    matches!(kind, Subschema::Members | Subschema::SameByMember | Subschema::Definitions | Subschema::Patterns)
}

/// Returns whether the value of a keyword refers to a schema.
pub(super) fn is_reference(keyword: &str) -> bool {
    matches!(keyword, "$ref" | "$dynamicRef" | "$recursiveRef")
}
