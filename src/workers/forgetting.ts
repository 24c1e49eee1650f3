import type { Worker, World } from './workers.ts'

const AT_ONCE = 500

/** Lets go of what waited for someone too long, and of revoked tokens that nobody can hold any more. */
export const forgetting = ({ clock, store }: World): Worker => ({
  name: 'forgetting',
  every_ms: 5_000,
  work: async () => (await store.forget(clock.now(), AT_ONCE)) >= AT_ONCE,
})
