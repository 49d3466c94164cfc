//! Names of tools that every client takes.

mod layer;

pub use layer::{AliasLayer, Aliased};
