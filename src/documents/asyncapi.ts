/** The registry as an AsyncAPI 3 document. What is not declared there cannot be said, so this is all of it. */
import type { Command, Feature } from '../features/feature.ts'
import { namespacesOf } from '../features/registry.ts'
import type { ServerEvent } from '../protocol/event.ts'
import { failures } from '../protocol/failure.ts'
import { newestVersion } from '../protocol/version.ts'
import { ackOf, type ChannelName, channel, channelOf, heardOn, others, REFUSED, said } from './channels.ts'
import { failureShape } from './failures.ts'
import { type Shape, type Shapes, shapes } from './shape.ts'

export interface Service {
  readonly features: readonly Feature[]
  readonly version: string
  /** Socket.IO's path. */
  readonly socketPath: string
}

const schema = (name: string) => ({ $ref: `#/components/schemas/${name}` })

export function asyncapi({ features, version, socketPath }: Service) {
  const shape = shapes('draft-07')
  const messages: Record<string, Shape> = { [REFUSED]: refused() }
  const operations: Record<string, Shape> = {}
  const schemas: Record<string, Shape> = { ...shape.named, Envelope: envelopeShape, Failure: failureShape }

  for (const feature of features) {
    const { name: tag, events, commands } = feature
    const tags = [{ name: tag }]
    for (const event of events) {
      messages[event.name] = { tags, ...eventMessage(event, shape) }
      operations[event.name] = { tags, ...telling(event) }
    }
    for (const [name, command] of Object.entries(commands)) {
      const given = name.replaceAll(':', '.')
      schemas[given] = shape.of(command.input, 'input')
      messages[name] = { tags, ...commandMessage(name, command.about, schema(given)) }
      messages[ackOf(name)] = { tags, ...ackMessage(name, shape.of(command.output, 'output')) }
      operations[name] = { tags, ...taking(name, command), 'x-namespaces': namespacesOf({ feature, command }) }
    }
  }
  const channels: Record<string, Shape> = { main: channelOf('main', messages) }
  for (const name of others) {
    const { events, commands, messages } = heardOn(name, features)
    channels[name] = channelOf(name, messages)
    const tags = [{ name }]
    for (const event of events) operations[`${name}/${event.name}`] = { tags, ...telling(event, name) }
    for (const [given, command] of commands) operations[`${name}/${given}`] = { tags, ...taking(given, command, name) }
  }
  return {
    asyncapi: '3.0.0',
    info: { title: 'Parley', version, description: about, license: { name: 'MIT' } },
    defaultContentType: 'application/json',
    servers: { this: server(socketPath) },
    channels,
    operations,
    components: { schemas, securitySchemes: { token: tokenScheme } },
    'x-protocol': newestVersion,
    'x-failures': failures,
  }
}

const about =
  'What is said over Socket.IO. Everything that the service says, and every acknowledgement, carries one envelope; a ' +
  'client sends the envelope or just its data. Any stock client of Socket.IO 4 speaks it.'

const tokenScheme = {
  type: 'http',
  scheme: 'bearer',
  bearerFormat: 'JWT',
  description: 'Given in the handshake as `auth.token`, or on the open connection with `authenticate`.',
}

const server = (pathname: string) => ({
  host: '{host}',
  pathname,
  protocol: 'wss',
  description: 'Socket.IO 4 (Engine.IO 4) by websocket, or by polling, which is upgraded.',
  variables: { host: { default: 'localhost:3001', description: 'Where the service is reached.' } },
  security: [{ $ref: '#/components/securitySchemes/token' }],
})

const envelopeShape: Shape = {
  type: 'object',
  description: 'The one argument of everything that the service says.',
  properties: {
    type: { type: 'string', enum: ['message', 'event', 'ack', 'error'] },
    id: { type: 'string', description: 'Unique; in an acknowledgement or error the id of the command.' },
    tenant_id: { type: 'string' },
    timestamp: { type: 'number', description: "ms since the epoch, by the service's clock" },
    payload: {
      type: 'object',
      properties: { action: { type: 'string', description: "The event's name." }, data: {} },
      required: ['action', 'data'],
    },
  },
  required: ['type', 'id', 'tenant_id', 'timestamp', 'payload'],
}

const enveloped = (type: string, action: Shape, data: Shape): Shape => ({
  allOf: [
    schema('Envelope'),
    {
      type: 'object',
      properties: {
        type: { const: type },
        payload: { type: 'object', properties: { action, data } },
      },
    },
  ],
})

/** What is told of a failure by itself is an `error` to its receiver, though it comes as an event. */
const typeOf = ({ name, type }: ServerEvent) => (name === 'error' ? 'error' : type)

function eventMessage(event: ServerEvent, shape: Shapes): Shape {
  const { name, about: summary, data } = event
  return { name, summary, payload: enveloped(typeOf(event), { const: name }, shape.of(data, 'output')) }
}

const telling = (event: ServerEvent, on?: ChannelName): Shape => ({
  action: 'send',
  channel: channel(on),
  summary: event.about,
  description:
    event.type === 'message'
      ? "An entry of the room's log: it has a number, and a client that was away gets it later."
      : 'Told to whoever is there; it may be lost.',
  messages: [said(event.name, on)],
})

/** A client gives the data bare, or in an envelope of which it needs only the payload. */
const commandMessage = (name: string, summary: string, data: Shape): Shape => ({
  name,
  summary,
  payload: {
    anyOf: [
      data,
      {
        type: 'object',
        properties: {
          id: schema('Name'),
          tenant_id: schema('Name'),
          payload: { type: 'object', properties: { action: { const: name }, data }, required: ['data'] },
        },
        required: ['payload'],
      },
    ],
  },
})

const ackMessage = (name: string, data: Shape): Shape => ({
  name: ackOf(name),
  summary: `The acknowledgement of \`${name}\`.`,
  payload: enveloped('ack', { const: name }, data),
})

const refused = (): Shape => ({
  name: REFUSED,
  summary: 'What the acknowledgement holds where a command was refused; without one, it comes as the event `error`.',
  payload: enveloped('error', { type: 'string' }, schema('Failure')),
})

const taking = (name: string, command: Command, on?: ChannelName): Shape => ({
  action: 'receive',
  channel: channel(on),
  summary: command.about,
  messages: [said(name, on)],
  reply: { channel: channel(on), messages: [said(ackOf(name), on), said(REFUSED, on)] },
  'x-allowed': command.allow.says,
  'x-rate': command.rate,
  'x-aliases': command.aliases ?? [],
  ...(command.permission && { 'x-permission': name }),
})
