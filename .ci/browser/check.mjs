// node check.mjs GATEWAY-URL OUT: real visits to the login page, in a headless Chromium.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { Client } from './oauth.mjs'

const [base, out] = process.argv.slice(2)
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const user = 'Администратор'
const password = 'demo'
const client = '<b>Browser</b> client'
const words = {
  en: { locale: 'en-GB', title: /^Log in with your 1C account/, wrong: /^Wrong user name or password/, cancel: 'Cancel' },
  ru: { locale: 'ru-RU', title: /^Вход с учётной записью 1С/, wrong: /^Неверное имя пользователя или пароль/, cancel: 'Отмена' },
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'],
})
let failed = 0

// One visit in a browser of its own. Nothing may be said on the console: there a policy that blocks part of the page
// would show. Answers that are no success are said there too, and those are asked for.
async function visit(name, options, steps) {
  const { language = 'en', scheme = 'light', width = 1100, script = true } = options
  const context = await browser.newContext({
    locale: words[language].locale,
    colorScheme: scheme,
    javaScriptEnabled: script,
    viewport: { width, height: 800 },
  })
  context.setDefaultTimeout(15_000)
  const page = await context.newPage()
  const said = []
  page.on('console', (message) => said.push(message.text()))
  const oauth = await Client.register(base, client)
  const shoot = (what) => page.screenshot({ path: join(out, `${name}-${what}.png`), fullPage: true })
  try {
    await steps({ page, oauth, shoot, text: words[language] })
    assert.deepEqual(said.filter((text) => !text.startsWith('Failed to load resource')), [], 'on the console')
    console.log(`${name}: passed`)
  } catch (error) {
    failed += 1
    console.log(`${name}: FAILED at ${page.url().split('?')[0]}\n${error.stack}`)
    await shoot('failed').catch(() => {})
  }
  oauth.close()
  await context.close()
}

// No violation at all. DevTools evaluate past the page's policy, which forbids any script of its own.
async function accessible(page) {
  await page.evaluate(axe)
  const { violations, passes } = await page.evaluate(() => globalThis.axe.run())
  const told = violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => node.html).join(' ')}`)
  assert.deepEqual(told, [], 'accessibility')
  assert.ok(passes.some(({ id }) => id === 'color-contrast'), 'contrast was looked at')
}

const focused = (page) => page.locator(':focus').getAttribute('id')

// Everything that the keyboard can do: type, Enter; go back with Tab, Enter.
async function byKeyboard({ page, oauth, shoot, text }, script) {
  const first = await page.goto(oauth.begin())
  assert.equal(first.status(), 200)
  assert.match(await page.title(), text.title)
  assert.equal(await page.locator('html').getAttribute('lang'), text.locale.slice(0, 2))
  assert.ok((await page.locator('main').innerText()).includes(client), 'the name is text')
  assert.ok((await page.locator('main').innerText()).includes(new URL(oauth.redirectUri).host), 'the host is shown')
  assert.equal(await focused(page), 'username')
  if (script) await accessible(page)
  await shoot('login')

  await page.keyboard.type(user)
  await page.keyboard.press('Tab')
  assert.equal(await focused(page), 'password')
  await page.keyboard.type('wrong')
  const [refused] = await Promise.all([page.waitForResponse((answer) => answer.request().method() === 'POST'),
    page.keyboard.press('Enter')])
  assert.equal(refused.status(), 401)
  await page.locator('[role=alert]').waitFor()
  assert.match(await page.title(), text.wrong, 'the title says the problem first')
  assert.match(await page.locator('[role=alert]').innerText(), text.wrong)
  assert.equal(await page.locator('#username').inputValue(), user)
  assert.equal(await page.locator('#password').inputValue(), '')
  assert.equal(await focused(page), 'password')
  // What a screen reader says of the field that has the focus.
  const described = (await page.locator('#password').getAttribute('aria-describedby')).split(' ')
  assert.match(await page.locator(`#${described[0]}`).innerText(), text.wrong)
  assert.equal(await page.locator('#password').getAttribute('aria-invalid'), 'true')
  if (script) await accessible(page)
  await shoot('wrong')

  await page.keyboard.type(password)
  await page.keyboard.press('Tab')
  assert.equal(await page.locator(':focus').getAttribute('value'), 'allow')
  const outline = await page.locator(':focus').evaluate((button) => getComputedStyle(button).outlineStyle)
  assert.equal(outline, 'solid', 'the focus is visible')
  const [answer] = await Promise.all([oauth.answer(), page.keyboard.press('Enter')])
  assert.equal(answer.get('error'), null)
  await oauth.tools(answer.get('code'))
}

