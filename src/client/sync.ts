/** From a sign-in until nothing is missing: the pages of `state_sync`, and rooms that are heard without a membership. */
import type { Position } from '../protocol/entry.ts'
import type { Command } from './commands.ts'
import type { Gaps } from './gaps.ts'
import { Refusal } from './refusal.ts'
import type { Answer, Told } from './vocabulary.ts'

type Page = Told<'state_sync'>

interface Parts {
  readonly command: Command
  readonly gaps: Gaps
  /** A further page, as it is told to listeners. */
  told(page: Page): void
  caughtUp(): void
  report(error: unknown): void
}

const POSITIONS_MOST = 100

export function syncing({ command, gaps, told, caughtUp, report }: Parts) {
  /** Of which sign-in it is: what belongs to an earlier one is let be. */
  let current = 0
  let given: Record<string, Position> = {}
  let allNamed = false
  const subscribed = new Map<string, unknown>()
  const patient = (mine: number) => ({ tries: Number.POSITIVE_INFINITY, gone: () => mine !== current })

  async function follow(first: Page, mine: number) {
    let page = first
    const unheard = new Set<string>()
    for (;;) {
      for (const { attach_seq, ...room } of page.rooms)
        if (attach_seq === undefined) unheard.add(room.room_id)
        else gaps.attach({ ...room, attach_seq })
      if (!page.next_cursor) break
      const more = { cursor: page.next_cursor, positions: gaps.positions('loose', POSITIONS_MOST) }
      page = await command<Page>('state:sync', more, patient(mine))
      if (mine !== current) return
      told(page)
    }
    gaps.named(new Set([...unheard, ...subscribed.keys()]))
    await Promise.all([...subscribed].map(([room_id, data]) => subscribeAgain(room_id, data, mine)))
    if (mine !== current) return
    allNamed = true
    look()
  }

  async function subscribeAgain(room_id: string, data: unknown, mine: number) {
    try {
      const answer = await command<Answer<'room:subscribe'>>('room:subscribe', data, patient(mine))
      gaps.attach({ ...answer, room_id })
    } catch (error) {
      const isOut = error instanceof Refusal && ['forbidden', 'not_found'].includes(error.code)
      if (!isOut) throw error
      subscribed.delete(room_id)
      gaps.forget(room_id)
    }
  }

  /** A client that has ended is brought up to date by the next one. */
  function stopped(error: unknown) {
    if (!(error instanceof Refusal)) report(error)
  }

  function look() {
    if (allNamed && gaps.whole) caughtUp()
  }

  return {
    /** What the handshake says one has. */
    positions() {
      given = gaps.positions('all', POSITIONS_MOST)
      return given
    },
    signedIn(recovered: boolean) {
      current++
      allNamed = false
      gaps.begin(recovered, given)
    },
    stateSync: (page: Page) => void follow(page, current).catch(stopped),
    look,
    /** Commands that say where a room's live stream starts, or that it ends. */
    answered(name: string, data: { room_id?: string | undefined }, answer: object) {
      const { room_id } = data
      if (room_id === undefined) return
      if (name === 'room:subscribe') subscribed.set(room_id, data)
      if (name === 'room:unsubscribe') subscribed.delete(room_id)
      const { epoch, attach_seq } = answer as Partial<Answer<'room:subscribe'>>
      if (epoch !== undefined && attach_seq !== undefined) gaps.attach({ room_id, epoch, attach_seq })
    },
  }
}
