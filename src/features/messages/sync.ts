import * as v from 'valibot'
import type { Entry, Position } from '../../protocol/entry.ts'
import { Failure } from '../../protocol/failure.ts'
import { RoomId, SeqOrNone } from '../../protocol/ids.ts'
import { type Context, command } from '../feature.ts'
import { caps } from '../rooms/caps.ts'
import { anyone, ofReader } from '../rooms/rules.ts'
import { Page } from './page.ts'

const From = v.object({ room_id: RoomId, epoch: v.optional(v.string()), after_seq: SeqOrNone })

const Synced = v.object({
  room_id: RoomId,
  epoch: v.string(),
  events: v.array(v.unknown()),
  last_seq: SeqOrNone,
  has_more: v.boolean(),
  reset: v.optional(v.boolean()),
})

export const sync = command({
  about:
    'What was said in rooms after the positions given, as it was told live. `reset`: the log does not continue from there.',
  input: v.object({
    rooms: v.pipe(v.array(From), v.minLength(1), v.maxLength(caps.positions)),
    limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(caps.history)), caps.history),
  }),
  output: v.object({ rooms: v.array(Synced) }),
  allow: anyone,
  rate: { take: 100, every_ms: 10_000 },
  automatic: true,

  async handle(ctx: Context, { rooms, limit }) {
    for (const { room_id } of rooms) ofReader(await ctx.standing(room_id))
    const answers: v.InferOutput<typeof Synced>[] = []
    const page = new Page()
    for (const from of rooms) answers.push(await since(ctx, from, limit, page))
    return { rooms: answers }
  },
})

type Asked = v.InferOutput<typeof From>

/** All or nothing: a log that no longer reaches back to the position says so, and gives no events. */
async function since(ctx: Context, { room_id, epoch, after_seq }: Asked, limit: number, page: Page) {
  const [head] = await ctx.log.heads([room_id])
  if (!head) throw new Failure('not_found', 'There is no such room.')
  const about = { room_id, epoch: head.epoch, last_seq: head.seq }
  const reset = { ...about, events: [], has_more: false, reset: true }
  if ((epoch !== undefined && epoch !== head.epoch) || after_seq > head.seq) return reset
  if (after_seq === head.seq) return { ...about, events: [], has_more: false }

  const after: Position = { epoch: head.epoch, seq: after_seq }
  const upTo = page.full ? 1 : Math.min(limit, head.seq - after_seq) // what was said meanwhile is past the last_seq told here
  const entries: Entry[] = await ctx.log.read(room_id, after, upTo)
  if (entries[0]?.seq !== after_seq + 1) return reset
  if (page.full) return { ...about, events: [], has_more: true }
  const standing = await ctx.standing(room_id)
  const events = page.take(entries.map((entry) => ctx.log.told(entry, standing)))
  return { ...about, events, has_more: after_seq + events.length < head.seq }
}
