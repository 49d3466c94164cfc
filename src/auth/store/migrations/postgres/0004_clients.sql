-- Only additions: a replica of the version before goes on beside this one.

-- when somebody logged in through the client, at most a day ago more than the last time
ALTER TABLE onec_mcp_clients ADD COLUMN used BIGINT;

-- Nobody knows it of those that are there.
UPDATE onec_mcp_clients SET used = registered;

CREATE INDEX onec_mcp_clients_used ON onec_mcp_clients (used);