for (const language of ['en', 'ru']) {
  for (const scheme of ['light', 'dark']) {
    await visit(`${language}-${scheme}`, { language, scheme }, (it) => byKeyboard(it, true))
  }
}
await visit('phone', { language: 'ru', width: 360 }, (it) => byKeyboard(it, true))
await visit('no-script', { script: false }, (it) => byKeyboard(it, false))

await visit('cancel', {}, async ({ page, oauth, text }) => {
  await page.goto(oauth.begin())
  const [answer] = await Promise.all([oauth.answer(), page.getByRole('button', { name: text.cancel }).click()])
  assert.equal(answer.get('error'), 'access_denied')
  assert.equal(answer.get('code'), null)
})

await visit('two-tabs', {}, async ({ page, oauth }) => {
  await page.goto(oauth.begin())
  const other = await page.context().newPage()
  const second = await Client.register(base, 'Second')
  try {
    await other.goto(second.begin())
    for (const [tab, from] of [[page, oauth], [other, second]]) {
      await tab.locator('#username').fill(user)
      await tab.locator('#password').fill(password)
      const [answer] = await Promise.all([from.answer(), tab.locator('[value=allow]').click()])
      await from.tools(answer.get('code'))
    }
  } finally {
    second.close()
  }
})

await visit('error', { language: 'ru' }, async ({ page, oauth, shoot }) => {
  const request = new URL(oauth.begin())
  request.searchParams.set('redirect_uri', 'https://evil.example/callback')
  const answer = await page.goto(request.href)
  assert.equal(answer.status(), 400)
  assert.equal(new URL(page.url()).origin, base)
  await page.locator('[role=alert]').waitFor()
  await accessible(page)
  await shoot('page')
})

// A stranger's page that frames the login page and posts a form to it.
await visit('stranger', {}, async ({ page, oauth, shoot }) => {
  const target = oauth.begin()
  const stranger = createServer((request, response) => {
    const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;')
    const fields = [...new URL(target).searchParams, ['username', user], ['password', password], ['action', 'allow']]
    const form = fields.map(([name, value]) => `<input type="hidden" name="${name}" value="${escape(value)}">`).join('')
    const shown = request.url === '/frame' ? `<iframe src="${escape(target)}"></iframe>`
      : `<form method="post" action="${base}/authorize">${form}<button>Prize</button></form>`
    response.writeHead(200, { 'content-type': 'text/html' })
    response.end(`<!doctype html><title>Stranger</title><link rel="icon" href="data:,">${shown}`)
  })
  await new Promise((resolve) => stranger.listen(0, '127.0.0.1', resolve))
  try {
    // Another site than the gateway's: localhost instead of 127.0.0.1.
    const site = `http://localhost:${stranger.address().port}`
    const framed = await page.context().newPage()
    await framed.goto(`${site}/frame`)
    const frame = await (await framed.locator('iframe').elementHandle()).contentFrame()
    assert.equal(frame.url(), 'chrome-error://chromewebdata/', 'the page must not be framed')
    await framed.close()

    await page.goto(target)
    await page.goto(`${site}/form`)
    const [answer] = await Promise.all([page.waitForResponse((answer) => answer.request().method() === 'POST'),
      page.locator('button').click()])
    assert.equal(answer.status(), 400, 'a form of a stranger')
    await page.locator('[role=alert]').waitFor()
    assert.equal(new URL(page.url()).origin, base, 'and no code')
    await shoot('form')
  } finally {
    stranger.close()
    stranger.closeAllConnections()
  }
})

await browser.close()
if (failed > 0) console.log(`${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
