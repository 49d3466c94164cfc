// mcp-remote between a client that knows only stdio and a gateway whose access tokens expire after two seconds.
//
//   BROWSER_USER=… BROWSER_PASSWORD=… node remote.mjs URL FOLDER
//
// FOLDER is where mcp-remote keeps its tokens, and where a stand-in for the browser is put.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

const [url, folder] = process.argv.slice(2);
const origin = new URL(url).origin;
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

/** Every program that may be asked to open a page is the same one. It notes that it was asked, and does not wait. */
const visits = join(folder, 'visits');
const browser = fileURLToPath(new URL('../browser.mjs', import.meta.url));
for (const name of ['xdg-open', 'browser']) {
  const open = `'${process.execPath}' '${browser}' "$1" >>'${folder}/browser.log' 2>&1 &`;
  const script = `#!/bin/sh\nprintf x >>'${visits}'\n${open}\n`;
  writeFileSync(join(folder, name), script);
  chmodSync(join(folder, name), 0o755);
}
const logins = () => (existsSync(visits) ? readFileSync(visits).length : 0);

/** The file of that kind among those that mcp-remote keeps, wherever its version puts it. */
function kept(kind) {
  const files = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(`_${kind}.json`));
  assert.equal(files.length, 1, `files of ${kind}: ${files}`);
  return JSON.parse(readFileSync(join(folder, files[0]), 'utf8'));
}

const program = join(dirname(createRequire(import.meta.url).resolve('mcp-remote/package.json')), 'dist', 'proxy.js');
const client = new Client({ name: 'foreign-client', version: '1.0.0' });
const wire = new StdioClientTransport({
  command: process.execPath,
  args: [program, url],
  env: {
    ...process.env,
    MCP_REMOTE_CONFIG_DIR: folder,
    PATH: `${folder}:${process.env.PATH}`,
    BROWSER: join(folder, 'browser'),
    DISPLAY: '',
  },
  stderr: 'pipe',
});
let log = '';
wire.stderr.on('data', (text) => (log += text));

async function whoami() {
  const { content, isError } = await client.callTool({ name: 'whoami', arguments: {} });
  assert.ok(!isError && content[0].text.includes(process.env.BROWSER_USER), JSON.stringify(content));
}

let failed = 0;
async function proof(does, run) {
  if (failed) return;
  try {
    await run();
  } catch (error) {
    failed++;
    console.error(`FAILED ${does}\n       ${(error.stack ?? String(error)).replaceAll('\n', '\n       ')}`);
    console.error(log.split('\n').slice(-40).join('\n'));
    const browserLog = join(folder, 'browser.log');
    if (existsSync(browserLog)) console.error(readFileSync(browserLog, 'utf8'));
  }
}

await proof('registers, logs in and connects', async () => {
  await client.connect(wire);
  assert.equal(logins(), 1);
  assert.ok(kept('client_info').client_id);
});
await proof('lists the tools and calls one as the user who logged in', async () => {
  assert.ok((await client.listTools()).tools.length > 0);
  await whoami();
});
await proof('gets another token when the first has expired', async () => {
  const before = kept('tokens');
  await sleep(2500);
  await whoami();
  assert.notEqual(kept('tokens').access_token, before.access_token);
  assert.equal(logins(), 1);
});
await proof('logs in again when its tokens were revoked', async () => {
  const before = kept('tokens');
  const body = new URLSearchParams({ token: before.refresh_token });
  assert.equal((await fetch(`${origin}/revoke`, { method: 'POST', body })).status, 200);
  await sleep(1100);
  await whoami();
  assert.equal(logins(), 2);
  assert.notEqual(kept('tokens').access_token, before.access_token);
});
await client.close();

console.log(`mcp-remote, OAuth at ${new URL(url).pathname}: ${failed ? `${failed} checks failed` : 'all checks passed'}`);
process.exit(failed ? 1 : 0);
