// node check.mjs USERS KEYS OUT: real visits to the login pages of two gateways, in a headless Chromium. Users log in at
// the first, holders of access keys at the second. OUT holds key.pem and cert.pem, for the callback of a web client.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { Client } from './oauth.mjs'

const [base, keys, out] = process.argv.slice(2)
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const user = 'Администратор'
const password = 'demo'
const client = '<b>Browser</b> client'
const key = 'demo-key-tools'
const words = {
  en: {
    locale: 'en-GB',
    title: /^Log in with your 1C account/,
    wrong: /^Wrong user name or password/,
    tooMany: /^Too many attempts/,
    used: /^This form was already sent/,
    wait: / Wait (\d+) seconds?, then try again\.$/,
    cancel: 'Cancel',
  },
  ru: {
    locale: 'ru-RU',
    title: /^Вход с учётной записью 1С/,
    keyTitle: /^Вход по ключу доступа/,
    wrong: /^Неверное имя пользователя или пароль/,
    wrongKey: /^Неверный ключ доступа/,
    tooMany: /^Слишком много попыток/,
    used: /^Эта форма уже отправлена/,
    wait: / Подождите (\d+) секунд[уы]? и попробуйте ещё раз\.$/,
    cancel: 'Отмена',
  },
}

const launch = (...more) => chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', ...more],
})
let browser = await launch()
let failed = 0
let visits = 0

// One visit in a browser of its own, from an address of its own. Nothing may be said on the console: there a policy that
// blocks part of the page would show. Answers that are no success are said there too, and those are asked for.
async function visit(name, options, steps) {
  const { gateway = base, language = 'en', width = 1100, height = 800, script = true, callback, ...more } = options
  visits += 1
  const headers = { 'x-forwarded-for': `192.0.2.${visits}` }
  const context = await browser.newContext({
    locale: words[language].locale,
    javaScriptEnabled: script,
    viewport: { width, height },
    extraHTTPHeaders: headers,
    ...more,
  })
  context.setDefaultTimeout(15_000)
  const page = await context.newPage()
  const said = []
  page.on('console', (message) => said.push(message.text()))
  const oauth = await Client.register(gateway, client, headers, callback)
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

// Nothing hangs over to the right: who enlarges a page need not scroll in two directions.
async function fits(page) {
  const { scrollWidth, clientWidth } = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement
    return { scrollWidth, clientWidth }
  })
  assert.ok(scrollWidth <= clientWidth, `${scrollWidth} px in a window of ${clientWidth}`)
}

// A POST that the step causes: its answer, and the problem that the page says first.
async function refused(page, status, words, step) {
  const [answer] = await Promise.all([page.waitForResponse((answer) => answer.request().method() === 'POST'), step()])
  assert.equal(answer.status(), status)
  await page.locator('[role=alert]').waitFor()
  assert.match(await page.title(), words, 'the title says the problem first')
  assert.match(await page.locator('[role=alert]').innerText(), words)
}

// What a screen reader says of a field with a wrong value.
async function describedAsWrong(page, id, words) {
  const field = page.locator(`#${id}`)
  const described = (await field.getAttribute('aria-describedby')).split(' ')
  assert.match(await page.locator(`#${described[0]}`).innerText(), words)
  assert.equal(await field.getAttribute('aria-invalid'), 'true')
}

// From the last field to the button and back to the application.
async function allowed(page, oauth) {
  await page.keyboard.press('Tab')
  assert.equal(await page.locator(':focus').getAttribute('value'), 'allow')
  const outline = await page.locator(':focus').evaluate((button) => getComputedStyle(button).outlineStyle)
  assert.equal(outline, 'solid', 'the focus is visible')
  const [answer] = await Promise.all([oauth.answer(), page.keyboard.press('Enter')])
  assert.equal(answer.get('error'), null)
  await oauth.tools(answer.get('code'))
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
  await fits(page)
  await shoot('login')

  await page.keyboard.type(user)
  await page.keyboard.press('Tab')
  assert.equal(await focused(page), 'password')
  await page.keyboard.type('wrong')
  await refused(page, 403, text.wrong, () => page.keyboard.press('Enter'))
  assert.equal(await page.locator('#username').inputValue(), user)
  assert.equal(await page.locator('#password').inputValue(), '')
  assert.equal(await focused(page), 'password')
  await describedAsWrong(page, 'password', text.wrong)
  if (script) await accessible(page)
  await fits(page)
  await shoot('wrong')

  await page.keyboard.type(password)
  await allowed(page, oauth)
}

