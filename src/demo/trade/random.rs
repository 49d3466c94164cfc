//! Numbers and ids that look random but are fixed.

use uuid::Uuid;

/// A generator of the splitmix64 family.
#[derive(Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed(self.0)
    }

    /// Returns a number of `low..=high`; the modulo bias does not matter for such small ranges.
    pub(super) const fn range(&mut self, low: i64, high: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        low + (mixed(self.0) % (high.abs_diff(low) + 1)) as i64
    }

    /// Returns true in this percentage of calls.
    pub(super) const fn chance(&mut self, percent: i64) -> bool {
        self.range(1, 100) <= percent
    }

    pub(super) fn pick<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        let at = self.range(0, i64::try_from(all.len()).ok()?.checked_sub(1)?);
        all.get(usize::try_from(at).ok()?).copied()
    }
}

const fn mixed(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    state ^ (state >> 31)
}

/// Returns the id of an object by its type and its name or number: a UUID of version 8, whose free bits are a
/// hash of both.
pub(super) fn id(kind: &str, name: &str) -> String {
    let bytes = kind.bytes().chain([0]).chain(name.bytes());
    let hash =
        bytes.fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3));
    let mut random = Random::new(hash);
    let high = random.next() & !0xF000 | 0x8000;
    let low = random.next() & !(0b11 << 62) | 0b10 << 62;
    Uuid::from_u64_pair(high, low).to_string()
}
