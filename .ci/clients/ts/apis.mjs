// Everything that tools/list shows, against what the three model APIs publish of their tools, and ajv in strict mode.
//
//   node apis.mjs URL
//
// One other name or keyword makes an API refuse the whole request, and so costs a client all tools.
//   Anthropic  https://docs.anthropic.com/en/docs/agents-and-tools/tool-use/implement-tool-use and the texts of its errors
//   OpenAI     https://platform.openai.com/docs/api-reference/chat/create (tools.function)
//   Gemini     https://ai.google.dev/api/caching (FunctionDeclaration, Schema) and its kin on Vertex AI
import assert from 'node:assert/strict';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import Ajv from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

const BY_NAME = ['properties', '$defs', 'definitions', 'patternProperties', 'dependentSchemas'];
const SCHEMAS = ['items', 'prefixItems', 'contains', 'additionalProperties', 'anyOf', 'oneOf', 'allOf', 'not', 'if', 'then', 'else'];

/** Calls `each` with every schema in a schema, and where it stands. */
function walk(schema, each, path = '#') {
  if (schema === null || typeof schema !== 'object') return;
  if (Array.isArray(schema)) return schema.forEach((item, at) => walk(item, each, `${path}/${at}`));
  each(schema, path);
  for (const [keyword, value] of Object.entries(schema)) {
    if (SCHEMAS.includes(keyword)) walk(value, each, `${path}/${keyword}`);
    if (BY_NAME.includes(keyword)) {
      for (const [name, inner] of Object.entries(value)) walk(inner, each, `${path}/${keyword}/${name}`);
    }
  }
}

function properties(schema, pattern, of) {
  walk(schema, (one, path) => {
    for (const name of Object.keys(one.properties ?? {})) assert.match(name, pattern, `${of}: property at ${path}`);
  });
}

const COMBINED = ['oneOf', 'anyOf', 'allOf'];

const apis = {
  Anthropic({ name, inputSchema }) {
    assert.match(name, /^[a-zA-Z0-9_-]{1,64}$/);
    assert.equal(inputSchema.type, 'object');
    for (const keyword of COMBINED) assert.ok(!(keyword in inputSchema), `${keyword} at the top`);
    properties(inputSchema, /^[a-zA-Z0-9_.-]{1,64}$/, name);
  },
  OpenAI({ name, inputSchema }) {
    assert.match(name, /^[a-zA-Z0-9_-]{1,64}$/);
    assert.equal(inputSchema.type, 'object');
    for (const keyword of [...COMBINED, 'enum', 'not']) assert.ok(!(keyword in inputSchema), `${keyword} at the top`);
    walk(inputSchema, (one, path) => {
      if (one.type === 'array') assert.ok(one.items, `${name}: an array without items at ${path}`);
    });
  },
  Gemini({ name, inputSchema }) {
    assert.match(name, /^[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}$/);
    properties(inputSchema, /^[a-zA-Z_][a-zA-Z0-9_]{0,63}$/, name);
    walk(inputSchema, (one, path) => {
      const at = `${name} at ${path}`;
      for (const keyword of Object.keys(one)) assert.ok(GEMINI.has(keyword), `${at}: the keyword ${keyword}`);
      if ('$ref' in one) assert.ok(Object.keys(one).every((key) => key.startsWith('$')), `${at}: members beside $ref`);
      for (const value of one.enum ?? []) assert.ok(['string', 'number'].includes(typeof value), `${at}: enum of ${value}`);
      assert.ok(!Array.isArray(one.type) || one.type.length === 2 && one.type.includes('null'), `${at}: several types`);
    });
  },
};

// Those of its Schema and of its JSON Schema. The last line is not in its documents: keywords that only narrow what a model
// may write.
const GEMINI = new Set([
  ...['$id', '$defs', '$ref', '$anchor', 'type', 'format', 'title', 'description', 'enum', 'items', 'prefixItems'],
  ...['minItems', 'maxItems', 'minimum', 'maximum', 'anyOf', 'oneOf', 'properties', 'additionalProperties', 'required'],
  ...['propertyOrdering', 'nullable', 'minProperties', 'maxProperties', 'minLength', 'maxLength', 'pattern', 'example'],
  ...['default'],
  ...['x-mcp-header', 'uniqueItems', 'const', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
]);

const client = new Client({ name: 'foreign-client', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
await client.connect(new StreamableHTTPClientTransport(new URL(process.argv[2])));
const { tools } = await client.listTools();
await client.close();

const ajv = formats(new Ajv({ strict: true, strictTypes: true, allErrors: true }));
// Of MCP 2026-07-28.
ajv.addKeyword('x-mcp-header');
let aliased = 0;
assert.equal(new Set(tools.map(({ name }) => name)).size, tools.length, 'two tools of one name');
for (const tool of tools) {
  for (const [api, takes] of Object.entries(apis)) {
    try {
      takes(tool);
    } catch (error) {
      throw new Error(`${api} would refuse ${tool.name}: ${error.message}`);
    }
  }
  for (const schema of [tool.inputSchema, tool.outputSchema]) if (schema) ajv.compile(schema);
  walk(tool.inputSchema, (one) => {
    aliased += Object.values(one.properties ?? {}).filter(({ title }) => /[а-яё]/i.test(title ?? '')).length;
  });
}
assert.ok(aliased >= 4, `the demo names arguments in Russian, and ${aliased} of them are shown`);
console.log(`model APIs and ajv: ${tools.length} tools pass, ${aliased} arguments have Russian names in 1C`);
