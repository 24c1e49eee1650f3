/** The table of routes, and the commands they name, as an OpenAPI 3.1 document. */
import type { GenericSchema } from 'valibot'
import type { Registered } from '../features/registry.ts'
import { Name } from '../protocol/ids.ts'
import { failureShape, listed, statuses } from './failures.ts'
import { type Shape, type Shapes, shapes } from './shape.ts'

/** A command by HTTP. What of the command's data the path does not hold is in the query of a `get`, in the body of a `post`. */
export interface Route {
  readonly method: 'get' | 'post'
  /** A part that begins with a colon is data. */
  readonly path: string
  readonly command: string
  readonly status: 200 | 201
  /** A flag of the acknowledgement by which nothing was made after all: then it is 200. */
  readonly unless?: string
  /** Where another user is named by this field, it is done as them: what takes the permission `admin`. */
  readonly as?: string
  /** What stands where the request does not say. */
  readonly defaults?: Readonly<Record<string, string>>
}

/** What is there without signing in, and is no command. */
export interface OpenRoute {
  readonly path: string
  readonly about: string
  readonly media: string
  /** What each status it answers with means. */
  readonly answers: Readonly<Record<number, string>>
}

export interface Routed {
  readonly routes: readonly Route[]
  readonly open: readonly OpenRoute[]
  readonly commands: ReadonlyMap<string, Registered>
  readonly version: string
}

export function openapi({ routes, open, commands, version }: Routed) {
  const shape = shapes('draft-2020-12')
  const paths: Record<string, Record<string, Shape>> = {}
  const add = (path: string, method: string, operation: Shape) => {
    paths[path] = { ...paths[path], [method]: operation }
  }
  for (const route of routes) add(templateOf(route.path), route.method, commandBy(route, commands, shape))
  for (const route of open) add(route.path, 'get', opened(route))
  return {
    openapi: '3.1.1',
    info: { title: 'Parley', version, description: about, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/', description: 'This service.' }],
    paths,
    components: {
      schemas: {
        ...shape.named,
        Refusal: { type: 'object', properties: { error: failureShape }, required: ['error'] },
      },
      responses: Object.fromEntries(
        [...statuses].map(([status, codes]) => [`Refused${status}`, refused(status, codes)]),
      ),
      securitySchemes: { token: tokenScheme, api_key: keyScheme },
    },
  }
}

const about =
  'Commands by HTTP, the same as over Socket.IO. On `/socket/…` the names of fields are also taken in camelCase ' +
  '(`roomId` for `room_id`). Every answer has an `x-request-id`, which finds it in the log.'

const tokenScheme = { type: 'http', scheme: 'bearer', description: "A user's token, as for the socket, or an API key." }
const keyScheme = { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'An API key of `API_KEYS`.' }

const templateOf = (path: string) => path.replace(/:(\w+)/g, '{$1}')
const partsOf = (path: string) => [...path.matchAll(/:(\w+)/g)].map(([, name]) => name as string)

interface Fields {
  readonly properties: Readonly<Record<string, Shape>>
  readonly required: readonly string[]
  readonly description?: unknown
}

/** What of a route's data is where it is: its command's fields, and who else it can be done as. */
function fieldsOf({ as, defaults = {} }: Route, input: GenericSchema, shape: Shapes): Fields {
  const { properties, required, description } = shape.of(input, 'input') as unknown as Fields
  const all: Record<string, Shape> = { ...properties }
  for (const [name, value] of Object.entries(defaults)) all[name] = { ...all[name], default: value }
  if (as !== undefined) all[as] = { ...shape.of(Name, 'input'), description: AS }
  return { properties: all, required: required.filter((name) => !Object.hasOwn(defaults, name)), description }
}

const AS = 'Who it is done as, where not as the bearer: that takes the permission `admin`.'

function commandBy(route: Route, commands: Routed['commands'], shape: Shapes): Shape {
  const { feature, command } = commands.get(route.command) as Registered
  const { properties, required, description } = fieldsOf(route, command.input, shape)
  const inPath = partsOf(route.path)
  const rest = Object.keys(properties).filter((name) => !inPath.includes(name))
  const parameter = (where: 'path' | 'query') => (name: string) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    schema: properties[name],
  })
  const body = { type: 'object', properties, required: required.filter((name) => rest.includes(name)), description }
  return {
    operationId: `${route.method}_${route.path.replace(/\W+/g, '_').slice(1)}`,
    summary: command.about,
    tags: [feature.name],
    security: [{ token: [] }, { api_key: [] }],
    parameters: [
      ...inPath.map(parameter('path')),
      ...(route.method === 'get' ? rest.map(parameter('query')) : [idempotencyKey]),
    ],
    ...(route.method === 'post' && {
      requestBody: { required: true, content: { 'application/json': { schema: body } } },
    }),
    responses: answersOf(route, shape.of(command.output, 'output')),
    'x-command': route.command,
    'x-allowed': command.allow.says,
    'x-rate': command.rate,
    ...(command.permission && { 'x-permission': route.command }),
  }
}

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  schema: { $ref: '#/components/schemas/Name' },
  description: 'Stands for the id of the command, so that sending it again does not do it again.',
}

function answersOf({ status, unless }: Route, output: Shape) {
  const content = { 'application/json': { schema: output } }
  return {
    ...(unless !== undefined && { 200: { description: `It was so already (\`${unless}\`).`, content } }),
    [status]: { description: status === 201 ? 'It was made.' : 'It was done.', content },
    ...Object.fromEntries([...statuses.keys()].map((one) => [one, { $ref: `#/components/responses/Refused${one}` }])),
  }
}

const header = (description: string, type: string) => ({ description, schema: { type } })

const refused = (status: number, codes: readonly string[]): Shape => ({
  description: `Refused: ${listed(codes)}.`,
  headers: {
    ...(status === 401 && { 'WWW-Authenticate': header('Bearer', 'string') }),
    ...([429, 503].includes(status) && { 'Retry-After': header('In how many seconds to try again.', 'integer') }),
  },
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Refusal' } } },
})

const opened = ({ about: summary, path, media, answers }: OpenRoute): Shape => ({
  operationId: `get_${path.replace(/\W+/g, '_').slice(1)}`,
  summary,
  tags: ['service'],
  security: [],
  responses: Object.fromEntries(
    Object.entries(answers).map(([status, description]) => [
      status,
      { description, content: { [media]: { schema: {} } } },
    ]),
  ),
})
