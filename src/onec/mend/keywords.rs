//! The keywords of JSON Schema and what their values are
//! ([2020-12](https://json-schema.org/draft/2020-12/json-schema-core), and those of older drafts that are
//! still in use). A value of another kind makes a validator refuse the whole schema.

/// What the value of a keyword is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keyword {
    /// Text to read.
    Label,
    Text,
    Bool,
    Number,
    /// Above 0.
    Positive,
    /// Whole, from 0 on.
    Count,
    Type,
    Enum,
    /// Names of properties.
    Required,
    /// Names of properties for some of them.
    RequiredBy,
    /// A regular expression.
    Pattern,
    /// A reference into the same schema.
    Reference,
    /// A name for references.
    Anchor,
    /// The address of the whole schema.
    Id,
    Dialect,
    /// A schema of the same value as this one.
    Same,
    /// Of the same value, where another reading of it is turned round.
    Turned,
    /// Several of the same value, at least one.
    SameSeveral,
    /// By names of properties, of the same value.
    SameByName,
    /// A schema of another value.
    Other,
    /// Several of other values, at least one.
    OtherSeveral,
    /// One, or in older drafts several.
    Items,
    Properties,
    /// By whatever name.
    ByName,
    /// By regular expressions.
    ByPattern,
    /// By names of properties: a schema of the same value, or names of properties.
    Dependencies,
    List,
    /// Whatever but null, which says nothing.
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

/// What `key` is, and which of all it is; others than these mean nothing here.
pub(super) fn keyword(key: &str) -> Option<(Keyword, u64)> {
    KEYWORDS.iter().zip(0..).find(|((name, _), _)| *name == key).map(|((_, kind), bit)| (*kind, 1 << bit))
}

/// Dialects that validators know. What is of another one is read as of the newest.
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

/// Whether `items` may be several there.
pub(super) fn is_old(dialect: &str) -> bool {
    is_known(dialect) && !dialect.contains("2020-12")
}

/// Whether validators take a regular expression: they go by ECMAScript with `u`
/// ([Regular expressions](https://json-schema.org/draft/2020-12/json-schema-core#section-6.4)).
pub(super) fn is_pattern(text: &str) -> bool {
    // What is longer nests too deep for some readers, and means nothing to a model.
    const LONGEST: usize = 1024;
    text.len() <= LONGEST
        && regress::backends::try_parse(text.chars().map(u32::from), regress::Flags::from("u")).is_ok()
}

/// Whether it may be an `$anchor`
/// ([2020-12](https://json-schema.org/draft/2020-12/json-schema-core#section-8.2.2)).
pub(super) fn is_anchor(text: &str) -> bool {
    let first = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    first && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// Whether it may be the `$id` of a schema: an address without a fragment.
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
