// The official TypeScript SDK against a running gateway: everything in ../expected.json.
//
//   node check.mjs 1|2 http|sse URL
//   node check.mjs 1|2 stdio COMMAND ARGUMENT...
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const [sdk, transport, ...target] = process.argv.slice(2);
const expected = JSON.parse(readFileSync(new URL('../expected.json', import.meta.url)));
const era = sdk === '2' ? 'modern' : 'legacy';

/** Every POST as it crossed the wire: the JSON-RPC message, its headers, the type of the answer. */
const posts = [];
async function recording(url, init) {
  const answer = await fetch(url, init);
  if (init?.method === 'POST') {
    const headers = new Headers(init.headers);
    posts.push({ message: JSON.parse(init.body), headers, type: answer.headers.get('content-type') });
  }
  return answer;
}

/** The `Client` of the SDK and its transport, and a call that reports progress, which the two spell differently. */
async function open() {
  const stdio = { command: target[0], args: target.slice(1) };
  const web = { fetch: recording };
  const info = { name: 'foreign-client', version: '1.0.0' };
  if (sdk === '2') {
    const { Client, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client');
    const { StdioClientTransport } = await import('@modelcontextprotocol/client/stdio');
    const client = new Client(info, { versionNegotiation: { mode: 'auto' } });
    const call = (params, options) => client.callTool(params, options);
    const wire =
      transport === 'stdio' ? new StdioClientTransport(stdio) : new StreamableHTTPClientTransport(new URL(target[0]), web);
    return { client, wire, call, version: () => client.getNegotiatedProtocolVersion() };
  }
  const { Client } = await import('@modelcontextprotocol/sdk/client/index.js');
  const { StdioClientTransport } = await import('@modelcontextprotocol/sdk/client/stdio.js');
  const { StreamableHTTPClientTransport } = await import('@modelcontextprotocol/sdk/client/streamableHttp.js');
  const { SSEClientTransport } = await import('@modelcontextprotocol/sdk/client/sse.js');
  const client = new Client(info);
  const call = (params, options) => client.callTool(params, undefined, options);
  const wire = {
    stdio: () => new StdioClientTransport(stdio),
    http: () => new StreamableHTTPClientTransport(new URL(target[0]), web),
    sse: () => new SSEClientTransport(new URL(target[0])),
  }[transport]();
  let version;
  wire.setProtocolVersion = new Proxy(wire.setProtocolVersion ?? (() => {}), {
    apply(set, self, [negotiated]) {
      version = negotiated;
      return Reflect.apply(set, self, [negotiated]);
    },
  });
  return { client, wire, call, version: () => version };
}

/** Compares with what is expected; `part` lets objects have more members than that. */
function same(actual, wanted, part, path = 'result') {
  if (wanted?.$png) return picture(actual, wanted.$png, path);
  if (wanted?.$json) return assert.deepEqual(JSON.parse(actual), wanted.$json, path);
  if (wanted === null || typeof wanted !== 'object') return assert.equal(actual, wanted, path);
  assert.ok(actual !== null && typeof actual === 'object', `${path} is ${JSON.stringify(actual)}`);
  if (!part || Array.isArray(wanted)) assert.deepEqual(Object.keys(actual).sort(), Object.keys(wanted).sort(), path);
  for (const [key, value] of Object.entries(wanted)) same(actual[key], value, part, `${path}.${key}`);
}

/** A PNG file of 8-bit RGB points, not compressed, in Base64 without line breaks. */
function picture(base64, { bytes, side, corner }, path) {
  assert.match(base64, /^[A-Za-z0-9+/]+=*$/, path);
  const file = Buffer.from(base64, 'base64');
  assert.equal(file.length, bytes, path);
  assert.equal(file.toString('latin1', 0, 8), '\x89PNG\r\n\x1a\n', path);
  assert.deepEqual([file.readUInt32BE(16), file.readUInt32BE(20)], [side, side], path);
  assert.deepEqual([...file.subarray(49, 52)], corner, path);
}

/** The members that belong to the protocol, not to the content. */
function content({ _meta, resultType, ttlMs, cacheScope, ...rest }) {
  return rest;
}

const { client, wire, call, version } = await open();
const request = {
  'tools/list': () => client.listTools(),
  'tools/call': (params, options) => call(params, options),
  'resources/list': () => client.listResources(),
  'resources/read': (params) => client.readResource(params),
  'prompts/list': () => client.listPrompts(),
  'prompts/get': (params) => client.getPrompt(params),
};

async function check(step, options) {
  const outcome = request[step.method](step.params, options);
  if (!step.error) return same(content(await outcome), step.result, step.part);
  const error = await outcome.then(() => assert.fail('an error was expected'), (error) => error);
  if (step.error.code) assert.equal(error.code, step.error.code[era], String(error));
  if (step.error.text) assert.ok(String(error.message).includes(step.error.text), String(error));
}

/** What the headers and types of the answer were, where they can be seen. */
function checkWire() {
  const target = ({ method, params }) => JSON.stringify([method, params?.name, params?.uri]);
  const of = (step) => posts.find(({ message }) => target(message) === target(step));
  for (const { headers } of era === 'modern' ? posts : posts.filter(({ message }) => message.method !== 'initialize')) {
    assert.equal(headers.get('mcp-protocol-version'), expected.version[era]);
  }
  for (const step of expected.steps) {
    const post = of(step);
    if (!step.error) assert.match(post.type, /^application\/json/, step.does);
    for (const [name, value] of Object.entries(era === 'modern' ? step.headers ?? {} : {})) {
      assert.equal(post.headers.get(name), value, step.does);
    }
  }
  assert.match(of(expected.slow).type, /^text\/event-stream/, expected.slow.does);
}

let failed = 0;
async function proof(does, run) {
  try {
    await run();
  } catch (error) {
    failed++;
    console.error(`FAILED ${does}\n       ${error.message.replaceAll('\n', '\n       ')}`);
  }
}

await client.connect(wire);
await proof('negotiates the version', () => {
  assert.equal(version(), expected.version[era]);
  const { name, version: number } = client.getServerVersion();
  assert.deepEqual({ name, version: number }, expected.server);
});

// The slow report runs beside everything else.
await proof('the tools are listed', () => client.listTools());
const progress = [];
let ready = false;
const slow = proof(expected.slow.does, async () => {
  await check(expected.slow, { onprogress: (told) => progress.push(told.progress) });
  ready = true;
  assert.ok(progress.length > 0, 'no progress was told');
  assert.ok(progress.every((value, at) => at === 0 || value > progress[at - 1]), `progress: ${progress}`);
});
for (const step of expected.steps) await proof(step.does, () => check(step));
if (era === 'legacy') await proof('pings', () => client.ping());
await proof('nothing waits for the slow report', () => assert.ok(!ready));
await slow;
if (transport === 'http') await proof('headers and types of the answers are right', checkWire);
await client.close();

console.log(`TypeScript SDK ${sdk}.x over ${transport}: ${failed ? `${failed} checks failed` : 'all checks passed'}`);
process.exit(failed ? 1 : 0);
