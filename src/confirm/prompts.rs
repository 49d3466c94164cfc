//! Lists of prompts without the argument that only the user may give: it would not reach 1C.

use super::arguments::{is_confirmation, may_hold};
use crate::rpc::json::{JsonError, Member, Scanner, Span, Tree};
use crate::rpc::{List, Method, Payload};
use crate::service::memo::Memo;
use bytes::Bytes;

/// Pages of lists as clients see them; `None` where nothing changes.
#[derive(Debug, Default)]
pub(super) struct Prompts(Memo<(), Option<Payload>>);

impl Prompts {
    /// A list as clients see it.
    ///
    /// # Errors
    /// [`JsonError`] for what is no list of prompts.
    pub(super) fn show(&self, payload: &Payload) -> Result<Payload, JsonError> {
        if !may_hold(payload.json()) {
            return Ok(payload.clone());
        }
        let shown = self.0.get_or(payload.json(), &(), || shown(payload))?;
        Ok(shown.map_or_else(|| payload.clone(), |shown| shown.kept_as(payload)))
    }
}

fn shown(payload: &Payload) -> Result<Option<Payload>, JsonError> {
    let list = List::read(&Method::PromptsList, payload)?;
    let prompts = list.items.iter().map(|item| without(&item.json)).collect::<Result<Vec<_>, _>>()?;
    if prompts.iter().all(Option::is_none) {
        return Ok(None);
    }
    let prompts = prompts.iter().zip(&list.items).map(|(changed, item)| changed.as_deref().unwrap_or(&item.json));
    list.with(prompts).map(Some)
}

/// The prompt without the argument; `None` where it has none such.
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
