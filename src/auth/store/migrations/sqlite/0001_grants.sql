-- Times are seconds since 1970 (UTC). Of a code or token only its SHA-256 is here.

CREATE TABLE onec_mcp_clients (
    id TEXT NOT NULL PRIMARY KEY,
    -- JSON: what the client calls itself, and where users are sent back to
    metadata TEXT NOT NULL,
    registered INTEGER NOT NULL
) STRICT;

CREATE INDEX onec_mcp_clients_registered ON onec_mcp_clients (registered);

CREATE TABLE onec_mcp_grants (
    id TEXT NOT NULL PRIMARY KEY,
    client TEXT NOT NULL,
    subject TEXT NOT NULL,
    scopes TEXT NOT NULL,
    resource TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT;

CREATE INDEX onec_mcp_grants_client ON onec_mcp_grants (client);
CREATE INDEX onec_mcp_grants_subject ON onec_mcp_grants (subject);

CREATE TABLE onec_mcp_tokens (
    digest BLOB NOT NULL PRIMARY KEY,
    -- A revoked grant takes all its tokens with it.
    grant_id TEXT NOT NULL REFERENCES onec_mcp_grants (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('code', 'access', 'refresh')),
    redirect_uri TEXT,
    challenge TEXT,
    scopes TEXT NOT NULL,
    -- 1C credentials, encrypted under the token itself
    sealed BLOB,
    expires INTEGER NOT NULL,
    used INTEGER NOT NULL
) STRICT;

CREATE INDEX onec_mcp_tokens_grant ON onec_mcp_tokens (grant_id);
CREATE INDEX onec_mcp_tokens_expires ON onec_mcp_tokens (expires);
