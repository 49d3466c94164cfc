//! A parser of records from a store, for the fuzz target and the corpus.

use super::known::Record;
use ipnet::IpNet;

/// Returns a known login as it is encoded again, and as it is encoded with this place added; `None` if the bytes are
/// not a record.
pub fn record(bytes: &[u8], place: Option<IpNet>) -> Option<(Vec<u8>, Vec<u8>)> {
    let record = Record::read(bytes)?;
    Some((record.write(), record.at(place).write()))
}
