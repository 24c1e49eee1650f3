/** Valibot → JSON Schema, as both documents have it. What many share has a name there, and is said once. */
import { type ConversionConfig, toJsonSchema, toJsonSchemaDefs } from '@valibot/to-json-schema'
import type { GenericSchema } from 'valibot'
import { Content, MessageView } from '../features/messages/message.ts'
import { RoomView } from '../features/rooms/room.ts'
import { Name } from '../protocol/ids.ts'
import { Metadata } from '../protocol/text.ts'

export type Shape = Readonly<Record<string, unknown>>

/** What a client may give, or what it is told. */
export type Side = 'input' | 'output'

export type Dialect = 'draft-07' | 'draft-2020-12'

export interface Shapes {
  of(schema: GenericSchema, side: Side): Shape
  /** What `of` refers to: the document's `components.schemas`. */
  readonly named: Readonly<Record<string, Shape>>
}

const definitions = { Name, Metadata, Content, Message: MessageView, Room: RoomView }

export function shapes(dialect: Dialect): Shapes {
  return {
    of(schema, side) {
      const { $schema: _, $defs: __, ...shape } = toJsonSchema(schema, { ...config(dialect, side), definitions })
      return shape
    },
    named: Object.fromEntries(
      Object.entries(toJsonSchemaDefs(definitions, config(dialect, 'output'))).map(([name, shape]) => [
        name,
        { ...shape },
      ]),
    ),
  }
}

/** What JSON Schema cannot say, a check of our own, does not stop the document: its sentence is told instead. */
const config = (target: Dialect, typeMode: Side): ConversionConfig => ({
  target,
  typeMode,
  errorMode: 'ignore',
  overrideRef: ({ referenceId }) => `#/components/schemas/${referenceId}`,
  overrideAction: ({ valibotAction, jsonSchema }) => {
    const { message } = valibotAction as { message?: unknown }
    return typeof message === 'string' ? { ...jsonSchema, description: message } : undefined
  },
})