for (const language of ['en', 'ru']) {
  for (const colorScheme of ['light', 'dark']) {
    await visit(`${language}-${colorScheme}`, { language, colorScheme }, (it) => byKeyboard(it, true))
  }
}
await visit('phone', { language: 'ru', width: 360 }, (it) => byKeyboard(it, true))
// A window of 1280 by 800, at 200 % and at 400 %.
await visit('zoom-200', { language: 'ru', width: 640, height: 400, deviceScaleFactor: 2 }, (it) => byKeyboard(it, true))
await visit('zoom-400', { language: 'ru', width: 320, height: 200, deviceScaleFactor: 4 }, (it) => byKeyboard(it, true))
await visit('forced-colors', { language: 'ru', forcedColors: 'active' }, (it) => byKeyboard(it, true))
await visit('no-script', { script: false }, (it) => byKeyboard(it, false))

await visit('key', { gateway: keys, language: 'ru' }, async ({ page, oauth, shoot, text }) => {
  await page.goto(oauth.begin())
  assert.match(await page.title(), text.keyTitle)
  assert.equal(await focused(page), 'key')
  assert.equal(await page.locator('input:visible').count(), 1, 'nothing but the key is asked for')
  await accessible(page)
  await shoot('login')

  await page.keyboard.type('wrong')
  await refused(page, 403, text.wrongKey, () => page.keyboard.press('Enter'))
  assert.equal(await focused(page), 'key')
  assert.equal(await page.locator('#key').inputValue(), '')
  await describedAsWrong(page, 'key', text.wrongKey)
  await accessible(page)
  await shoot('wrong')

  await page.keyboard.type(key)
  await allowed(page, oauth)
})

await visit('cancel', {}, async ({ page, oauth, text }) => {
  await page.goto(oauth.begin())
  const [answer] = await Promise.all([oauth.answer(), page.getByRole('button', { name: text.cancel }).click()])
  assert.equal(answer.get('error'), 'access_denied')
  assert.equal(answer.get('code'), null)
})

await visit('two-tabs', {}, async ({ page, oauth }) => {
  await page.goto(oauth.begin())
  const other = await page.context().newPage()
  const second = await Client.register(base, 'Second', oauth.headers)
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

async function typeLogin(page) {
  await page.locator('#username').fill(user)
  await page.locator('#password').fill(password)
}

// A web client whose https callback leads on, to an application by its scheme or to a program on this computer. Each hop
// is followed.
const web = createHttpsServer({ key: readFileSync(join(out, 'key.pem')), cert: readFileSync(join(out, 'cert.pem')) })
await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve))
const callback = `https://localhost:${web.address().port}/callback`
for (const [kind, script] of [['scheme', true], ['scheme-no-script', false], ['loopback', true], ['two-sites', true]]) {
  await visit(`hop-${kind}`, { callback, script, ignoreHTTPSErrors: true }, async ({ page, oauth }) => {
    const answers = []
    web.removeAllListeners('request').on('request', (request, response) => {
      const url = new URL(request.url, callback)
      const next = kind.startsWith('scheme') ? `claude://claude.ai/mcp-auth-callback${url.search}`
        : kind === 'two-sites' && url.pathname === '/callback' ? `https://127.0.0.1:${web.address().port}/next${url.search}`
          : `${oauth.listens}${url.search}`
      if (url.pathname === '/callback') answers.push(url.searchParams)
      // No code gets into a Referer.
      assert.equal(request.headers.referer ?? '', '')
      response.writeHead(302, { location: next }).end()
    })
    // Where the browser wanted to go and left it to others.
    const left = []
    page.on('requestfailed', (request) => left.push(`${request.failure().errorText} ${request.url().split('?')[0]}`))
    await page.goto(oauth.begin())
    await typeLogin(page)
    if (kind.startsWith('scheme')) {
      await page.locator('[value=allow]').click()
      for (let tries = 100; !left.includes('net::ERR_ABORTED claude://claude.ai/mcp-auth-callback'); tries -= 1) {
        assert.ok(tries > 0, `not left to an application: ${left}`)
        await page.waitForTimeout(100)
      }
      assert.equal(new URL(page.url()).origin, base, 'the page stays where nothing else is shown')
    } else {
      const [answer] = await Promise.all([oauth.answer(), page.locator('[value=allow]').click()])
      assert.equal(answer.get('error'), null)
    }
    assert.equal(answers.length, 1, 'one answer')
    await oauth.tools(answers[0].get('code'))
  })
}
web.close()
web.closeAllConnections()

