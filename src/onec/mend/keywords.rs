//! The keywords of JSON Schema and the types of their values
//! ([2020-12](https://json-schema.org/draft/2020-12/json-schema-core), and those of older drafts that are still
//! in use). A value of another type makes a validator reject the whole schema.

/// The type of a keyword's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    /// Text for people.
    Label,
    Text,
    Bool,
    Number,
    /// A number above 0.
    Positive,
    /// An integer from 0 on.
    Count,
    Type,
    Enum,
    /// An array of names of properties.
    Required,
    /// An array of names of properties for some properties.
    RequiredBy,
    /// A regular expression.
    Pattern,
    /// A reference into this schema.
    Reference,
    /// An anchor for references.
    Anchor,
    /// The URI of the whole schema.
    Id,
    Dialect,
    /// A schema that applies to the value itself.
    Same,
    /// A schema that applies to the value itself, but where a looser one allows less (`not`, `if`).
    Turned,
    /// An array of at least one schema that applies to the value itself.
    SameSeveral,
    /// A map of schemas that apply to the value itself, by names of properties.
    SameByName,
    /// A schema that applies to another value.
    Other,
    /// An array of at least one schema that applies to other values.
    OtherSeveral,
    /// A schema, or an array of schemas in older drafts.
    Items,
    Properties,
    /// A map of schemas by any name.
    ByName,
    /// A map of schemas by regular expressions.
    ByPattern,
    /// A map by names of properties: schemas that apply to the value itself, or arrays of names of properties.
    Dependencies,
    List,
    /// Any value but null, which counts as absent.
    NotNull,
}

const KEYWORDS: &[(&str, Keyword)] = &[
    ("type", Keyword::Type),
    ("description", Keyword::Label),
    ("title", Keyword::Label),
    ("properties", Keyword::Properties),
    ("required", Keyword::Required),
    ("enum", Keyword::Enum),
    ("items", Keyword::Items),
    ("default", Keyword::NotNull),
    ("format", Keyword::Text),
    ("additionalProperties", Keyword::Other),
    ("examples", Keyword::List),
    ("minimum", Keyword::Number),
    ("maximum", Keyword::Number),
    ("exclusiveMinimum", Keyword::Number),
    ("exclusiveMaximum", Keyword::Number),
    ("multipleOf", Keyword::Positive),
    ("minLength", Keyword::Count),
    ("maxLength", Keyword::Count),
    ("pattern", Keyword::Pattern),
    ("minItems", Keyword::Count),
    ("maxItems", Keyword::Count),
    ("uniqueItems", Keyword::Bool),
    ("minContains", Keyword::Count),
    ("maxContains", Keyword::Count),
    ("minProperties", Keyword::Count),
    ("maxProperties", Keyword::Count),
    ("anyOf", Keyword::SameSeveral),
    ("oneOf", Keyword::SameSeveral),
    ("allOf", Keyword::SameSeveral),
    ("not", Keyword::Turned),
    ("if", Keyword::Turned),
    ("then", Keyword::Same),
    ("else", Keyword::Same),
    ("dependentSchemas", Keyword::SameByName),
    ("dependentRequired", Keyword::RequiredBy),
    ("dependencies", Keyword::Dependencies),
    ("prefixItems", Keyword::OtherSeveral),
    ("additionalItems", Keyword::Other),
    ("contains", Keyword::Other),
    ("propertyNames", Keyword::Other),
    ("unevaluatedItems", Keyword::Other),
    ("unevaluatedProperties", Keyword::Other),
    ("contentSchema", Keyword::Other),
    ("contentEncoding", Keyword::Text),
    ("contentMediaType", Keyword::Text),
    ("patternProperties", Keyword::ByPattern),
    ("$defs", Keyword::ByName),
    ("definitions", Keyword::ByName),
    ("$ref", Keyword::Reference),
    ("$dynamicRef", Keyword::Reference),
    ("$recursiveRef", Keyword::Reference),
    ("$schema", Keyword::Dialect),
    ("$id", Keyword::Id),
    ("$anchor", Keyword::Anchor),
    ("$dynamicAnchor", Keyword::Anchor),
    ("$comment", Keyword::Text),
    ("deprecated", Keyword::Bool),
    ("readOnly", Keyword::Bool),
    ("writeOnly", Keyword::Bool),
];

/// Returns the type of the keyword `key` and its bit; `None` for keys without a meaning here.
pub(super) fn keyword(key: &str) -> Option<(Keyword, u64)> {
    KEYWORDS.iter().zip(0..).find(|((name, _), _)| *name == key).map(|((_, kind), bit)| (*kind, 1 << bit))
}

/// Returns whether validators know the dialect. A schema of an unknown dialect is read as the newest one.
pub(super) fn is_known(dialect: &str) -> bool {
    let name = dialect.trim_end_matches('#');
    let name = name.strip_prefix("https://").or_else(|| name.strip_prefix("http://")).unwrap_or_default();
    matches!(
        name,
        "json-schema.org/draft/2020-12/schema"
            | "json-schema.org/draft/2019-09/schema"
            | "json-schema.org/draft-07/schema"
            | "json-schema.org/draft-06/schema"
    )
}

/// Returns whether `items` may be an array in the dialect.
pub(super) fn is_old(dialect: &str) -> bool {
    is_known(dialect) && !dialect.contains("2020-12")
}

/// Returns whether validators accept a regular expression: they use ECMAScript with `u`
/// ([Regular expressions](https://json-schema.org/draft/2020-12/json-schema-core#section-6.4)).
pub(super) fn is_pattern(text: &str) -> bool {
    // A longer one nests too deep for some readers, and means nothing to a model.
    const LONGEST: usize = 1024;
    text.len() <= LONGEST
        && regress::backends::try_parse(text.chars().map(u32::from), regress::Flags::from("u")).is_ok()
}

/// Returns whether a text may be an `$anchor`
/// ([2020-12](https://json-schema.org/draft/2020-12/json-schema-core#section-8.2.2)).
pub(super) fn is_anchor(text: &str) -> bool {
    let first = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    first && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// Returns whether a text may be the `$id` of a schema: a URI without a fragment.
pub(super) fn is_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?!$&'()*+,;=@".contains(&byte);
    text.trim_end_matches('#').bytes().all(plain) && url::Url::parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_bit_of_its_own() {
        assert!(KEYWORDS.len() <= 64);
        let bits = KEYWORDS.iter().map(|(key, _)| keyword(key).unwrap().1).fold(0_u64, |all, bit| all | bit);
        assert_eq!(bits.count_ones() as usize, KEYWORDS.len());
    }
}
