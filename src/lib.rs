//! onec-mcp
