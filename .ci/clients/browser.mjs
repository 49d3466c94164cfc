#!/usr/bin/env node
// What a browser and its user do with an authorization URL: open the page, type a login, press the button, and go where
// the server sends them.
//
//   BROWSER_USER=… BROWSER_PASSWORD=… browser.mjs URL     (or BROWSER_KEY=… for a page that asks for an access key)
import assert from 'node:assert/strict';
import { realpathSync } from 'node:fs';
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ENTITIES = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The text of an attribute, as HTML writes it. */
function unescape(text) {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (all, hex, decimal, name) => {
    if (name) return ENTITIES[name] ?? all;
    return String.fromCodePoint(hex ? parseInt(hex, 16) : parseInt(decimal, 10));
  });
}

/** The attributes of a tag. */
function attributes(tag) {
  const found = tag.matchAll(/([\w-]+)(?:="([^"]*)")?/g);
  return Object.fromEntries([...found].slice(1).map(([, name, value]) => [name, unescape(value ?? '')]));
}

/** The form of the page: where it goes, and what is in it. */
function form(html) {
  const [tag] = html.match(/<form\b[^>]*>/) ?? assert.fail(`no form on the page:\n${html.slice(0, 2000)}`);
  const { method, action } = attributes(tag);
  assert.equal(method, 'post');
  const inputs = [...html.matchAll(/<input\b[^>]*>/g)].map(([input]) => attributes(input)).filter(({ name }) => name);
  const [button] = html.match(/<button\b[^>]*>/) ?? [];
  return { action, inputs, button: button && attributes(button) };
}

/** For the ports that fetch does not call: mcp-remote derives its own from the address of the server, and may get one. */
function plainly(target) {
  return new Promise((resolve, reject) => get(target, (answer) => answer.resume().on('end', resolve)).on('error', reject));
}

/** Goes where the server sent the browser. Clients may begin to listen there only while their user types. */
async function follow(target) {
  for (let tries = 100; ; tries--) {
    try {
      await fetch(target, { redirect: 'manual' });
      return;
    } catch (error) {
      if (error.cause?.message === 'bad port') return plainly(target);
      if (tries === 0 || error.cause?.code !== 'ECONNREFUSED') throw error;
      await sleep(100);
    }
  }
}

/** Goes through the login page; the address that the browser ends at. */
export async function visit(url, typed) {
  const page = await fetch(url, { headers: { accept: 'text/html', 'accept-language': 'ru' }, redirect: 'manual' });
  const html = await page.text();
  assert.equal(page.status, 200, html);
  const { action, inputs, button } = form(html);
  const fields = inputs.map(({ name, type, value }) => [name, type === 'hidden' ? value : typed[name] ?? assert.fail(name)]);
  if (button?.name) fields.push([button.name, button.value]);
  const cookies = page.headers.getSetCookie().map((cookie) => cookie.split(';')[0]);
  const answer = await fetch(new URL(action, url), {
    method: 'POST',
    headers: { cookie: cookies.join('; '), origin: new URL(url).origin, accept: 'text/html' },
    body: new URLSearchParams(fields),
    redirect: 'manual',
  });
  const body = await answer.text();
  assert.ok([302, 303].includes(answer.status), `${answer.status}: ${body}`);
  const target = new URL(answer.headers.get('location'));
  await follow(target);
  return target;
}

/** What the user knows. */
export function login(env = process.env) {
  return { username: env.BROWSER_USER, password: env.BROWSER_PASSWORD, key: env.BROWSER_KEY };
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await visit(process.argv[2], login());
}
