//! [`Search`]: finds where a schema mentions the argument that only the user may give.

use super::arguments::is_confirmation;
use crate::rpc::json::Tree;
use percent_encoding::percent_decode_str;
use regex::RegexBuilder;

/// Longer chains of references and combinators are not followed.
const LONGEST_CHAIN: usize = 16;
/// The most schemas to look at: references may form cycles.
const MOST_STEPS: usize = 2_000;
/// The most bytes of a compiled pattern.
const PATTERN_SIZE: usize = 256 * 1024;

/// Names of ordinary arguments: a pattern that matches one of them is not about consent.
const OTHERS: [&str; 5] = ["a", "code", "Код", "x1", "номер_1"];

/// A walk over the schemas that the arguments of a call must fit.
pub(super) struct Search<'a> {
    root: &'a Tree,
    steps: usize,
}

impl<'a> Search<'a> {
    pub(super) const fn new(root: &'a Tree) -> Self {
        Self { root, steps: MOST_STEPS }
    }

    /// Returns what `at` finds at some keyword of one of the schemas.
    pub(super) fn find<T>(&mut self, at: fn(&str, &'a Tree) -> Option<T>) -> Option<T> {
        self.within(self.root, at, 0)
    }

    fn within<T>(&mut self, schema: &'a Tree, at: fn(&str, &'a Tree) -> Option<T>, depth: usize) -> Option<T> {
        let Tree::Object(members) = schema else { return None };
        self.steps = self.steps.checked_sub(1)?;
        if depth > LONGEST_CHAIN {
            return None;
        }
        members.iter().find_map(|(keyword, value)| {
            at(keyword, value).or_else(|| match (keyword.as_str(), value) {
                ("allOf" | "anyOf" | "oneOf", Tree::Array(schemas)) => {
                    schemas.iter().find_map(|schema| self.within(schema, at, depth + 1))
                }
                ("dependentSchemas" | "dependencies", Tree::Object(schemas)) => {
                    schemas.iter().find_map(|(_, schema)| self.within(schema, at, depth + 1))
                }
                ("then" | "else" | "if", schema) => self.within(schema, at, depth + 1),
                ("$ref" | "$dynamicRef" | "$recursiveRef", Tree::Text(target)) => {
                    self.within(target_of(target, self.root)?, at, depth + 1)
                }
                _ => None,
            })
        })
    }
}

/// Returns the argument with its schema.
pub(super) fn property<'a>(keyword: &str, value: &'a Tree) -> Option<(&'a str, &'a Tree)> {
    let Tree::Object(properties) = value else { return None };
    match keyword {
        "properties" => {
            properties.iter().find(|(name, _)| is_confirmation(name)).map(|(name, schema)| (name.as_str(), schema))
        }
        "patternProperties" => {
            properties.iter().find(|(pattern, _)| is_pattern(pattern)).map(|(_, schema)| ("_confirmation", schema))
        }
        _ => None,
    }
}

/// Returns the argument if only its name is mentioned.
pub(super) fn requirement<'a>(keyword: &str, value: &'a Tree) -> Option<&'a str> {
    let named = |names: &'a Tree| match names {
        Tree::Array(names) => names.iter().find_map(|name| match name {
            Tree::Text(name) if is_confirmation(name) => Some(name.as_str()),
            _ => None,
        }),
        _ => None,
    };
    match (keyword, value) {
        ("required", names) => named(names),
        ("dependentRequired" | "dependentSchemas" | "dependencies", Tree::Object(rules)) => {
            rules.iter().find_map(|(name, rule)| if is_confirmation(name) { Some(name.as_str()) } else { named(rule) })
        }
        ("propertyNames", Tree::Object(members)) => {
            members.iter().find_map(|(keyword, names)| if keyword == "enum" { named(names) } else { None })
        }
        _ => None,
    }
}

/// Returns whether a pattern of names is meant for this argument.
pub(super) fn is_pattern(pattern: &str) -> bool {
    match RegexBuilder::new(pattern).size_limit(PATTERN_SIZE).dfa_size_limit(PATTERN_SIZE).build() {
        Ok(regex) => regex.is_match("_confirmation") && !OTHERS.iter().any(|name| regex.is_match(name)),
        // A pattern with look-around, which this engine does not support.
        Err(_) => pattern.to_ascii_lowercase().contains("_confirmation"),
    }
}

fn target_of<'a>(target: &str, root: &'a Tree) -> Option<&'a Tree> {
    let pointer = target.strip_prefix('#')?;
    pointer.split('/').skip(1).try_fold(root, |tree, part| {
        let name = percent_decode_str(part).decode_utf8_lossy().replace("~1", "/").replace("~0", "~");
        match tree {
            Tree::Object(members) => members.iter().find(|(key, _)| *key == name).map(|(_, value)| value),
            Tree::Array(items) => items.get(name.parse::<usize>().ok()?),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_for_it_are_told_from_those_for_all() {
        for pattern in
            ["^_confirmation$", "^_", "_confirm", "[_]confirmation", "^_(confirmation|consent)$", "(?!x)^_confirmation"]
        {
            assert!(is_pattern(pattern), "{pattern}");
        }
        for pattern in ["", ".*", "^[a-z_]+$", "^\\w+$", "^x-", "confirmations", "(?!x)", "("] {
            assert!(!is_pattern(pattern), "{pattern}");
        }
    }
}
