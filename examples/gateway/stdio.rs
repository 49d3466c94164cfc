//! MCP over standard input and output.

use crate::BoxError;
use crate::stack::{Bridge, Stack};

/// Serves the one client until its input ends.
pub(crate) async fn serve(bridge: Bridge, stack: &Stack) -> Result<(), BoxError> {
    let (input, output) = (tokio::io::stdin(), tokio::io::stdout());
    onec_mcp::bridge::stdio::serve(bridge, stack.mcp(), input, output).await?;
    Ok(())
}
