// An OAuth client in a few lines: registration, a loopback listener, PKCE, one call.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'

const random = () => randomBytes(32).toString('base64url')

async function json(response, what) {
  const text = await response.text()
  assert.ok(response.ok, `${what}: ${response.status} ${text}`)
  return JSON.parse(text)
}

export class Client {
  #server
  #arrived = []
  #waiting = []

  // Listens on a loopback port and registers with it, or with another address that leads there in the end. The headers
  // go with every request of this client.
  static async register(base, name, headers, elsewhere) {
    const client = new Client()
    client.base = base
    client.headers = headers
    client.#server = createServer((request, response) => {
      const url = new URL(request.url, client.listens)
      if (url.pathname !== '/callback') return response.writeHead(404).end()
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Back</title>Back')
      const next = client.#waiting.shift()
      if (next) next(url.searchParams)
      else client.#arrived.push(url.searchParams)
    })
    await new Promise((resolve) => client.#server.listen(0, '127.0.0.1', resolve))
    client.listens = `http://127.0.0.1:${client.#server.address().port}/callback`
    client.redirectUri = elsewhere ?? client.listens
    const registered = await fetch(`${base}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({
        client_name: name,
        redirect_uris: [client.redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      }),
    })
    client.id = (await json(registered, 'register')).client_id
    assert.ok(client.id, 'a client_id')
    return client
  }

  // A fresh authorization request.
  begin(scope = 'mcp') {
    this.verifier = random()
    this.state = random()
    return `${this.base}/authorize?${new URLSearchParams({
      response_type: 'code',
      client_id: this.id,
      redirect_uri: this.redirectUri,
      scope,
      state: this.state,
      resource: `${this.base}/mcp`,
      code_challenge: createHash('sha256').update(this.verifier).digest('base64url'),
      code_challenge_method: 'S256',
    })}`
  }

  // How many answers nobody has waited for.
  get unread() {
    return this.#arrived.length
  }

  // What the browser brings back.
  async answer() {
    const timeout = AbortSignal.timeout(10_000)
    const parameters = this.#arrived.shift() ?? (await new Promise((resolve, reject) => {
      this.#waiting.push(resolve)
      timeout.addEventListener('abort', () => reject(new Error('the browser did not come back')))
    }))
    assert.equal(parameters.get('state'), this.state, 'state')
    assert.equal(parameters.get('iss'), this.base, 'iss')
    return parameters
  }

  // The code becomes a token, and the token opens /mcp.
  async tools(code) {
    const redeemed = await fetch(`${this.base}/token`, {
      method: 'POST',
      headers: this.headers,
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code,
        client_id: this.id,
        redirect_uri: this.redirectUri,
        code_verifier: this.verifier,
        resource: `${this.base}/mcp`,
      }),
    })
    const token = (await json(redeemed, 'token')).access_token
    const call = (authorization) => fetch(`${this.base}/mcp`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2025-11-25',
        ...this.headers,
        ...authorization,
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
    })
    assert.equal((await call({})).status, 401, 'without the token')
    const answer = await json(await call({ authorization: `Bearer ${token}` }), 'tools/list')
    assert.ok(answer.result?.tools?.length > 0, `tools: ${JSON.stringify(answer)}`)
    return answer.result.tools.length
  }

  close() {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}
