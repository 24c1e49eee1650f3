/** Who wants to be told of what. One that fails keeps nothing from the others. */
import type { Envelope } from '../protocol/envelope.ts'

export type Listener = (data: unknown, message: Envelope) => unknown
export type AnyListener = (name: string, data: unknown, message: Envelope) => unknown

type Report = (error: unknown) => void

/** Those who are told of one kind of thing. */
export interface Audience<Thing> {
  on(listener: (thing: Thing) => unknown): () => void
  tell(thing: Thing): void
}

export function audience<Thing>(report: Report): Audience<Thing> {
  const all = new Set<(thing: Thing) => unknown>()
  return {
    on(listener) {
      all.add(listener)
      return () => void all.delete(listener)
    },
    tell(thing) {
      for (const listener of all) attempt(() => listener(thing), report)
    },
  }
}

function attempt(run: () => unknown, report: Report): Promise<unknown> | undefined {
  try {
    const taken = run()
    return taken instanceof Promise ? taken.catch(report) : undefined
  } catch (error) {
    report(error)
    return undefined
  }
}

export function listeners(report: Report) {
  const named = new Map<string, Set<Listener>>()
  const any = new Set<AnyListener>()

  return {
    on(name: string, listener: Listener) {
      const set = named.get(name) ?? new Set()
      named.set(name, set.add(listener))
      return () => void set.delete(listener)
    },
    onAny(listener: AnyListener) {
      any.add(listener)
      return () => void any.delete(listener)
    },
    /** A promise where a listener gave one: it is settled when all have done with it. */
    tell(message: Envelope): Promise<unknown> | undefined {
      const { action, data } = message.payload
      const taking: (Promise<unknown> | undefined)[] = []
      for (const listener of named.get(action) ?? []) taking.push(attempt(() => listener(data, message), report))
      for (const listener of any) taking.push(attempt(() => listener(action, data, message), report))
      return taking.some((one) => one) ? Promise.all(taking) : undefined
    },
  }
}
