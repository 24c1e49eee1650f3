import type { InferInput, InferOutput } from 'valibot'
import type { Envelope } from '../protocol/envelope.ts'
import { everyNamespace, namespaces } from '../protocol/namespaces.ts'
import type { Command, Feature } from './feature.ts'
import { messages } from './messages/messages.ts'
import { notifications } from './notifications/notifications.ts'
import { operations } from './operations/operations.ts'
import { presences } from './presence/presences.ts'
import { rooms } from './rooms/rooms.ts'
import { sessions } from './sessions/sessions.ts'
import { typing } from './typing/typing.ts'

/** All that the service can do. The types, the checks, the documents and the metrics come from this list. */
export const features = [sessions, rooms, messages, typing, presences, notifications, operations] as const

export interface Registered {
  readonly name: string
  readonly feature: Feature
  readonly command: Command
}

/** Finds a command by its name or an alias. Two commands of one name stop the start. */
export function register(list: readonly Feature[]): ReadonlyMap<string, Registered> {
  const commands = new Map<string, Registered>()
  for (const feature of list) {
    for (const [name, command] of Object.entries(feature.commands)) {
      for (const spelling of [name, ...(command.aliases ?? [])]) {
        if (commands.has(spelling)) throw new Error(`Two commands are called "${spelling}".`)
        commands.set(spelling, { name, feature, command })
      }
    }
  }
  return commands
}

/** The namespaces that take a command. */
export const namespacesOf = ({ feature, command }: Pick<Registered, 'feature' | 'command'>): readonly string[] =>
  command.everywhere ? everyNamespace : [namespaces.main, ...(feature.namespaces ?? [])]

/** By event, the namespaces of its own. */
export const eventNamespaces = (list: readonly Feature[]): ReadonlyMap<string, readonly string[]> =>
  new Map(list.flatMap(({ events, namespaces = [] }) => events.map(({ name }) => [name, namespaces] as const)))

type Merge<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer All) => void
  ? All
  : never

type Commands = Merge<(typeof features)[number]['commands']>

/** What `socket.on` is typed with: every command, its data, and the acknowledgement. */
export type ClientToServer = {
  [Name in keyof Commands]: Commands[Name] extends Command<infer Input, infer Output>
    ? (data: InferInput<Input>, ack?: (reply: Envelope<InferOutput<Output>>) => void) => void
    : never
}

type Events = (typeof features)[number]['events'][number]

/** What `socket.emit` is typed with. */
export type ServerToClient = { [One in Events as One['name']]: (message: Envelope<InferOutput<One['data']>>) => void }
