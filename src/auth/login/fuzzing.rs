//! A reader of what a store gives back, for the fuzz target and the corpus.

use super::known::Record;
use ipnet::IpNet;

/// A known login as it is written again, and as it is written when it was right at this place, too; nothing if the bytes are
/// none.
pub fn record(bytes: &[u8], place: Option<IpNet>) -> Option<(Vec<u8>, Vec<u8>)> {
    let record = Record::read(bytes)?;
    Some((record.write(), record.at(place).write()))
}
