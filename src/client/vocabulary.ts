/** What can be asked and what is told, with its types: read off the service's registry, of which only the names are left at run time. */
import type { ClientToServer, ServerToClient } from '../features/registry.ts'
import type { Envelope } from '../protocol/envelope.ts'

export type CommandName = keyof ClientToServer
export type EventName = keyof ServerToClient

export type Data<Name extends CommandName> = Parameters<ClientToServer[Name]>[0]

export type Answer<Name extends CommandName> =
  NonNullable<Parameters<ClientToServer[Name]>[1]> extends (reply: Envelope<infer Reply>) => void ? Reply : never

export type Told<Name extends EventName> = Parameters<ServerToClient[Name]>[0]['payload']['data']

export type Message = Told<'message_new'>['message']
export type Sending = Data<'message:send'>
export type Sent = Answer<'message:send'>

/** What is done when something is told, by its name. */
export type Hearing = { readonly [Name in EventName]?: (data: Told<Name>, message: Envelope) => void }

export function hear(hearing: Hearing, message: Envelope) {
  const { action, data } = message.payload
  if (!Object.hasOwn(hearing, action)) return
  const act = hearing[action as EventName] as (data: unknown, message: Envelope) => void
  act(data, message)
}
