//! What layers and bridges share: work beside the serving threads, lists that they ask for themselves, and
//! what they remember of them.

pub(crate) mod aside;
pub(crate) mod ask;
#[cfg(any(feature = "alias", feature = "confirm"))]
pub(crate) mod asked;
pub(crate) mod memo;
