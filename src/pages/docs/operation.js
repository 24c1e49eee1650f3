/** One thing that can be said, asked or told: closed it is a line, open it is all there is to know of it. */
import { make } from '/demo/dom.js'
import { shapeOf } from './shape.js'

/**
 * @param {{ id: string, tag: string, name: string, about: string }} what
 * @param {...(Node | false | undefined)} parts
 */
function card({ id, tag, name, about }, ...parts) {
  const line = make(
    'summary',
    {},
    make(`span.tag.${tag}`, {}, tag),
    make('code.name', {}, name),
    make('span.about', {}, about),
  )
  return make('details.card', { id }, line, make('div.body', {}, ...parts))
}

const titled = (title, nodes) => make('div', {}, make('h4', {}, title), ...nodes.filter(Boolean))

/** @param {[string, (string | Node)[] | false | undefined][]} pairs */
function facts(pairs) {
  const told = pairs.filter(([, what]) => what && what.length > 0)
  return make('dl.facts', {}, ...told.flatMap(([name, what]) => [make('dt', {}, name), make('dd', {}, ...what)]))
}

const codes = (names) => names.flatMap((name, n) => [n > 0 && ', ', make('code', {}, name)]).filter(Boolean)

const common = (operation) => [
  ['Who may', [marked(operation['x-allowed'])]],
  ['Permission', operation['x-permission'] && codes([operation['x-permission']])],
  ['How often', [rateOf(operation['x-rate'])]],
]

const rateOf = ({ take, every_ms }) => `${take} in ${every_ms / 1_000} s`

/** Backquotes in a sentence of the registry mark what is said literally. */
export const marked = (text) =>
  make('span', {}, ...text.split('`').map((part, n) => (n % 2 ? make('code', {}, part) : part)))

/** @param {any} asyncapi @param {string} name */
export function commandCard(asyncapi, name) {
  const operation = asyncapi.operations[name]
  const { messages } = asyncapi.channels.main
  const given = asyncapi.components.schemas[messages[name].payload.anyOf[0].$ref.split('/').at(-1)]
  return card(
    { id: `command-${name}`, tag: 'command', name, about: marked(operation.summary) },
    facts([
      ...common(operation),
      ['Also called', codes(operation['x-aliases'])],
      ['Namespaces', codes(operation['x-namespaces'])],
    ]),
    titled('Data', shapeOf(given)),
    titled('Acknowledgement', shapeOf(dataIn(messages[`${name}.ack`]))),
  )
}

/** @param {any} asyncapi @param {string} name */
export function eventCard(asyncapi, name) {
  const { summary, description } = asyncapi.operations[name]
  return card(
    { id: `event-${name}`, tag: 'event', name, about: marked(summary) },
    make('p.quiet', {}, description),
    titled('Data', shapeOf(dataIn(asyncapi.channels.main.messages[name]))),
  )
}

const dataIn = ({ payload }) => payload.allOf[1].properties.payload.properties.data

/** @param {any} operation @param {string} method @param {string} path */
export function routeCard(operation, method, path) {
  const { parameters = [], requestBody, responses, summary } = operation
  const [status, answer] = Object.entries(responses).findLast(([code]) => code < 300)
  const json = answer.content['application/json']?.schema
  return card(
    { id: `route-${method}${path.replace(/\W+/g, '-')}`, tag: method, name: path, about: marked(summary) },
    operation['x-command'] &&
      facts([
        ['Command', [make('a', { href: `#command-${operation['x-command']}` }, operation['x-command'])]],
        ...common(operation),
      ]),
    parameters.length > 0 && titled('Path, query and headers', shapeOf(fieldsOf(parameters))),
    requestBody && titled('Body', shapeOf(requestBody.content['application/json'].schema)),
    titled(
      `Answer ${status}`,
      json && Object.keys(json).length > 0 ? shapeOf(json) : [make('p.quiet', {}, answer.description)],
    ),
  )
}

const places = { path: 'In the path.', query: 'In the query.', header: 'A header.' }

const fieldsOf = (parameters) => ({
  properties: Object.fromEntries(
    parameters.map(({ name, in: where, schema, description }) => [
      name,
      { ...schema, description: [places[where], description].filter(Boolean).join(' ') },
    ]),
  ),
  required: parameters.filter(({ required }) => required).map(({ name }) => name),
})
