//! Layers from async functions: [`from_fn`].

mod layer;
mod next;
mod service;

pub use layer::{FromFnLayer, from_fn};
pub use next::Next;
pub use service::FromFn;
