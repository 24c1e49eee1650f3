import { expect, test } from 'bun:test'
import { bun } from '../../src/runtime/bun.ts'
import { ownRuntime, urlOf } from '../../src/runtime/runtime.ts'

test('Bun is what this runs on', async () => {
  expect(await ownRuntime()).toBe(bun)
})

test('what browsers are handed has no types', () => {
  const stripped = bun.stripTypes("import type { A } from './a.ts'\nexport const n: number = 1 as number\n")
  expect(stripped).not.toContain('number')
  expect(stripped).not.toContain('a.ts')
})

test.each([
  ['0.0.0.0', 'http://localhost:1'],
  ['::', 'http://localhost:1'],
  ['::1', 'http://[::1]:1'],
  ['127.0.0.1', 'http://127.0.0.1:1'],
])('a service on %s is found at %s', (host, url) => {
  expect(urlOf(host, 1)).toBe(url)
})
