import { expect, test } from 'bun:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { openapi } from '../../src/documents/openapi.ts'
import { features, register } from '../../src/features/registry.ts'
import { openRoutes } from '../../src/server/http/open.ts'
import { routes } from '../../src/server/http/routes.ts'
import { fakeClock } from '../support/clock.ts'

interface Operation {
  operationId: string
  parameters?: { name: string; in: string; required: boolean; schema: { type?: string } }[]
  requestBody?: {
    content: { 'application/json': { schema: { properties: { kind?: unknown }; required: string[] } } }
  }
  responses: Record<string, { $ref?: string }>
  'x-command'?: string
  'x-allowed'?: string
}

interface Document {
  paths: Record<string, Record<string, Operation>>
  components: { responses: { Refused401: unknown; Refused429: unknown } }
}

const commands = register(features)
const service = { features, version: '1.2.3', socketPath: '/socket.io/' }
const open = openRoutes({
  service,
  commands,
  routes,
  meter: { render: async () => '' },
  clock: fakeClock().clock,
  ready: async () => ({ ready: true, dependencies: {} }),
})
const document: Document = JSON.parse(JSON.stringify(openapi({ routes, open, commands, version: '1.2.3' })))
const operations = Object.values(document.paths).flatMap((path) => Object.values(path))
const operation = (method: string, path: string) => document.paths[path]?.[method] as Operation

test('openapi.json is a valid OpenAPI 3.1 document', async () => {
  const { valid, errors } = await new Validator().validate(
    structuredClone(document) as unknown as Record<string, unknown>,
  )
  expect(errors ?? []).toEqual([])
  expect(valid).toBe(true)
})

test('openapi.json holds every route that is served, and nothing else', () => {
  const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  )
  const served = [
    ...routes.map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`),
    ...open.map(({ path }) => `get ${path}`),
  ]
  expect(documented.sort()).toEqual(served.sort())
})

test('each route of openapi.json tells the command of the registry that it is, and who may', () => {
  for (const { method, path, command } of routes) {
    const told = operation(method, path.replace(/:(\w+)/g, '{$1}'))
    expect(told['x-command']).toBe(command)
    expect(told['x-allowed']).toBe(commands.get(command)?.command.allow.says as string)
  }
})

test('no two operations of openapi.json have one id', () => {
  const ids = operations.map(({ operationId }) => operationId)
  expect(new Set(ids).size).toBe(ids.length)
})

test('whatever openapi.json refers to is there', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/([^"]+)"/g)]
  const { components } = document as unknown as { components: Record<string, Record<string, unknown>> }
  const missing = references.filter(([, kind = '', name = '']) => components[kind]?.[name] === undefined)
  expect(missing.map(([reference]) => reference)).toEqual([])
  expect(references.length).toBeGreaterThan(50)
})

test('openapi.json has what stands in the path and the query as parameters, with their types', () => {
  expect(operation('get', '/socket/users/{user_id}/connected').parameters).toMatchObject([
    { name: 'user_id', in: 'path', required: true },
  ])
  const { parameters } = operation('get', '/socket/users')
  expect(parameters?.map(({ name, in: where, required }) => [name, where, required])).toEqual([
    ['cursor', 'query', false],
    ['limit', 'query', false],
  ])
  expect(parameters?.[1]?.schema.type).toBe('integer')
})

test('openapi.json says what a body takes beside the data of its command: who else it is done as, and what is assumed', () => {
  const bodyOf = (path: string) => operation('post', path).requestBody?.content['application/json'].schema
  expect(bodyOf('/socket/rooms/message')?.properties).toHaveProperty('sender_id')
  expect(bodyOf('/socket/rooms')?.properties.kind).toMatchObject({ default: 'group' })
  expect(bodyOf('/socket/rooms')?.required).toEqual([])
})

test('openapi.json says with which status each route answers, and how it refuses', () => {
  const { responses } = operation('post', '/socket/rooms/message')
  expect(Object.keys(responses)).toContain('201')
  expect(responses['429']).toEqual({ $ref: '#/components/responses/Refused429' })
  expect(document.components.responses.Refused429).toHaveProperty(['headers', 'Retry-After'])
  expect(document.components.responses.Refused401).toHaveProperty(['headers', 'WWW-Authenticate'])
})
