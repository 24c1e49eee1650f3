/** A namespace of Socket.IO is a channel. `/` has all that is said; the others refer to what of it is said there too. */
import type { Feature } from '../features/feature.ts'
import { namespacesOf } from '../features/registry.ts'
import { namespaces } from '../protocol/namespaces.ts'
import type { Shape } from './shape.ts'

export type ChannelName = keyof typeof namespaces

export const channel = (name: ChannelName = 'main') => ({ $ref: `#/channels/${name}` })
export const said = (message: string, name: ChannelName = 'main') => ({
  $ref: `#/channels/${name}/messages/${message}`,
})
export const ackOf = (command: string) => `${command}.ack`
export const REFUSED = 'refused'

const titles: Readonly<Record<ChannelName, string>> = {
  main: 'Chat',
  voice: 'Voice calls',
  video: 'Video calls',
  collab: 'Documents',
  notification: 'Notifications',
}

const inherited =
  ' Without a token it belongs to whoever signed in on the connection, and waits until someone has; with one it signs in itself.'

export const channelOf = (name: ChannelName, messages: Record<string, Shape>): Shape => ({
  address: namespaces[name],
  title: titles[name],
  description: `Socket.IO's namespace \`${namespaces[name]}\`.${name === 'main' ? '' : inherited}`,
  messages,
})

export const others = (Object.keys(namespaces) as ChannelName[]).filter((name) => name !== 'main')

/** What besides is told and taken on a namespace of its own. */
export function heardOn(name: ChannelName, features: readonly Feature[]) {
  const namespace = namespaces[name]
  const events = features.filter((feature) => feature.namespaces?.includes(namespace)).flatMap(({ events }) => events)
  const commands = features.flatMap((feature) =>
    Object.entries(feature.commands).filter(([, command]) => namespacesOf({ feature, command }).includes(namespace)),
  )
  const names = [...events.map(({ name }) => name), ...commands.flatMap(([name]) => [name, ackOf(name)]), REFUSED]
  return { events, commands, messages: Object.fromEntries(names.map((one) => [one, said(one)])) }
}
