//! Removes the argument that only the user may give from lists of prompts, as it would not reach 1C.

use super::arguments::{is_confirmation, may_hold};
use crate::rpc::json::{JsonError, Member, Scanner, Span, Tree};
use crate::rpc::{List, Memo, Method, Payload};
use bytes::Bytes;
use std::sync::Arc;

/// The key of changed lists among what is derived from a list; they depend on the list alone.
#[derive(Clone, PartialEq)]
struct Key;

/// Turns a list into the one that clients see.
///
/// # Errors
/// [`JsonError`] if the payload is not a list of prompts.
pub(super) fn show(payload: &mut Payload, lists: &Arc<Memo>) -> Result<(), JsonError> {
    if !may_hold(payload.json()) {
        return Ok(());
    }
    let list = payload.list(&Method::PromptsList, lists)?;
    if let Some(shown) = list.made(&Key, || shown(&list))? {
        payload.show(shown);
    }
    Ok(())
}

/// Returns the list that clients see; `None` if nothing changes.
fn shown(list: &List) -> Result<Option<Arc<List>>, JsonError> {
    let mut changed = false;
    let mut prompts = Vec::with_capacity(list.items().len());
    for item in list.items() {
        let json = without(&item.json)?;
        changed |= json.is_some();
        prompts.push(json.map_or_else(|| item.clone(), |json| item.rewritten(json)));
    }
    Ok(changed.then(|| list.with(prompts)))
}

/// Returns the prompt without the argument; `None` if it does not have it.
fn without(prompt: &Bytes) -> Result<Option<Vec<u8>>, JsonError> {
    let mut found = Span::default();
    Scanner::new(prompt)?.object::<JsonError>(|scanner, Member { key, .. }| {
        let span = scanner.skip()?;
        if key == "arguments" {
            found = span;
        }
        Ok(())
    })?;
    let Some(Tree::Array(mut arguments)) = found.of(prompt).map(Tree::parse).transpose()? else { return Ok(None) };
    let before = arguments.len();
    arguments.retain(|argument| !is_it(argument));
    if before == arguments.len() {
        return Ok(None);
    }
    let mut out = Vec::with_capacity(prompt.len());
    out.extend_from_slice(prompt.get(..found.start()).unwrap_or_default());
    Tree::Array(arguments).write(&mut out);
    out.extend_from_slice(prompt.get(found.end()..).unwrap_or_default());
    Ok(Some(out))
}

fn is_it(argument: &Tree) -> bool {
    let Tree::Object(members) = argument else { return false };
    members.iter().any(|(key, name)| key == "name" && matches!(name, Tree::Text(name) if is_confirmation(name)))
}
