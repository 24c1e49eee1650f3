/** Messages whose `deliver_at` has come are sent like any other, under their first key: twice does no harm. */
import type { Caller } from '../features/caller.ts'
import { permissionsOf } from '../features/permissions.ts'
import type { Scheduled } from '../ports/store.ts'
import { Failure, type FailureData, failures } from '../protocol/failure.ts'
import type { Worker, World } from './workers.ts'

const AT_ONCE = 100
/** It was allowed when it was accepted; whether its sender may still post in the room is asked again. */
const SENDING = permissionsOf(['message:send'])

export const scheduler = ({ clock, store, dispatch, report }: World): Worker => {
  const callerOf = ({ tenant_id, user_id, scheduled_id }: Scheduled): Caller => ({
    tenant_id,
    user_id,
    device_id: undefined,
    session_id: scheduled_id,
    permissions: SENDING,
    grants: {},
    counted: true, // or a thousand of one user would hold up everyone's
    connection: undefined,
  })

  /** Whether it is done with: sent, or refused for good. */
  async function deliver(scheduled: Scheduled): Promise<boolean> {
    const { deliver_at: _, ...data } = scheduled.data as Record<string, unknown>
    const envelope = { id: scheduled.scheduled_id, payload: { data: { ...data, retry: true } } }
    const reply = await dispatch(callerOf(scheduled), 'message:send', envelope)
    if (reply.type === 'ack') return true
    const { code, message } = reply.payload.data as FailureData
    if (failures[code].retryable) return false
    report(new Failure(code, `A scheduled message was refused: ${message}`), 'scheduler')
    return true
  }

  return {
    name: 'scheduler',
    every_ms: 1_000,
    async work() {
      const due = await store.due(clock.now(), AT_ONCE)
      let done = 0
      for (const scheduled of due) {
        const { tenant_id, scheduled_id } = scheduled
        if (!(await deliver(scheduled))) continue
        await store.apply([{ do: 'unschedule', tenant_id, scheduled_id }])
        done++
      }
      return due.length === AT_ONCE && done > 0
    },
  }
}
