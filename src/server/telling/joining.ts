import type { Log } from '../../ports/log.ts'
import type { Entry, Position } from '../../protocol/entry.ts'
import { Failure } from '../../protocol/failure.ts'
import type { Watch } from './followed.ts'
import type { Recent } from './recent.ts'
import type { Teller } from './teller.ts'

/** One that is to hear a room: first alone, what it missed; then with all others. */
export interface Newcomer {
  /** These, in their order. */
  tell(entries: readonly Entry[]): void
  /** Comes true when it can take more; a slow reader is not drowned in what it missed. */
  ready(): Promise<void> | undefined
  /** Called when nothing is missing any more; must take effect before it returns. */
  subscribe(watch: Watch): void
}

export type Join = (room: string, newcomer: Newcomer, from?: Position) => Promise<Position>

/**
 * Replay first, subscribe then. A publish cannot be held back for one socket, so it subscribes in the very tick in
 * which what it was replayed equals what the room was told: nothing is missed, doubled or out of order.
 */
export function joining(log: Log, teller: Teller, recent: Pick<Recent, 'read'>): Join {
  /** Reads one page, but never beyond what the room was told: the rest comes live. */
  async function replay(room: string, after: Position, watch: Watch, newcomer: Newcomer): Promise<Position> {
    const entries = await recent.read(room, after)
    if (entries[0]?.seq !== after.seq + 1) throw resync()
    const told = watch.told?.seq ?? 0
    const missed = entries.filter(({ seq }) => seq <= told)
    newcomer.tell(missed)
    await newcomer.ready()
    const last = missed.at(-1)
    return last ? { epoch: last.epoch, seq: last.seq } : after
  }

  /** Another server was faster. The log says how far it reaches, never the client: what it claims must not cut a room. */
  async function catchUp(room: string, watch: Watch) {
    const [head] = await log.heads([room])
    if (head) await watch.reach(head)
  }

  /** The answer is where the live stream starts for the newcomer. Without `from` it starts now. */
  return async function join(room, newcomer, from) {
    const watch = await teller.attach(room)
    try {
      if (from && from.seq > (watch.told?.seq ?? 0)) await catchUp(room, watch)
      let at = from ?? watch.told
      while (at && watch.told && at.epoch === watch.told.epoch && at.seq < watch.told.seq)
        at = await replay(room, at, watch, newcomer)
      const { told } = watch
      if (!at || !told || at.epoch !== told.epoch || at.seq !== told.seq) throw resync()
      newcomer.subscribe(watch)
      watch.hears(from?.seq ?? told.seq)
      return told
    } catch (error) {
      watch.release()
      throw error
    }
  }
}

export const resync = () => new Failure('resync_required', 'The log does not continue from this position. Start anew.')
