// node rebinding.mjs GATEWAY...: a page at http://evil.example:PORT, a name that this browser takes to be that of the
// gateway (DNS rebinding), asks for data of 1C. The gateways ask for no login and trust proxies on the browser's address.
import assert from 'node:assert/strict'
import { chromium } from 'playwright-core'

const list = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP evil.example 127.0.0.1'],
})

// What a page gets for a POST to its own origin.
const ask = (page, headers) => page.evaluate(async ({ headers, list }) => {
  const answer = await fetch('/mcp', {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body: list,
  })
  return { status: answer.status, tools: (await answer.text()).includes('"inputSchema"') }
}, { headers, list })

let failed = 0
for (const gateway of process.argv.slice(2)) {
  const { port } = new URL(gateway)
  const page = await browser.newPage()
  const said = [
    {},
    { 'x-forwarded-proto': 'http' },
    { 'x-forwarded-host': `evil.example:${port}` },
    { 'x-forwarded-for': '192.0.2.1', 'x-forwarded-proto': 'http', 'x-forwarded-host': `evil.example:${port}` },
    { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'mcp.example' },
    { forwarded: `for=127.0.0.1;proto=http;host="evil.example:${port}"` },
  ]
  try {
    // Whatever the gateway says to that: a document of this origin.
    await page.goto(`http://evil.example:${port}/`)
    assert.equal(await page.evaluate(() => globalThis.origin), `http://evil.example:${port}`)
    for (const headers of said) {
      const told = JSON.stringify(headers)
      assert.deepEqual(await ask(page, headers), { status: 403, tools: false }, told)
    }
    // The control: what such a page would get, a page of the gateway's own does.
    await page.goto(`http://127.0.0.1:${port}/`)
    assert.deepEqual(await ask(page, {}), { status: 200, tools: true })
    console.log(`rebinding ${gateway}: passed`)
  } catch (error) {
    failed += 1
    console.log(`rebinding ${gateway}: FAILED\n${error.stack}`)
  }
  await page.close()
}
await browser.close()
process.exit(failed === 0 ? 0 : 1)
