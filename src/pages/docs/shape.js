/** A JSON Schema in words: a table of its fields, or a line where it has none. */
import { make } from '/demo/dom.js'

/** @typedef {Record<string, any>} Schema */

/** @param {Schema} schema */
export function shapeOf(schema) {
  const choices = schema.anyOf ?? schema.oneOf
  if (choices?.some((one) => one.properties)) return choices.flatMap((one, n) => [n > 0 && or(), ...shapeOf(one)])
  const note = schema.description && make('p.quiet', {}, schema.description)
  const rows = schema.properties ? rowsOf(schema, 0) : []
  if (rows.length > 0) return [note, make('table.fields', {}, make('tbody', {}, ...rows))]
  const nothing = schema.properties !== undefined
  return [make('p.quiet', {}, ...(nothing ? ['Nothing: ', make('code', {}, '{}'), '.'] : wordsOf(schema)))]
}

const or = () => make('p.or', {}, 'or')

/** @param {Schema} schema @param {number} depth @returns {HTMLElement[]} */
function rowsOf({ properties, required = [] }, depth) {
  return Object.entries(properties).flatMap(([name, schema]) => [
    rowOf(name, schema, required.includes(name), depth),
    ...within(schema).flatMap((inner) => rowsOf(inner, depth + 1)),
  ])
}

/** Objects that are told field by field below the field that holds them. */
function within(schema) {
  const held = [schema, schema.items, schema.additionalProperties, ...(schema.anyOf ?? [])]
  return held.filter((one) => one && typeof one === 'object' && Object.keys(one.properties ?? {}).length > 0)
}

function rowOf(name, schema, required, depth) {
  const named = make('code', {}, name)
  const about = schema.description && make('small', {}, schema.description)
  return make(
    'tr',
    {},
    make(`th.depth-${Math.min(depth, 4)}`, { scope: 'row' }, named, !required && make('small', {}, ' optional')),
    make('td', {}, ...wordsOf(schema), ...defaultOf(schema), about && make('br'), about),
  )
}

const defaultOf = (schema) =>
  schema.default === undefined ? [] : [', else ', make('code', {}, JSON.stringify(schema.default))]

/** @param {Schema} schema @returns {(string | Node)[]} */
export function wordsOf(schema) {
  if (schema.$ref) return [linkTo(schema.$ref)]
  if (schema.const !== undefined) return [make('code', {}, JSON.stringify(schema.const))]
  if (schema.enum) return joined(schema.enum.map((one) => [make('code', {}, String(one))]))
  if (schema.anyOf) return joined(schema.anyOf.map(wordsOf))
  const tell = words[schema.type] ?? words.anything
  return tell(schema)
}

const words = {
  string: ({ format, minLength = 0, maxLength }) => [
    formats[format] ?? (maxLength === undefined ? 'text' : `text of ${range(minLength, maxLength)} characters`),
  ],
  integer: (schema) => [`whole number${bounds(schema)}`],
  number: (schema) => [`number${bounds(schema)}`],
  boolean: () => ['true or false'],
  null: () => [make('code', {}, 'null')],
  array: ({ items = {}, minItems = 0, maxItems }) => [
    maxItems === undefined ? 'list: ' : `list of ${range(minItems, maxItems)}: `,
    ...wordsOf(items),
  ],
  object: ({ additionalProperties, maxProperties }) => {
    if (!additionalProperties) return ['object']
    return [
      maxProperties === undefined ? 'by name: ' : `by name, at most ${maxProperties}: `,
      ...wordsOf(additionalProperties),
    ]
  },
  anything: () => ['any JSON'],
}

const formats = { uuid: 'UUID', uri: 'address' }

const range = (least, most) => (least > 0 ? `${least} to ${grouped(most)}` : `at most ${grouped(most)}`)

const grouped = (number) => number.toLocaleString('en')

function bounds({ minimum, maximum }) {
  if (maximum !== undefined) return `, ${grouped(minimum ?? 0)} to ${grouped(maximum)}`
  return minimum === undefined ? '' : `, ${grouped(minimum)} or more`
}

/** @param {(string | Node)[][]} parts */
function joined(parts) {
  const word = (n) => (n === 0 ? '' : n === parts.length - 1 ? ' or ' : ', ')
  return parts.flatMap((part, n) => [word(n), ...part])
}

/** What many share stands by itself, at the end of the page. */
function linkTo(reference) {
  const name = reference.split('/').at(-1)
  return make('a', { href: `#shape-${name}` }, name)
}
