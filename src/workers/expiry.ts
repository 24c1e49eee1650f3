import type { Worker, World } from './workers.ts'

const AT_ONCE = 500

/** Takes the bodies of messages whose time has come. Readers are not shown them any more by then, this or no. */
export const expiry = ({ clock, log }: World): Worker => ({
  name: 'expiry',
  every_ms: 1_000,
  work: async () => (await log.expire(clock.now(), AT_ONCE)) === AT_ONCE,
})

/** Shortens the logs of rooms that keep their entries for a limited time. */
export const retention = ({ clock, log, store }: World): Worker => ({
  name: 'retention',
  every_ms: 5_000,
  async work() {
    let more = false
    for (const { room, retention_s } of await store.retained())
      more = (await log.cut(room, clock.now() - retention_s * 1_000, AT_ONCE)) === AT_ONCE || more
    return more
  },
})
