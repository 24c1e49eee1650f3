import { describe, expect, test } from 'bun:test'
import type { Caller } from '../../../src/features/caller.ts'
import { permissionsOf } from '../../../src/features/permissions.ts'
import { idling } from '../../../src/server/connection/idling.ts'
import { fakeClock } from '../../support/clock.ts'

const IDLE_MS = 60_000

interface Someone {
  readonly name: string
  readonly caller: Caller
  idle: boolean
  left: string | undefined
  lastActive: number
  notedActive: number
}

/** Connections of people, as far as being idle goes. */
function office() {
  const { clock, pass } = fakeClock()
  const connections = new Set<Someone>()
  const noted: string[] = []
  const note = ({ name }: Someone, { idle }: { idle?: boolean }) => {
    if (idle !== undefined) noted.push(`${name} ${idle ? 'idle' : 'active'}`)
  }
  const idle = idling({ clock, connections, idleMs: IDLE_MS, note })

  function comes(name: string, { device = 'phone' }: { device?: string | undefined } = {}) {
    const rest = { permissions: permissionsOf([]), grants: {}, connection: undefined }
    const caller = { tenant_id: 'acme', user_id: name, session_id: `of ${name}`, device_id: device, ...rest }
    const at = { lastActive: clock.now(), notedActive: clock.now() }
    const connection: Someone = { name, caller, idle: false, left: undefined, ...at }
    idle.came(connection)
    connections.add(connection)
    return connection
  }

  function goes(connection: Someone, left = 'transport close') {
    connection.left = left
    connections.delete(connection)
    idle.gone(connection)
  }

  return { pass, clock, idle, noted, comes, goes }
}

describe('a connection', () => {
  test('is idle after so long without a sign of its person, and no more with the next', async () => {
    const { pass, idle, noted, comes } = office()
    const ada = comes('ada')
    await pass(IDLE_MS / 2)
    idle.active(ada)
    await pass(IDLE_MS - 1)
    expect(noted).toEqual([])
    await pass(5_001)
    expect(noted).toEqual(['ada idle'])
    idle.active(ada)
    expect(noted).toEqual(['ada idle', 'ada active'])
  })

  test('that was idle when it dropped is idle when it is back, until its person does something', async () => {
    const { pass, idle, noted, comes, goes, clock } = office()
    for (const device of ['phone', undefined]) {
      const began = clock.now()
      const ada = comes('ada', { device })
      await pass(IDLE_MS + 5_000)
      goes(ada)
      await pass(10_000)
      const back = comes('ada', { device })
      expect([back.idle, back.lastActive]).toEqual([true, began])
      idle.active(back)
      expect(back.idle).toBe(false)
      goes(back)
    }
    expect(noted).toEqual(['ada idle', 'ada active', 'ada idle', 'ada active'])
  })

  test('is active when it comes after a sign-out, long after, on another device, or was active before', async () => {
    const { pass, idle, comes, goes } = office()
    const [ada, bob, cy, dee] = [comes('ada'), comes('bob'), comes('cy'), comes('dee')]
    await pass(IDLE_MS + 5_000)
    idle.active(dee)
    goes(ada, 'client namespace disconnect')
    for (const one of [bob, cy, dee]) goes(one)
    const back = [comes('ada'), comes('cy', { device: 'desk' }), comes('dee')]
    expect(back.map(({ idle }) => idle)).toEqual([false, false, false])
    await pass(600_000)
    expect(comes('bob').idle).toBe(false)
  })
})
