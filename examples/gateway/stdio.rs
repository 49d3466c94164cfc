//! MCP over standard input and output.

use crate::Failure;
use crate::infobase::Opened;
use onec_mcp::Bridge;

/// Serves the one client until its input ends.
pub(crate) async fn serve(bridge: Bridge, infobase: &Opened) -> Result<(), Failure> {
    let (input, output) = (tokio::io::stdin(), tokio::io::stdout());
    onec_mcp::stdio::serve(bridge, infobase.onec.clone(), input, output).await?;
    Ok(())
}
