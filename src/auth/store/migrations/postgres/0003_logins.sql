-- Only additions: a replica of the version before goes on beside this one.

-- What is known of the last right login of an account: the SHA-256 of its name, and a slow salted hash of
-- the password with hashes of where it was right.
CREATE TABLE onec_mcp_logins (
    account BYTEA NOT NULL PRIMARY KEY,
    known BYTEA NOT NULL,
    expires BIGINT NOT NULL
);

CREATE INDEX onec_mcp_logins_expires ON onec_mcp_logins (expires);
