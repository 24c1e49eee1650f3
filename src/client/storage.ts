/** Where a client keeps what outlives it: what waits to be sent, and how far it has heard each room. */
import { type Clock, within } from './clock.ts'

export type Kind = 'outgoing' | 'position' | 'facts'

/** Small named values of a kind. What was written before is there for the next client of the same storage. */
export interface Storage {
  all(kind: Kind): Promise<[name: string, value: unknown][]>
  /** All of it or nothing; `undefined` takes away. */
  write(kind: Kind, values: Iterable<readonly [name: string, value: unknown]>): Promise<void>
}

const ANSWER_MS = 5_000

/** A storage that hangs, as browsers' do now and then, is as one that fails: nobody waits for it, and not again for each thing. */
export function inTime(storage: Storage, clock: Clock): Storage {
  let overdue = 0

  async function soon<Result>(begin: () => Promise<Result>): Promise<Result> {
    if (overdue > 0) throw new Error('The storage does not answer.')
    const answer = begin()
    const back = () => void overdue--
    return within(clock, ANSWER_MS, answer, () => {
      overdue++
      answer.then(back, back)
      return new Error('The storage did not answer in time.')
    })
  }

  return {
    all: (kind) => soon(() => storage.all(kind)),
    write: (kind, values) => soon(() => storage.write(kind, values)),
  }
}

/** For as long as the program runs. */
export function memoryStorage(): Storage {
  const kinds = { outgoing: new Map(), position: new Map(), facts: new Map() } as Record<Kind, Map<string, unknown>>
  return {
    all: async (kind) => [...kinds[kind]],
    async write(kind, values) {
      for (const [name, value] of values)
        if (value === undefined) kinds[kind].delete(name)
        else kinds[kind].set(name, value)
    },
  }
}

/**
 * A browser's own, for as long as the browser keeps it. `name` says whose it is: another user takes another name.
 * All tabs of one name share it.
 */
export function browserStorage(name: string): Storage {
  let opened: Promise<IDBDatabase> | undefined

  /** It is opened anew when it is next needed. */
  function forget() {
    opened = undefined
  }

  function open(): Promise<IDBDatabase> {
    opened ??= openDatabase(`parley/${name}`).then((database) => {
      database.onclose = forget
      database.onversionchange = () => {
        database.close()
        forget()
      }
      return database
    })
    opened.catch(forget)
    return opened
  }

  return {
    async all(kind) {
      const store = (await open()).transaction(kind).objectStore(kind)
      const [names, values] = await Promise.all([done(store.getAllKeys()), done(store.getAll())])
      return names.map((key, at) => [String(key), values[at]])
    },
    async write(kind, values) {
      const transaction = (await open()).transaction(kind, 'readwrite')
      const store = transaction.objectStore(kind)
      try {
        for (const [key, value] of values)
          if (value === undefined) store.delete(key)
          else store.put(value, key)
      } catch (error) {
        transaction.abort() // there are values that cannot be kept
        throw error
      }
      await new Promise<void>((complete, fail) => {
        transaction.oncomplete = () => complete()
        transaction.onabort = () => fail(transaction.error)
      })
    },
  }
}

function openDatabase(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1)
  request.onupgradeneeded = () => {
    for (const kind of ['outgoing', 'position', 'facts'] satisfies Kind[]) request.result.createObjectStore(kind)
  }
  return done(request)
}

const done = <Result>(request: IDBRequest<Result>): Promise<Result> =>
  new Promise((succeed, fail) => {
    request.onsuccess = () => succeed(request.result)
    request.onerror = () => fail(request.error)
  })
