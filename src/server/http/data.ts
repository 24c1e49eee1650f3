/** What a request says becomes the data of a command. */
import type { GenericSchema } from 'valibot'
import { shapes } from '../../documents/shape.ts'

type Data = Record<string, unknown>

/** Names as older drafts spell them: `roomId` is `room_id`, where that is not said itself. */
export function inSnakeCase(said: Data): Data {
  const renamed = Object.entries(said).map(([name, value]) => [snake(name), value, snake(name) === name] as const)
  const own = new Set(renamed.filter(([, , asIs]) => asIs).map(([name]) => name))
  return Object.fromEntries(renamed.filter(([name, , asIs]) => asIs || !own.has(name)))
}

const snake = (name: string) => name.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`)

const NUMBER = /^-?\d{1,15}$/

/** A query knows only text. What the command takes as a number becomes one, where it reads as one. */
export function queried(input: GenericSchema): (query: Readonly<Record<string, string>>) => Data {
  const { properties = {} } = shapes('draft-07').of(input, 'input') as {
    properties?: Record<string, { type?: unknown }>
  }
  const isNumber = (name: string) =>
    Object.hasOwn(properties, name) && ['number', 'integer'].includes(properties[name]?.type as string)
  const value = (name: string, text: string) => (isNumber(name) && NUMBER.test(text) ? Number(text) : text)
  return (query) => Object.fromEntries(Object.entries(query).map(([name, text]) => [name, value(name, text)]))
}
