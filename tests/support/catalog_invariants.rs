//! What must hold for any arguments and any catalog file: shared by the corpus and the fuzz targets.
#![allow(dead_code, reason = "a fuzz target uses one of them")]
#![allow(clippy::unwrap_used, reason = "a broken invariant is a panic")]

use super::catalog as support;
use onec_mcp::catalog::{Limits, Tools};
use onec_mcp::rpc::Payload;

pub(crate) fn arguments(bytes: &[u8]) {
    for tool in support::tools().iter() {
        match tool.prepare(Some(bytes)) {
            Ok(call) => {
                // An object, and already what would become of it.
                assert!(Payload::parse(call.body.clone()).is_ok());
                assert_eq!(tool.prepare(Some(&call.body)).unwrap().body, call.body);
            }
            Err(unfit) => {
                assert!(unfit.message.len() < 4000 && !unfit.message.chars().any(char::is_control), "{unfit}");
            }
        }
    }
}

pub(crate) fn catalog(bytes: &[u8]) {
    let Ok(file) = serde_json::from_slice(bytes) else { return };
    match Tools::read(&file, "file", Limits::default()) {
        Ok(tools) => {
            assert!(tools.notes().iter().all(|note| !note.chars().any(char::is_control)), "{:?}", tools.notes());
            for tool in tools.iter() {
                assert!(tool.input_schema().is_object());
                let _ = tool.prepare(None);
                let _ = tool.prepare(Some(b"{\"a\":\"1\"}"));
            }
        }
        Err(error) => {
            let shown = error.to_string();
            assert!(shown.lines().count() < 110, "{shown}");
            for line in shown.lines() {
                let clean = line.len() < 6000 && !line.chars().any(char::is_control);
                assert!(line.starts_with("file: ") && clean, "{line}");
            }
        }
    }
}