// Who clicks twice, or goes back and sends the form again, sends one code.
await visit('twice', { language: 'ru' }, async ({ page, oauth, shoot, text }) => {
  await page.goto(oauth.begin())
  await typeLogin(page)
  const [answer] = await Promise.all([oauth.answer(), page.locator('[value=allow]').dblclick()])
  await page.waitForURL(`${oauth.listens}**`)
  await page.goto(oauth.begin())
  await typeLogin(page)
  const [second] = await Promise.all([oauth.answer(), page.locator('[value=allow]').click()])
  assert.notEqual(second.get('code'), answer.get('code'))
  await page.waitForURL(`${oauth.listens}**`)
  assert.equal(await page.title(), 'Back')
  await page.goBack()
  assert.match(await page.title(), text.title)
  await typeLogin(page)
  await refused(page, 409, text.used, () => page.locator('[value=allow]').click())
  assert.equal(await page.locator('form').count(), 0)
  await accessible(page)
  await shoot('used')
  assert.equal(oauth.unread, 0, 'no further code')
  await oauth.tools(second.get('code'))
})

for (const [language, colorScheme] of [['en', 'light'], ['ru', 'dark']]) {
  await visit(`error-${language}`, { language, colorScheme, width: 360 }, async ({ page, oauth, shoot, text }) => {
    const request = new URL(oauth.begin())
    request.searchParams.set('redirect_uri', 'https://evil.example/callback')
    const answer = await page.goto(request.href)
    assert.equal(answer.status(), 400)
    assert.equal(new URL(page.url()).origin, base)
    assert.equal(await page.locator('html').getAttribute('lang'), text.locale.slice(0, 2))
    await page.locator('[role=alert]').waitFor()
    await accessible(page)
    await fits(page)
    await shoot('page')
  })
}

// An address that opens the page too often is told so, and how long to wait. Nobody else is.
for (const language of ['en', 'ru']) {
  await visit(`too-many-${language}`, { language, width: 360 }, async ({ page, oauth, shoot, text }) => {
    const url = oauth.begin()
    let opened = 0
    let answer
    // Five more are granted every second, and the browser may get one of them.
    for (let tries = 0; tries < 20 && answer?.status() !== 429; tries += 1) {
      while ((await fetch(url, { headers: oauth.headers })).ok) opened += 1
      answer = await page.goto(url)
    }
    assert.ok(opened >= 300 && opened < 400, `${opened} were opened`)
    assert.equal(answer.status(), 429)
    assert.equal(await page.locator('html').getAttribute('lang'), text.locale.slice(0, 2))
    assert.match(await page.title(), text.tooMany)
    assert.match(await page.locator('[role=alert] h1').innerText(), text.tooMany)
    const [, seconds] = (await page.locator('[role=alert] p').innerText()).match(text.wait)
    assert.equal(seconds, answer.headers()['retry-after'])
    assert.ok(seconds >= 1 && seconds <= 60, `${seconds} s`)
    assert.equal(await page.locator('form').count(), 0)
    await accessible(page)
    await shoot('page')
    const other = await fetch(url, { headers: { 'x-forwarded-for': `198.51.100.${visits}` } })
    assert.equal(other.status, 200, 'another address')
    await page.waitForTimeout(seconds * 1000)
    assert.equal((await page.reload()).status(), 200, 'after the wait')
  })
}

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

// Text alone enlarged, by the settings of the browser.
await browser.close()
browser = await launch('--blink-settings=defaultFontSize=32')
await visit('large-text', { language: 'ru' }, async (it) => {
  await it.page.goto(it.oauth.begin())
  assert.equal(await it.page.locator('html').evaluate((html) => getComputedStyle(html).fontSize), '32px')
  const place = (selector) => it.page.locator(selector).evaluate((shown) => shown.getBoundingClientRect())
  assert.ok((await place('form')).top >= (await place('.request')).bottom, 'one column')
  await byKeyboard(it, true)
})

await browser.close()
if (failed > 0) console.log(`${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
