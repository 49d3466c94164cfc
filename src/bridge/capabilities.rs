//! The capabilities of a client: what it can be asked for.

use crate::rpc::json::{JsonError, Member, Scanner};

/// The declared capabilities that this crate uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Capabilities {
    pub(crate) elicitation: bool,
    pub(crate) elicitation_url: bool,
    pub(crate) sampling: bool,
    pub(crate) roots: bool,
}

impl Capabilities {
    pub(crate) const ALL: Self = Self { elicitation: true, elicitation_url: true, sampling: true, roots: true };

    /// Reads `clientCapabilities`; a value that is no object declares none.
    pub(crate) fn parse(raw: &[u8]) -> Self {
        let mut can = Self::default();
        let read = Scanner::new(raw).and_then(|mut scanner| {
            scanner.object::<JsonError>(|scanner, Member { key, .. }| {
                let declared = scanner.peek() == b'{';
                match &*key {
                    "elicitation" if declared => return can.read_elicitation(scanner),
                    "sampling" => can.sampling = declared,
                    "roots" => can.roots = declared,
                    _ => {}
                }
                scanner.skip().map(drop)
            })
        });
        if read.is_ok() { can } else { Self::default() }
    }

    /// Reads the elicitation modes: forms count unless only URLs are declared, since older clients declare no mode.
    fn read_elicitation(&mut self, scanner: &mut Scanner<'_>) -> Result<(), JsonError> {
        let mut form = false;
        scanner.object::<JsonError>(|scanner, Member { key, .. }| {
            match &*key {
                "form" => form = true,
                "url" => self.elicitation_url = true,
                _ => {}
            }
            scanner.skip().map(drop)
        })?;
        self.elicitation = form || !self.elicitation_url;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_declared() {
        let can = Capabilities::parse(br#"{"elicitation":{},"roots":{"listChanged":true},"extensions":{"a/b":{}}}"#);
        assert_eq!(can, Capabilities { elicitation: true, roots: true, ..Capabilities::default() });
        let url = Capabilities::parse(br#"{"elicitation":{"url":{}}}"#);
        assert_eq!(url, Capabilities { elicitation_url: true, ..Capabilities::default() });
        assert_eq!(Capabilities::parse(b"[]"), Capabilities::default());
    }
}
