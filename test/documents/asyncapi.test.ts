import { expect, test } from 'bun:test'
import { asyncapi } from '../../src/documents/asyncapi.ts'
import { features, register } from '../../src/features/registry.ts'
import { failures } from '../../src/protocol/failure.ts'

interface Message {
  name: string
  payload: Record<string, unknown>
}

interface Channel {
  address: string
  messages: Record<string, unknown>
}

interface Operation {
  channel: { $ref: string }
  action: 'send' | 'receive'
  messages: { $ref: string }[]
  reply?: { messages: { $ref: string }[] }
  'x-aliases'?: string[]
  'x-allowed'?: string
  'x-rate'?: unknown
  'x-permission'?: string
  'x-namespaces'?: string[]
}

interface Document {
  channels: Record<string, Channel> & { main: Channel & { messages: Record<string, Message> } }
  operations: Record<string, Operation>
  components: { schemas: { Failure: { properties: { code: { enum: string[] } } } } }
  servers: Record<string, { pathname: string; security: unknown[] }>
}

const document: Document = JSON.parse(JSON.stringify(asyncapi({ features, version: '1.2.3', socketPath: '/live/' })))
const { operations } = document
const { messages } = document.channels.main
const payloadOf = (name: string) => messages[name]?.payload
const on = (channel: string) =>
  Object.keys(operations).filter((name) => operations[name]?.channel.$ref === `#/channels/${channel}`)
const named = (action: Operation['action']) => on('main').filter((name) => operations[name]?.action === action)

test('asyncapi.json holds every command of the registry, and nothing else that a client could say', () => {
  const commands = features.flatMap(({ commands }) => Object.keys(commands))
  expect(named('receive').sort()).toEqual(commands.sort())
})

test('asyncapi.json holds every event of the registry, and nothing else that the service could say', () => {
  const events: string[] = features.flatMap(({ events }) => events.map(({ name }) => name))
  expect(named('send').sort()).toEqual(events.sort())
})

test('every message of asyncapi.json belongs to an operation', () => {
  for (const [channel, { messages }] of Object.entries(document.channels)) {
    const heard = on(channel).flatMap((name) => operations[name] ?? [])
    const used = heard.flatMap(({ messages, reply }) => [...messages, ...(reply?.messages ?? [])])
    const names = new Set(used.map(({ $ref }) => $ref.replace(`#/channels/${channel}/messages/`, '')))
    expect([...names].sort()).toEqual(Object.keys(messages).sort())
  }
})

test('asyncapi.json tells of a command its aliases, who may, how often, and the permission it takes', () => {
  for (const [spelling, { name, command }] of register(features)) {
    const told = operations[name]
    if (spelling !== name) expect(told?.['x-aliases']).toContain(spelling)
    expect(told?.['x-allowed']).toBe(command.allow.says)
    expect(told?.['x-rate']).toEqual(command.rate)
    expect(told?.['x-permission']).toBe(command.permission ? name : undefined)
  }
})

test('asyncapi.json wraps whatever the service says in the envelope, with the type it comes under', () => {
  const said = (type: string, name: string) => ({
    allOf: [
      { $ref: '#/components/schemas/Envelope' },
      { properties: { type: { const: type }, payload: { properties: { action: { const: name } } } } },
    ],
  })
  expect(payloadOf('message_new')).toMatchObject(said('message', 'message_new'))
  expect(payloadOf('user_typing')).toMatchObject(said('event', 'user_typing'))
  expect(payloadOf('error')).toMatchObject(said('error', 'error'))
  expect(payloadOf('message:send.ack')).toMatchObject(said('ack', 'message:send'))
})

test('asyncapi.json takes the data of a command bare or in an envelope', () => {
  const data = { $ref: '#/components/schemas/message.send' }
  expect(payloadOf('message:send')).toMatchObject({
    anyOf: [data, { required: ['payload'], properties: { payload: { properties: { data } } } }],
  })
})

test('every command of asyncapi.json is answered with its acknowledgement or a refusal', () => {
  for (const name of named('receive'))
    expect(operations[name]?.reply?.messages).toEqual([
      { $ref: `#/channels/main/messages/${name}.ack` },
      { $ref: '#/channels/main/messages/refused' },
    ])
})

test('asyncapi.json has a channel for each namespace, with what is told and taken there', () => {
  const addresses = Object.values(document.channels).map(({ address }) => address)
  expect(addresses).toEqual(['/', '/voice', '/video', '/collab', '/notification'])
  expect(on('voice')).toEqual(['voice/auth:refresh'])
  expect(on('notification')).toContain('notification/notification:ack')
  expect(on('notification')).toContain('notification/notification')
  expect(operations['notification:ack']?.['x-namespaces']).toEqual(['/', '/notification'])
  expect(operations['message:send']?.['x-namespaces']).toEqual(['/'])
})

test('asyncapi.json lists every code of a failure', () => {
  expect(document.components.schemas.Failure.properties.code.enum).toEqual(Object.keys(failures))
})

test('whatever asyncapi.json refers to is there', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)]
  const find = (path: string) =>
    path.split('/').reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], document)
  expect(references.map(([, path]) => path as string).filter((path) => find(path) === undefined)).toEqual([])
  expect(references.length).toBeGreaterThan(100)
})

test('asyncapi.json says where Socket.IO is and how one signs in', () => {
  expect(Object.values(document.servers)).toMatchObject([
    { pathname: '/live/', security: [{ $ref: '#/components/securitySchemes/token' }] },
  ])
})
