// The OAuth flows of the official TypeScript SDK against a gateway whose access tokens expire after two seconds.
//
//   BROWSER_USER=… BROWSER_PASSWORD=… node login.mjs 1|2 URL     (or BROWSER_KEY=… for a catalog behind access keys)
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { login, visit } from '../browser.mjs';

const [sdk, url] = process.argv.slice(2);
// The SDK warns of each refused token, and some are refused on purpose.
console.warn = () => {};
const { Client, UnauthorizedError, StreamableHTTPClientTransport } =
  sdk === '2'
    ? await import('@modelcontextprotocol/client')
    : {
        ...(await import('@modelcontextprotocol/sdk/client/index.js')),
        ...(await import('@modelcontextprotocol/sdk/client/auth.js')),
        ...(await import('@modelcontextprotocol/sdk/client/streamableHttp.js')),
      };

/** Where the browser comes back to. */
let returned;
const listener = createServer((request, response) => {
  returned = new URL(request.url, 'http://127.0.0.1').searchParams;
  response.end();
});
await new Promise((ready) => listener.listen(0, '127.0.0.1', ready));
const redirectUrl = `http://127.0.0.1:${listener.address().port}/callback`;

/** What an application keeps for the SDK, in memory. */
const kept = {};
let logins = 0;
const provider = {
  redirectUrl,
  clientMetadata: { client_name: 'foreign client', redirect_uris: [redirectUrl] },
  state: () => (kept.state = crypto.randomUUID()),
  clientInformation: () => kept.client,
  saveClientInformation: (client) => void (kept.client = client),
  tokens: () => kept.tokens,
  saveTokens: (tokens) => void (kept.tokens = tokens),
  codeVerifier: () => kept.verifier,
  saveCodeVerifier: (verifier) => void (kept.verifier = verifier),
  discoveryState: () => kept.discovery,
  saveDiscoveryState: (state) => void (kept.discovery = state),
  invalidateCredentials: (scope) => {
    if (scope !== 'client') delete kept.tokens;
    if (scope === 'all' || scope === 'client') delete kept.client;
  },
  async redirectToAuthorization(page) {
    logins++;
    await visit(page, login());
  },
};

const info = { name: 'foreign-client', version: '1.0.0' };
const options = sdk === '2' ? { versionNegotiation: { mode: 'auto' } } : undefined;
let client, wire;
async function connect() {
  wire = new StreamableHTTPClientTransport(new URL(url), { authProvider: provider });
  client = new Client(info, options);
  await client.connect(wire);
}

/** Does it, and if the SDK says that the user must log in, does that first. */
async function authorized(run) {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof UnauthorizedError)) throw error;
    assert.equal(returned.get('state'), kept.state);
    await wire.finishAuth(sdk === '2' ? returned : returned.get('code'));
    return run();
  }
}

/** As who logged in: the holder of a key gets what the key may, a user is told who it is. */
async function whoami() {
  if (process.env.BROWSER_KEY) {
    const { structuredContent, ...other } = await client.callTool({ name: 'resolve_product', arguments: { query: 'а' } });
    return assert.ok(structuredContent?.candidates.length > 0, JSON.stringify(other));
  }
  const { content, isError } = await client.callTool({ name: 'whoami', arguments: {} });
  assert.ok(!isError && content[0].text.includes(process.env.BROWSER_USER), JSON.stringify(content));
}

let failed = 0;
async function proof(does, run) {
  try {
    await run();
  } catch (error) {
    failed++;
    console.error(`FAILED ${does}\n       ${(error.stack ?? String(error)).replaceAll('\n', '\n       ')}`);
  }
}

await proof('registers, logs in and connects', async () => {
  await authorized(connect);
  assert.equal(logins, 1);
  assert.ok(kept.client.client_id, 'registered');
});
await proof('lists the tools and calls one as the user who logged in', async () => {
  assert.ok((await client.listTools()).tools.length > 0);
  await whoami();
});
await proof('gets another token when the first has expired', async () => {
  const { access_token, refresh_token } = kept.tokens;
  await sleep(2500);
  await whoami();
  assert.notEqual(kept.tokens.access_token, access_token);
  assert.notEqual(kept.tokens.refresh_token, refresh_token, 'rotation');
  assert.equal(logins, 1);
});
// Both find the token expired and refresh with the same one; the later answer is the one that is kept. Version 1 ends the
// connection by itself at the second 401, whatever the server does.
if (sdk === '2') await proof('makes two calls at once when its token has expired, again and again', async () => {
  for (let round = 0; round < 3; round++) {
    const { access_token } = kept.tokens;
    await sleep(2500);
    await Promise.all([whoami(), whoami()]);
    assert.notEqual(kept.tokens.access_token, access_token);
    await whoami();
  }
  assert.equal(logins, 1);
});
await proof('logs in again when its tokens were revoked', async () => {
  const { access_token, refresh_token } = kept.tokens;
  const answer = await fetch(new URL('revoke', url), { method: 'POST', body: new URLSearchParams({ token: refresh_token }) });
  assert.equal(answer.status, 200);
  // Who validated the token a moment ago may remember it for a second.
  await sleep(1100);
  await authorized(whoami);
  assert.equal(logins, 2);
  assert.notEqual(kept.tokens.access_token, access_token);
});
await client?.close();
listener.close();

console.log(`TypeScript SDK ${sdk}.x, OAuth${process.env.BROWSER_KEY ? ' by key' : ''}: ${failed ? `${failed} checks failed` : 'all checks passed'}`);
process.exit(failed ? 1 : 0);
