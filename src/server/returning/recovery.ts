/** Puts together what brings a client back to where it was. */

import type { ServerConnection, Surroundings } from '../connection/connection.ts'
import type { ServerParts } from '../parts.ts'
import { joining } from '../telling/joining.ts'
import { type Recent, recentOf } from '../telling/recent.ts'
import type { Teller } from '../telling/teller.ts'
import type { Topics } from '../telling/topics.ts'
import { type Checkpoints, checkpoints } from './checkpoints.ts'
import { type Planning, planning } from './planning.ts'

interface Recovery {
  readonly recent: Recent
  readonly checkpoints: Checkpoints
  readonly plan: Planning
  readonly around: Pick<Surroundings, 'join' | 'drained' | 'together' | 'frames' | 'changed' | 'clearing' | 'kept'>
  close(): void
}

/** A reader with more than this waiting is given no more of what it missed for now. */
const REPLAY_BYTES = 262_144
const REPLAY_WAIT_MS = 10

export function recovering(
  { log, store, clock, wires, settings, report }: ServerParts,
  teller: Teller,
  topics: Topics,
): Recovery {
  const recent = recentOf(log, clock)
  const known = checkpoints({
    store,
    clock,
    windowMs: settings.recoveryWindowMs,
    moved: teller.mark,
    hearers: topics.hearers,
    ping: wires.ping,
    moment,
    report: (error) => report(error, 'checkpoints'),
  })

  function drained({ socket }: ServerConnection): Promise<void> | undefined {
    const waits = () => socket.connected && wires.bufferedAmount(socket.conn) > REPLAY_BYTES
    if (!waits()) return undefined
    return new Promise((resolve) => {
      const look = () => (waits() ? void clock.after(REPLAY_WAIT_MS, look) : resolve())
      look()
    })
  }

  return {
    recent,
    checkpoints: known,
    plan: planning(log, recent),
    around: {
      join: joining(log, teller, recent),
      drained,
      together: wires.together,
      frames: topics.frames,
      changed: known.changed,
      clearing: known.left,
      kept: known.kept,
    },
    close() {
      recent.close()
      known.close()
    },
  }
}

/** As the engine tells the time of its pings. */
export const moment = () => performance.now()
