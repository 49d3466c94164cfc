//! Keywords that model APIs reject at the top of an input schema, where they know only properties: the APIs of
//! Anthropic and OpenAI reject a whole request for one of them.
//!
//! Their properties move to the top of the schema. The new schema is looser than the old one, so it rejects
//! nothing that 1C accepts.

use crate::rpc::json::Tree;

/// The keywords that are removed.
pub(super) const COMBINED: [&str; 5] = ["anyOf", "oneOf", "allOf", "not", "enum"];

type Members = Vec<(String, Tree)>;

/// Returns the schema without these keywords; `None` if it is no object.
pub(super) fn flattened(json: &[u8]) -> Option<Vec<u8>> {
    let Ok(Tree::Object(members)) = Tree::parse(json) else { return None };
    let (combined, mut members): (Members, Members) =
        members.into_iter().partition(|(key, _)| COMBINED.contains(&&**key));
    let mut found = Found::default();
    for (key, value) in combined {
        found.gather(&key, value, true);
    }
    // A schema that allows only its own properties allows no others.
    let closed =
        members.iter().any(|(key, value)| key == "additionalProperties" && *value == Tree::Raw(b"false".into()));
    if !closed {
        found.merge_properties(&mut members);
    }
    found.merge_required(&mut members);
    let mut out = Vec::with_capacity(json.len());
    Tree::Object(members).write(&mut out);
    Some(out)
}

/// The properties and requirements in the branches.
#[derive(Default)]
struct Found {
    /// Each property with its schemas in different branches.
    properties: Vec<(String, Vec<Tree>)>,
    /// The properties that all branches require.
    required: Vec<String>,
}

impl Found {
    fn gather(&mut self, key: &str, value: Tree, always: bool) {
        let Tree::Array(branches) = value else { return };
        if !matches!(key, "allOf" | "anyOf" | "oneOf") {
            return;
        }
        let always = always && (key == "allOf" || branches.len() == 1);
        for (key, value) in branches.into_iter().filter_map(object).flatten() {
            match (&*key, value) {
                ("properties", Tree::Object(properties)) => {
                    properties.into_iter().for_each(|(name, schema)| self.property(name, schema));
                }
                ("required", Tree::Array(names)) if always => self.required.extend(names.into_iter().filter_map(text)),
                (key, value) => self.gather(key, value, always),
            }
        }
    }

    fn property(&mut self, name: String, schema: Tree) {
        match self.properties.iter_mut().find(|(known, _)| *known == name) {
            Some((_, schemas)) if schemas.contains(&schema) => {}
            Some((_, schemas)) => schemas.push(schema),
            None => self.properties.push((name, vec![schema])),
        }
    }

    fn merge_properties(&mut self, members: &mut Members) {
        let mut found = std::mem::take(&mut self.properties);
        if found.is_empty() {
            return;
        }
        let known = slot(members, "properties", Tree::Object(Vec::new()));
        let Some(Tree::Object(known)) = known else { return };
        found.retain(|(name, _)| known.iter().all(|(other, _)| other != name));
        known.extend(found.into_iter().map(|(name, mut schemas)| match (schemas.pop(), schemas.is_empty()) {
            (Some(only), true) => (name, only),
            (last, _) => {
                schemas.extend(last);
                (name, Tree::Object(vec![("anyOf".to_owned(), Tree::Array(schemas))]))
            }
        }));
    }

    fn merge_required(self, members: &mut Members) {
        let properties = members.iter().find(|(key, _)| key == "properties").and_then(|(_, value)| match value {
            Tree::Object(properties) => Some(properties.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()),
            _ => None,
        });
        let properties = properties.unwrap_or_default();
        let required: Vec<_> = self.required.into_iter().filter(|name| properties.contains(name)).collect();
        if required.is_empty() {
            return;
        }
        let Some(Tree::Array(names)) = slot(members, "required", Tree::Array(Vec::new())) else { return };
        for name in required.into_iter().map(Tree::Text) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
}

/// Returns the member with this name; inserts `new` if there is none.
fn slot<'a>(members: &'a mut Members, key: &str, new: Tree) -> Option<&'a mut Tree> {
    if members.iter().all(|(other, _)| other != key) {
        members.push((key.to_owned(), new));
    }
    members.iter_mut().find(|(other, _)| other == key).map(|(_, value)| value)
}

fn object(tree: Tree) -> Option<Members> {
    if let Tree::Object(members) = tree { Some(members) } else { None }
}

fn text(tree: Tree) -> Option<String> {
    if let Tree::Text(text) = tree { Some(text) } else { None }
}
