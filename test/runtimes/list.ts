/** What the service does on every runtime it is for, as a process of its own. A new subject is a file beside this, and a line here. */
import { afterAll, beforeAll, describe } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cleanUp, environment, folder } from '../support/running.ts'
import { type Runtime, type Shipped, shipped } from '../support/shipped.ts'
import { bounds } from './bounds.ts'
import { ending } from './ending.ts'
import { http } from './http.ts'
import { people } from './people.ts'
import { signingIn } from './signing-in.ts'
import { talking } from './talking.ts'
import { transports } from './transports.ts'

const { SERVICES } = process.env

const subjects = { 'signing in': signingIn, talking, people, transports, bounds, http, ending }

export interface Place {
  /** A service that is shared by the tests which leave it as it was. */
  shared(): Promise<Shipped>
  /** One for a test of its own. */
  own(more?: Record<string, string>, dataDir?: string): Promise<Shipped>
}

export function passes(runtime: Runtime) {
  if (runtime === 'deno' && !Bun.which('deno') && !Bun.which('npx') && SERVICES !== 'required') {
    console.warn('SKIPPED: the service on Deno. There is neither deno nor npx here.')
    return describe.skip(runtime, () => {})
  }
  const place = placeOn(runtime)
  describe(`on ${runtime}`, () => {
    beforeAll(place.shared) // started by a test, it would end with that test where that fails
    for (const [name, subject] of Object.entries(subjects)) describe(name, () => subject(place))
    afterAll(place.close)
  })
}

function placeOn(runtime: Runtime): Place & { close(): Promise<void> } {
  let one: Promise<Shipped> | undefined
  let data = ''
  const start = (dataDir: string, more: Record<string, string> = {}) =>
    shipped(environment(dataDir, { LOG_LEVEL: 'info', ...more }), runtime)
  async function begin() {
    data = await mkdtemp(join(tmpdir(), 'parley-'))
    return start(data)
  }
  return {
    shared() {
      one ??= begin()
      return one
    },
    async own(more, dataDir) {
      const service = await start(dataDir ?? (await folder()), more)
      cleanUp(() => service[Symbol.asyncDispose]())
      return service
    },
    async close() {
      await (await one)?.stop()
      await rm(data, { recursive: true, force: true })
    },
  }
}

let rooms = 0

/** No test meets the room of another. */
export const newRoom = () => `room-${++rooms}`
