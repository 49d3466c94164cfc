//! Messages ready to be written.

use bytes::Bytes;

/// A JSON-RPC message as the pieces it is written in; several only where copying would cost more.
#[derive(Clone, Debug, Default)]
pub struct Encoded(Pieces);

#[derive(Clone, Debug, Default)]
enum Pieces {
    #[default]
    None,
    One(Bytes),
    Many(Vec<Bytes>),
}

impl Encoded {
    pub(super) fn in_pieces(mut pieces: Vec<Bytes>) -> Self {
        // `next_piece` takes from the end.
        pieces.reverse();
        Self(Pieces::Many(pieces))
    }

    /// Returns the whole message in one buffer.
    pub fn into_bytes(self) -> Bytes {
        match self.0 {
            Pieces::None => Bytes::new(),
            Pieces::One(bytes) => bytes,
            Pieces::Many(mut pieces) => {
                pieces.reverse();
                pieces.concat().into()
            }
        }
    }

    /// Returns the length in bytes.
    pub fn len(&self) -> usize {
        match &self.0 {
            Pieces::None => 0,
            Pieces::One(bytes) => bytes.len(),
            Pieces::Many(pieces) => pieces.iter().map(Bytes::len).sum(),
        }
    }

    /// Returns whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes the next piece.
    pub fn next_piece(&mut self) -> Option<Bytes> {
        match &mut self.0 {
            Pieces::None => None,
            Pieces::One(bytes) => {
                let bytes = std::mem::take(bytes);
                self.0 = Pieces::None;
                Some(bytes)
            }
            Pieces::Many(pieces) => pieces.pop(),
        }
    }
}

impl From<Bytes> for Encoded {
    fn from(bytes: Bytes) -> Self {
        // An empty piece would become an empty frame.
        Self(if bytes.is_empty() { Pieces::None } else { Pieces::One(bytes) })
    }
}

impl From<Vec<u8>> for Encoded {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Pieces::One(bytes.into()))
    }
}
