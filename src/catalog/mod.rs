//! Business tools as data.

mod layer;
mod live;
mod tool;
mod tools;

pub use layer::{CatalogLayer, Catalogued};
pub use live::Catalog;
pub use tool::{Tool, Unfit};
pub use tools::{CatalogError, Limits, Tools};
