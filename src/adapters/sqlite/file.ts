// The file of the log and the store: made where there is none, and refused where another program has it.
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { newId } from '../../protocol/ids.ts'

/** What each version of the format added to the one before. */
const STEPS = ['schema.sql', 'schema-2.sql']
const VERSION = STEPS.length
const NAME = 'parley.db'

export interface DataFile {
  readonly path: string
  release(): void
}

/** Holds the directory until released, or until the process ends, however it ends. */
export function takeFile(directory: string): DataFile {
  mkdirSync(directory, { recursive: true })
  const lock = hold(directory)
  const path = join(directory, NAME)
  try {
    prepare(path)
  } catch (error) {
    lock.close()
    throw error
  }
  return { path, release: () => lock.close() }
}

/** The lock is a file of its own: one held on the data would keep its readers out. */
function hold(directory: string): DatabaseSync {
  const lock = new DatabaseSync(join(directory, 'parley.lock'))
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock.close()
    const message = `The data in ${directory} is in use by another process. Stop that one, or give this one another DATA_DIR.`
    throw new Error(message, { cause: error })
  }
}

function prepare(path: string) {
  const made = existsSync(path)
  const db = new DatabaseSync(path)
  try {
    if (!made) db.exec('PRAGMA page_size = 4096')
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    const { user_version: version } = db.prepare('PRAGMA user_version').get() as { user_version: number }
    if (version > VERSION) throw new Error(tooNew(path, version))
    if (version < VERSION) bring(db, version)
  } finally {
    db.close()
  }
}

const tooNew = (path: string, version: number) =>
  `${path} was written by a newer version of this program (format ${version}, this one knows ${VERSION}).`

/** From a version to the newest, in one transaction: whoever is stopped in the middle finds it as it was, and begins again. */
function bring(db: DatabaseSync, from: number) {
  const directory = join(fileURLToPath(import.meta.url), '..')
  const steps = STEPS.slice(from).map((name) => readFileSync(join(directory, name), 'utf8'))
  db.exec(`BEGIN IMMEDIATE; ${steps.join(';')}; PRAGMA user_version = ${VERSION}`)
  if (from === 0) begin(db)
  db.exec('COMMIT')
}

function begin(db: DatabaseSync) {
  const fact = db.prepare('INSERT INTO facts (name, value) VALUES (?, ?)')
  fact.run('epoch', newId())
  fact.run('seed', crypto.getRandomValues(new Uint32Array(1))[0] as number)
  fact.run('folded', 0)
}
