// The tools of the catalog through the official TypeScript SDK, which checks each result against its output schema.
//
//   node catalog.mjs 1|2 http URL
//   node catalog.mjs 1|2 stdio COMMAND ARGUMENT...
import assert from 'node:assert/strict';

const [sdk, transport, ...target] = process.argv.slice(2);
const from = (one, two) => import(sdk === '2' ? two : one);
const { Client } = await from('@modelcontextprotocol/sdk/client/index.js', '@modelcontextprotocol/client');
const { StdioClientTransport } = await from('@modelcontextprotocol/sdk/client/stdio.js', '@modelcontextprotocol/client/stdio');
const { StreamableHTTPClientTransport } = await from(
  '@modelcontextprotocol/sdk/client/streamableHttp.js',
  '@modelcontextprotocol/client',
);

const options = sdk === '2' ? { versionNegotiation: { mode: 'auto' } } : undefined;
const client = new Client({ name: 'foreign-client', version: '1.0.0' }, options);
await client.connect(
  transport === 'stdio'
    ? new StdioClientTransport({ command: target[0], args: target.slice(1) })
    : new StreamableHTTPClientTransport(new URL(target[0])),
);

async function call(name, args) {
  const result = await client.callTool({ name, arguments: args });
  assert.ok(!result.isError, JSON.stringify(result));
  assert.deepEqual(JSON.parse(result.content[0].text), result.structuredContent);
  return result.structuredContent;
}

// After this the SDK knows the output schemas, and throws for results that do not fit.
const { tools } = await client.listTools();
const withOutput = tools.filter(({ outputSchema }) => outputSchema);
assert.ok(withOutput.length >= 19, `${tools.length} tools, ${withOutput.length} with an output schema`);
for (const { name } of tools) assert.match(name, /^[A-Za-z0-9_-]{1,64}$/);

const { candidates } = await call('resolve_product', { query: 'а' });
assert.ok(candidates.length > 0);
const period = { from: '2026-07-01', to: '2026-09-30' };
const { rows } = await call('top_products', { period, top: 5 });
assert.equal(rows.length, 5);
const stock = await call('stock_balance', { filters: { product_ids: rows.map(([product]) => product.id) } });
assert.ok(stock.columns.some(({ name }) => name === 'qty'), JSON.stringify(stock.columns));

// A tool of a catalog of one's own, whose name is Cyrillic.
const own = tools.find(({ title }) => title === 'Поиск товара');
assert.ok(own, 'the tool with the Cyrillic name');
assert.ok((await call(own.name, { query: 'а' })).candidates.length > 0);

const wrong = await client.callTool({ name: 'top_products', arguments: { period, by: 'colour' } });
assert.ok(wrong.isError && wrong.content[0].text.includes('amount'), JSON.stringify(wrong));
await client.close();

console.log(`TypeScript SDK ${sdk}.x over ${transport}, catalog: all checks passed`);
process.exit(0);
