/** Messages whose `deliver_at` has come are sent like any other, under their first key: twice does no harm. */
import type { Caller } from '../features/caller.ts'
import { permissionsOf } from '../features/permissions.ts'
import type { Change, Scheduled } from '../ports/store.ts'
import { Failure, type FailureData, failures } from '../protocol/failure.ts'
import type { Worker, World } from './workers.ts'

const AT_ONCE = 100
/** It is tried again after a second, then two, then four … */
const PAUSE_MS = 1_000
const PAUSE_MOST_MS = 60_000
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

  /** What is to become of it: it goes where it was sent or refused for good, or else makes way for what is due later. */
  async function deliver(scheduled: Scheduled): Promise<Change> {
    const { tenant_id, scheduled_id } = scheduled
    const { deliver_at: _, ...data } = scheduled.data as Record<string, unknown>
    const envelope = { id: scheduled.scheduled_id, payload: { data: { ...data, retry: true } } }
    const reply = await dispatch(callerOf(scheduled), 'message:send', envelope)
    const done: Change = { do: 'unschedule', tenant_id, scheduled_id }
    if (reply.type === 'ack') return done
    const failure = reply.payload.data as FailureData
    if (failures[failure.code].retryable) return later(scheduled, failure)
    report(new Failure(failure.code, `A scheduled message was refused: ${failure.message}`), 'scheduler')
    return done
  }

  function later(scheduled: Scheduled, { retry_after_ms = 0 }: FailureData): Change {
    const { tries = 0 } = scheduled
    const pause = Math.max(Math.min(PAUSE_MS * 2 ** tries, PAUSE_MOST_MS), retry_after_ms)
    return { do: 'schedule', scheduled: { ...scheduled, deliver_at: clock.now() + pause, tries: tries + 1 } }
  }

  return {
    name: 'scheduler',
    every_ms: 1_000,
    async work() {
      const due = await store.due(clock.now(), AT_ONCE)
      let done = 0
      for (const scheduled of due) {
        const change = await deliver(scheduled)
        await store.apply([change])
        if (change.do === 'unschedule') done++
      }
      return due.length === AT_ONCE && done > 0
    },
  }
}
