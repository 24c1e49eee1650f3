/** Receipts that come close together in a room are told together, each user's only as far as it goes by then. */
import { keyOf } from '../../protocol/ids.ts'
import type { Context } from '../feature.ts'
import { messageReceipt, type Receipt } from './message.ts'

const TOGETHER_MS = 100
/** One event holds no more than this. */
const AT_ONCE = 500

/** By whom they are for: the receipts of each user. */
export type Gathered = Map<string, Map<string, Receipt>>

/** `audience`: the users it is for, where it is not for the whole room. */
export function gather(ctx: Context<Gathered>, room_id: string, receipt: Receipt, audience?: readonly string[]) {
  const key = keyOf(room_id, ...(audience ?? []))
  const waiting = ctx.state.get(key)
  if (waiting) return void waiting.set(receipt.user_id, furthest(receipt, waiting.get(receipt.user_id)))
  ctx.state.set(key, new Map([[receipt.user_id, receipt]]))
  ctx.after(TOGETHER_MS, async () => {
    const receipts = [...(ctx.state.get(key)?.values() ?? [])]
    ctx.state.delete(key)
    const here = audience && (await stillIn(ctx, room_id, audience))
    for (let n = 0; n < receipts.length; n += AT_ONCE) tell(ctx, room_id, receipts.slice(n, n + AT_ONCE), here)
  })
}

/** Two of one user may come to be told in another order than they were taken. */
function furthest({ user_id, read_seq, delivered_seq }: Receipt, before: Partial<Receipt> = {}): Receipt {
  const read = Math.max(read_seq ?? 0, before.read_seq ?? 0)
  const delivered = Math.max(delivered_seq ?? 0, before.delivered_seq ?? 0)
  return { user_id, ...(read && { read_seq: read }), ...(delivered && { delivered_seq: delivered }) }
}

async function stillIn(ctx: Context, room_id: string, user_ids: readonly string[]): Promise<string[]> {
  const members = await Promise.all(user_ids.map((user_id) => ctx.store.member(ctx.place(room_id), user_id)))
  return members.flatMap((member) => member?.user_id ?? [])
}

function tell(ctx: Context, room_id: string, receipts: readonly Receipt[], here: readonly string[] | undefined) {
  const last = receipts.at(-1) as Receipt
  const data = { room_id, ...last, ...(receipts.length > 1 && { receipts: [...receipts] }) }
  if (here) ctx.toUsers(here, messageReceipt, data)
  else ctx.toRoom(room_id, messageReceipt, data)
}
