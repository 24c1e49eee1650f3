/** The pages' files as they lie in src/pages, read once at the start: what is not in the table is not there. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, extname, join, sep } from 'node:path'
import { type Context, Hono } from 'hono'
import { clientScripts } from './sdk.ts'

export interface PagesOptions {
  /** What the page must know of the service to reach it. */
  socketPath: string
  parser: 'json' | 'msgpack'
  /** Whether `/dev/token` is there to ask. */
  development: boolean
  /** TypeScript as browsers take it: by this the client's files are handed out. */
  stripTypes?(source: string): string
}

interface Served {
  body: Uint8Array<ArrayBuffer>
  headers: Record<string, string> & { etag: string }
}

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
}

const PAGES = join(import.meta.dirname, '..', '..', 'pages')

export function pages({ socketPath, parser, development, stripTypes }: PagesOptions): Hono {
  const table = new Map<string, Served>()
  for (const path of filesOf(PAGES)) table.set(addressOf(path), served(readFileSync(join(PAGES, path)), extname(path)))
  if (stripTypes) for (const [address, script] of clientScripts(stripTypes)) table.set(address, served(script, '.js'))
  table.set('/vendor/socket.io-client.js', served(socketClient(parser), '.js'))
  table.set('/demo/service.json', served(JSON.stringify({ socket_path: socketPath, development }), '.json'))
  table.set('/', table.get('/demo/') as Served)

  const app = new Hono()
  for (const [address, file] of table) app.get(address, (c) => hand(c, file))
  return app
}

function filesOf(folder: string): string[] {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true })
  return found
    .filter((one) => one.isFile() && extname(one.name) in types)
    .map((one) => join(one.parentPath, one.name).slice(folder.length + 1))
}

/** A folder's index.html is what the folder's own address shows. */
const addressOf = (path: string) => `/${path.split(sep).join('/')}`.replace(/\/index\.html$/, '/')

/** The stock client as it is published. Its msgpack build is no module, so it is made one. */
function socketClient(parser: PagesOptions['parser']): string {
  const dist = join(dirname(createRequire(import.meta.url).resolve('socket.io-client/package.json')), 'dist')
  const read = (name: string) => readFileSync(join(dist, name), 'utf8').replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n')
  if (parser === 'json') return read('socket.io.esm.min.js')
  return `${read('socket.io.msgpack.min.js')}\nexport const io = globalThis.io\n`
}

function served(content: string | Uint8Array, extension: string): Served {
  const body = Uint8Array.from(typeof content === 'string' ? new TextEncoder().encode(content) : content)
  const headers = {
    'content-type': types[extension] as string,
    'cache-control': 'no-cache',
    etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'content-security-policy': extension === '.html' ? policy(new TextDecoder().decode(body)) : "default-src 'none'",
  }
  return { body, headers }
}

/** Nothing inline runs but the import maps, which browsers take in no other way: they are named by what they hold. */
function policy(html: string): string {
  const maps = [...html.matchAll(/<script type="importmap">(.*?)<\/script>/gs)].map(
    ([, map]) =>
      `'sha256-${createHash('sha256')
        .update(map as string)
        .digest('base64')}'`,
  )
  return [
    "default-src 'none'",
    `script-src ${["'self'", ...maps].join(' ')}`,
    "style-src 'self'",
    "img-src 'self' blob: data:",
    "connect-src 'self' ws: wss:",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ')
}

function hand(c: Context, { body, headers }: Served): Response {
  const known = c.req.header('if-none-match')?.split(/\s*,\s*/) ?? []
  const same = known.some((tag) => tag.replace(/^W\//, '') === headers.etag || tag === '*')
  if (same) return c.body(null, 304, headers)
  return c.body(body, 200, headers)
}
