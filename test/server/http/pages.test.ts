import { expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bun } from '../../../src/runtime/bun.ts'
import { pages } from '../../../src/server/http/pages.ts'

const { stripTypes } = bun
const options = { socketPath: '/live/', parser: 'json', development: true, stripTypes } as const
const app = pages(options)
const get = (address: string, headers: Record<string, string> = {}) => app.request(address, { headers })
const textOf = async (address: string) => (await get(address)).text()

const DEMO = join(import.meta.dirname, '../../../src/pages/demo')

/** Everything that a file of the page says it needs. */
const neededBy = (text: string) =>
  [
    ...text.matchAll(/(?:from|import) '\.\/([\w-]+\.js)'|from '\.\.(\/client\/\w+\.ts)'|(?:src|href)="(\/[^"#]+)"/g),
  ].map(([, module, sdk, address]) => (module ? `/demo/${module}` : ((sdk ?? address) as string)))

async function reached(address: string, seen = new Set<string>()): Promise<Set<string>> {
  if (seen.has(address)) return seen
  seen.add(address)
  for (const needed of neededBy(await textOf(address))) await reached(needed, seen)
  return seen
}

test('the demo page is at the root, and nowhere else is anything that was not put there', async () => {
  const page = await get('/')
  expect(page.status).toBe(200)
  expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(await page.text()).toContain('<title>Parley</title>')
  expect((await get('/demo/nothing.js')).status).toBe(404)
})

test('every file that the page names is handed out, with its type', async () => {
  const addresses = await reached('/')
  expect(addresses.size).toBeGreaterThan(20)
  for (const address of addresses) {
    const file = await get(address)
    expect(file.status, address).toBe(200)
    const type = file.headers.get('content-type') ?? ''
    const expected = { js: 'text/javascript', ts: 'text/javascript', css: 'text/css', svg: 'image/svg+xml' }[
      address.split('.')[1] ?? ''
    ]
    expect(type, address).toStartWith(expected ?? 'text/html')
    expect(file.headers.get('x-content-type-options')).toBe('nosniff')
  }
})

test('nothing lies in the folder that the page does not use', async () => {
  const addresses = await reached('/')
  const files = readdirSync(DEMO).filter((name) => name !== 'index.html')
  expect(files.filter((name) => !addresses.has(`/demo/${name}`))).toEqual([])
})

test('nothing inline runs but the import map, which is named by what it holds', async () => {
  const page = await get('/')
  const html = await page.text()
  const policy = page.headers.get('content-security-policy') ?? ''
  const inline = [...html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>(.*?)<\/script>/gs)].map(([, text]) => text as string)
  expect(inline).toHaveLength(1)
  const hash = createHash('sha256')
    .update(inline[0] as string)
    .digest('base64')
  expect(policy).toContain(`script-src 'self' 'sha256-${hash}';`)
  expect(policy).toContain("style-src 'self';")
  expect(policy).toContain("img-src 'self' blob: data:;")
  expect(policy).toContain("connect-src 'self' ws: wss:;")
  expect(policy).not.toContain('unsafe')
  expect(html).not.toMatch(/\sstyle=|\son\w+=/)
  expect(JSON.parse(inline[0] as string)).toEqual({ imports: { 'socket.io-client': '/vendor/socket.io-client.js' } })
})

test('no file of the page reads a string as HTML, or reaches for another host', () => {
  for (const name of readdirSync(DEMO)) {
    const text = readFileSync(join(DEMO, name), 'utf8')
    expect(text, name).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b/)
    expect(text.replaceAll('http://www.w3.org/2000/svg', ''), name).not.toMatch(/https?:\/\//)
  }
})

test.each([
  '/demo/../server/pages.ts',
  '/demo/%2e%2e/server/pages.ts',
  '/demo/..%2f..%2fpackage.json',
  '/demo/..%5c..%5cpackage.json',
  '/vendor/../package.json',
  '//etc/passwd',
  '/demo/main.js%00.css',
  '/demo',
])('%s leads to no file', async (address) => {
  const { status } = await app.fetch(new Request(`http://parley.test${address}`))
  expect(status).toBe(404)
})

test('a browser that has the file already is told so, and asks again each time', async () => {
  const first = await get('/demo/main.js')
  const etag = first.headers.get('etag') as string
  expect(first.headers.get('cache-control')).toBe('no-cache')
  const again = await get('/demo/main.js', { 'if-none-match': `"other", W/${etag}` })
  expect(again.status).toBe(304)
  expect(await again.text()).toBe('')
  expect(again.headers.get('etag')).toBe(etag)
  expect((await get('/demo/main.js', { 'if-none-match': '"other"' })).status).toBe(200)
})

test('the page is told where the sockets are, and whether a token can be had for a name', async () => {
  expect(await (await get('/demo/service.json')).json()).toEqual({ socket_path: '/live/', development: true })
  const production = pages({ ...options, development: false })
  expect(await (await production.request('/demo/service.json')).json()).toMatchObject({ development: false })
})

test('the stock client is a module that exports io, for either parser', async () => {
  const json = await textOf('/vendor/socket.io-client.js')
  expect(json).toMatch(/export\s*\{.*\bas io\b/s)
  const msgpack = await (await pages({ ...options, parser: 'msgpack' }).request('/vendor/socket.io-client.js')).text()
  expect(msgpack).toEndWith('export const io = globalThis.io\n')
  for (const text of [json, msgpack]) expect(text).not.toContain('sourceMappingURL')
})

test('HEAD says what GET would', async () => {
  const head = await app.request('/', { method: 'HEAD' })
  expect(head.status).toBe(200)
  expect(await head.text()).toBe('')
  expect(head.headers.get('content-security-policy')).toContain("default-src 'none'")
})
