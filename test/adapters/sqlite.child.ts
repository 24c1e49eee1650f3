// Appends to the log in a directory until it is killed, and prints a line for each answer: what a process that died had
// promised. `bun sqlite.child.ts <directory> <run>`
import { openSqlite } from '../../src/adapters/sqlite/sqlite.ts'
import { Failure } from '../../src/protocol/failure.ts'

const ROOMS = 20
const AT_ONCE = 40

const [, , directory = '', run = ''] = process.argv
const { log } = await openSqlite({ directory, clock: { now: Date.now }, report: () => {} })
let count = 0

const draftOf = (room: string, key: string) => ({
  tenant_id: 'acme',
  room_id: room,
  action: 'message_new',
  kept: { sender_id: 'ada', client_id: key },
  body: { text: `said under ${key}`, more: 'x'.repeat(200) },
})

const choiceOf = (key: string) =>
  ({ do: 'set_presence', tenant_id: 'acme', user_id: key, presence: { status: 'dnd', text: key } }) as const

/** One sender: the next is said when the last was answered. */
async function talk() {
  for (;;) {
    const n = count++
    const [room, key] = [`room-${n % ROOMS}`, `${run}/${n}`]
    try {
      const { entry } = await log.append(room, key, draftOf(room, key), { changes: [choiceOf(key)] })
      process.stdout.write(`acked ${room} ${key} ${entry.seq} ${entry.id}\n`)
    } catch (error) {
      process.stdout.write(`refused ${room} ${key} ${error instanceof Failure ? error.code : error}\n`)
      await new Promise((resolve) => setTimeout(resolve, 20)) // as a client that was told to wait
    }
  }
}

process.stdout.write('open\n')
await Promise.all(Array.from({ length: AT_ONCE }, talk))
