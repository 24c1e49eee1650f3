import { describe, expect, test } from 'bun:test'
import type { InferOutput } from 'valibot'
import type { Context } from '../../src/features/feature.ts'
import type { MessageView } from '../../src/features/messages/message.ts'
import { messages } from '../../src/features/messages/messages.ts'
import { type ClientToServer, features, register, type ServerToClient } from '../../src/features/registry.ts'
import { typing } from '../../src/features/typing/typing.ts'
import type { Envelope } from '../../src/protocol/envelope.ts'
import { isLogEvent } from '../../src/protocol/event.ts'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
type DataOf<Name extends keyof ClientToServer> = Parameters<ClientToServer[Name]>[0]
type AckOf<Name extends keyof ClientToServer> = Parameters<NonNullable<Parameters<ClientToServer[Name]>[1]>>[0]

const typingData: Same<DataOf<'typing:start'>, { room_id: string }> = true
const readAck: Same<AckOf<'message:read'>, Envelope<{ read_seq: number }>> = true
const toldMessage: Same<
  Parameters<ServerToClient['message_new']>[0]['payload']['data']['message'],
  InferOutput<typeof MessageView>
> = true
const hasCommands: 'message:send' | 'room:join' | 'authenticate' extends keyof ClientToServer ? true : false = true
const knowsNoMore: 'message:shout' extends keyof ClientToServer ? true : false = false
const hasEvents: 'log_skipped' | 'user_typing' | 'error' extends keyof ServerToClient ? true : false = true
// @ts-expect-error: what may be lost is told to a room, what is of its log is appended
const misuse = (ctx: Context) => ctx.toRoom('lobby', messages.events[0], {})

describe('the registry', () => {
  test('is what the types come from', () => {
    expect([typingData, readAck, toldMessage, hasCommands, hasEvents]).toEqual([true, true, true, true, true])
    expect([knowsNoMore, typeof misuse]).toEqual([false, 'function'])
  })

  test('finds a command by its name and by its aliases', () => {
    const commands = register(features)
    expect(commands.get('typing_start')).toBe(commands.get('typing_start'))
    for (const [alias, name] of [
      ['join_room', 'room:join'],
      ['leave_room', 'room:leave'],
      ['typing_start', 'typing:start'],
      ['typing_stop', 'typing:stop'],
      ['message_read', 'message:read'],
    ] as const)
      expect([alias, commands.get(alias)?.name, commands.get(alias)?.command]).toEqual([
        alias,
        name,
        commands.get(name)?.command,
      ])
  })

  test('finds nothing that only every object has', () => {
    for (const name of ['__proto__', 'constructor', 'toString']) expect(register(features).get(name)).toBeUndefined()
  })

  test('stops the start where two commands have one name', () => {
    expect(() => register([typing, { ...typing, name: 'again' }])).toThrow('Two commands are called "typing:start".')
    const { input, output, allow, rate } = typing.commands['typing:start']
    const taken = { about: '', input, output, allow, rate, aliases: ['typing:stop'], handle: () => ({}) }
    expect(() => register([typing, { ...typing, commands: { 'typing:go': taken } }])).toThrow('"typing:stop"')
  })

  test('names every event once, and every feature', () => {
    const events = features.flatMap(({ events }) => events.map(({ name }) => name as string))
    expect(events.toSorted()).toEqual([...new Set(events)].toSorted())
    const names = features.map(({ name }) => name as string)
    expect(names).toEqual([...new Set(names)])
  })

  test('has the entries of a room’s log that the protocol lists', () => {
    const kept = features
      .flatMap(({ events }) => [...events])
      .filter((one) => isLogEvent(one) || one.name === 'log_skipped')
    expect(kept.map(({ name }) => name as string).toSorted()).toEqual([
      'log_skipped',
      'message_deleted',
      'message_new',
      'message_reaction',
      'message_updated',
      'room_deleted',
      'room_member_joined',
      'room_member_left',
      'room_updated',
    ])
  })

  test.each([...new Set([...register(features).values()])].map((one) => [one.name, one.command] as const))(
    '%s says what it is about, who may, and how often',
    (_, { about, allow, rate }) => {
      expect(about).toMatch(/^[A-Z`].*\.$/)
      expect(allow.says.length).toBeGreaterThan(3)
      expect([rate.take > 0, rate.every_ms > 0]).toEqual([true, true])
    },
  )
})
