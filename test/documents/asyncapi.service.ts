/** The document before those who wrote its specification; in the services' list because their parser takes seconds to load. */
import { expect, test } from 'bun:test'
import { Parser } from '@asyncapi/parser'
import { asyncapi } from '../../src/documents/asyncapi.ts'
import { features } from '../../src/features/registry.ts'

test('asyncapi.json is a valid AsyncAPI 3 document', async () => {
  const text = JSON.stringify(asyncapi({ features, version: '1.2.3', socketPath: '/socket.io/' }))
  const { document, diagnostics } = await new Parser().parse(text)
  const worse = diagnostics.filter(({ severity }) => severity < 2)
  expect(worse.map(({ path, message }) => `${path.join('/')}: ${message}`)).toEqual([])
  expect(document?.operations().all().length).toBeGreaterThan(0)
}, 300_000)
