import { afterEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, watch } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqlite } from '../../src/adapters/sqlite/sqlite.ts'
import type { Log } from '../../src/ports/log.ts'
import type { Entry, Position } from '../../src/protocol/entry.ts'
import { refusal } from '../contracts/world.ts'

const CHILD = join(import.meta.dir, 'sqlite.child.ts')

const clean: (() => unknown)[] = []
afterEach(async () => {
  for (const one of clean.splice(0).reverse()) await one()
})

function freshDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'parley-sqlite-'))
  clean.push(() => rmSync(directory, { recursive: true }))
  return directory
}

async function opened(directory: string) {
  const one = await openSqlite({ directory, clock: { now: Date.now }, report: () => {} })
  clean.push(one.close)
  return one
}

interface Answer {
  readonly what: string
  readonly room: string
  readonly key: string
  readonly seq: number
  readonly id: string
}

/** A process that appends, and what it was answered. */
function child(directory: string, run: string, within: readonly string[] = []) {
  const running = Bun.spawn([...within, process.execPath, CHILD, directory, run], { stdout: 'pipe', stderr: 'inherit' })
  clean.push(() => {
    running.kill('SIGKILL')
    return running.exited
  })
  const answers: Answer[] = []
  const lines = linesOf(running.stdout)

  /** Reads on until there is one such answer, or so many. */
  async function until(enough: (answers: readonly Answer[]) => boolean) {
    while (!enough(answers)) {
      const { value: line, done } = await lines.next()
      if (done) throw new Error('The child has ended.')
      note(line)
    }
  }

  function note(line: string) {
    const [what = '', room = '', key = '', seq = '', id = ''] = line.split(' ')
    if (id || what === 'refused') answers.push({ what, room, key, seq: Number(seq), id })
  }

  async function kill() {
    running.kill('SIGKILL')
    await running.exited
    for await (const line of lines) note(line)
  }
  return { pid: running.pid, answers, until, kill, begun: async () => (await lines.next()).value }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n')
    rest = lines.pop() as string
    yield* lines
  }
}

type Said = Entry<{ client_id: string }, { text: string }>

const acked = (answers: readonly Answer[]) => answers.filter(({ what }) => what === 'acked')

/** Comes true when something in a directory has changed so many times. */
function nthChange(directory: string, changes: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  let seen = 0
  const watcher = watch(directory, () => {
    if (++seen === changes) resolve()
  })
  clean.push(() => watcher.close())
  return promise
}

/** Everything in a room's log, which must have no hole. */
async function allOf(log: Log, room: string) {
  const [head] = (await log.heads([room])) as [Position]
  const entries: Entry[] = []
  for (;;) {
    const page = await log.read(room, { ...head, seq: entries.length }, 1_000)
    if (page.length === 0) break
    entries.push(...page)
  }
  expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: head.seq }, (_, n) => n + 1))
  return entries
}

/** Every answer stands in the log, once, where it said. */
async function expectKept(log: Log, answers: readonly Answer[]) {
  for (const room of new Set(answers.map(({ room }) => room))) {
    const entries = (await allOf(log, room)) as Said[]
    const keys = entries.map(({ kept }) => kept.client_id)
    expect(new Set(keys).size).toBe(keys.length)
    const kept = answers
      .filter((answer) => answer.room === room)
      .map(({ seq, id, key }) => ({ id, key, text: `said under ${key}`, found: entries[seq - 1] }))
    const found = kept.map(({ found }) => found && { id: found.id, key: found.kept.client_id, text: found.body?.text })
    expect(found).toEqual(kept.map(({ id, key, text }) => ({ id, key, text })))
  }
}

describe('sqlite: a process that is killed', () => {
  test('in the middle of appending has lost nothing it answered, again and again', async () => {
    const directory = freshDirectory()
    const answers: Answer[] = []
    const epochs = new Set<string>()
    for (let run = 0; run < 5; run++) {
      const running = child(directory, `run-${run}`)
      const enough = 500 + run * 1_700
      await running.until((answers) => answers.length >= enough)
      await running.kill()
      answers.push(...acked(running.answers))

      const { log, store, close } = await opened(directory)
      await expectKept(log, answers)
      const keys = answers.map(({ key }) => key)
      expect((await store.presences('acme', keys)).map((presence) => presence?.text)).toEqual(keys)
      const [last] = answers.slice(-1) as [Answer]
      const [entry] = (await allOf(log, last.room)).slice(last.seq - 1)
      epochs.add(entry?.epoch ?? '')
      const again = await log.append(last.room, last.key, entry as NonNullable<typeof entry>)
      expect(again).toMatchObject({ duplicate: true, entry: { id: last.id, seq: last.seq } })
      await close()
    }
    expect(epochs.size).toBe(1)
  })

  test.each([1, 2, 4, 8])('while it makes its file leaves one that can be opened (at change %i)', async (changes) => {
    const directory = freshDirectory()
    const changed = nthChange(directory, changes)
    const running = child(directory, 'run')
    await changed
    await running.kill()
    const { log } = await opened(directory)
    await expectKept(log, acked(running.answers))
  })
})

describe('sqlite: two processes on one directory', () => {
  test('do not happen: the second is refused, until the first is gone, however it went', async () => {
    const directory = freshDirectory()
    const running = child(directory, 'run')
    expect(await running.begun()).toBe('open')
    expect(await refusal(opened(directory))).toMatchObject({
      message: `The data in ${directory} is in use by another process. Stop that one, or give this one another DATA_DIR.`,
    })
    await running.kill()
    const { log } = await opened(directory)
    await expectKept(log, acked(running.answers))
  })
})

describe('sqlite: a disk that is full', () => {
  test('makes sends unavailable, loses nothing that was answered, and all goes on when there is room', async () => {
    const directory = freshDirectory()
    // a file may have so many KiB; writing more fails as it does on a full disk
    const within = ['bash', '-c', 'trap "" XFSZ; ulimit -S -f 2000; exec "$@"', 'bash']
    const running = child(directory, 'run', within)
    const refused = (answers: readonly Answer[]) => answers.filter(({ what }) => what === 'refused')
    await running.until((answers) => refused(answers).length >= 50)
    const before = running.answers.length
    expect(acked(running.answers).length).toBeGreaterThan(100)
    await running.until((answers) => refused(answers).length >= 100)

    const raised = Bun.spawnSync(['prlimit', `--pid=${running.pid}`, '--fsize=unlimited'])
    expect(raised.exitCode).toBe(0)
    await running.until((answers) => acked(answers.slice(before)).length >= 500)
    await running.kill()
    const { log } = await opened(directory)
    await expectKept(log, acked(running.answers))
  })
})
