import { expect, test } from 'bun:test'
import { bun } from '../../../src/runtime/bun.ts'
import { pages } from '../../../src/server/http/pages.ts'
import { clientScripts } from '../../../src/server/http/sdk.ts'

const scripts = clientScripts(bun.stripTypes)
const imports = (script: string) => [...script.matchAll(/\bfrom\s*["']([^"']+)["']/g)].map(([, to]) => to as string)

test('the client is handed out as JavaScript, with all that it imports, at the addresses it imports it by', async () => {
  const app = pages({ socketPath: '/live/', parser: 'json', development: true, stripTypes: bun.stripTypes })
  expect(scripts.size).toBeGreaterThan(15)
  for (const [address, script] of scripts) {
    const file = await app.request(address)
    expect([file.status, file.headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8'])
    expect(await file.text()).toBe(script)
    const inside = imports(script).filter((to) => to.startsWith('.'))
    for (const to of inside) expect(scripts.has(new URL(to, `http://parley.test${address}`).pathname), to).toBe(true)
  }
})

test('a browser needs one package for it, and nothing of what runs on the service', () => {
  const packages = [...scripts.values()].flatMap(imports).filter((to) => !to.startsWith('.'))
  expect(packages).toEqual(['socket.io-client'])
  expect([...scripts.keys()].filter((address) => !/^\/(client|protocol)\//.test(address))).toEqual([])
})

test('nothing is left of its types', () => {
  for (const script of scripts.values()) expect(script).not.toMatch(/^(import|export) type\b|^interface\b/m)
})

test('where nobody strikes types out it is not there', async () => {
  const app = pages({ socketPath: '/live/', parser: 'json', development: true })
  expect((await app.request('/client/client.ts')).status).toBe(404)
})
