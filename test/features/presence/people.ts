/** People in a tenant who come and go, and look at each other. */
import { testService } from '../../support/service.ts'

export const room_id = 'lobby'
/** What changes while watchers were told just now waits so long at most. */
export const GATHERED = 100
export const GRACE = 15_000

export const people = (count: number) => Array.from({ length: count }, (_, n) => `user ${String(n).padStart(4, '0')}`)

export async function tenant(users: string[], options: Parameters<typeof testService>[0] = {}) {
  const service = testService({ working: false, ...options })
  await service.room(room_id, users)

  /** On a new connection, which hears the room. */
  async function arrives(user_id: string, more: { idle?: boolean } = {}) {
    const user = service.user(user_id)
    await user.arrive(more)
    await user.send('room:subscribe', { room_id })
    return user
  }

  return {
    service,
    arrives,
    async watches(user_id: string, whom: Record<string, unknown> = { room_id }) {
      const user = await arrives(user_id)
      const answer = await user.send('presence:subscribe', whom)
      return { ...user, answer }
    },
    /** How often each was told to be what, in the order told. */
    story: (): string[] => service.told('user_presence').map(({ user_id, status }) => `${user_id} ${status}`),
  }
}

export const statusesOf = ({ presences }: { presences: { user_id: string; status: string }[] }) =>
  Object.fromEntries(presences.map(({ user_id, status }) => [user_id, status]))
