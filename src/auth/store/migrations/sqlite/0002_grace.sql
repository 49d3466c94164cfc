-- Only additions with defaults: a replica of the version before goes on beside this one.

-- until when a used refresh token may come again
ALTER TABLE onec_mcp_tokens ADD COLUMN grace_ends INTEGER;

CREATE INDEX onec_mcp_tokens_grace_ends ON onec_mcp_tokens (grace_ends) WHERE grace_ends IS NOT NULL;

-- whether the client has to prove itself by a signed assertion
ALTER TABLE onec_mcp_grants ADD COLUMN confidential INTEGER NOT NULL DEFAULT FALSE;

-- What may come once only until it expires; of it only a SHA-256 is here.
CREATE TABLE onec_mcp_once (
    id BLOB NOT NULL PRIMARY KEY,
    expires INTEGER NOT NULL
) STRICT;

CREATE INDEX onec_mcp_once_expires ON onec_mcp_once (expires);
