import { expect, test } from 'bun:test'
import { type Signal, systemSignals } from '../../src/client/signals.ts'

/** A browser's window and document, as far as they tell of the network and of who looks. */
function browser() {
  const emitter = () => {
    const listeners = new Map<string, Set<(event: object) => void>>()
    return {
      addEventListener: (name: string, one: (event: object) => void) =>
        void listeners.set(name, (listeners.get(name) ?? new Set()).add(one)),
      removeEventListener: (name: string, one: (event: object) => void) => void listeners.get(name)?.delete(one),
      emit(name: string, event: object = {}) {
        for (const one of listeners.get(name) ?? []) one(event)
      },
    }
  }
  const document = { ...emitter(), visibilityState: 'hidden' }
  const connection = { ...emitter(), type: 'wifi' }
  return { ...emitter(), document, navigator: { onLine: true, connection } }
}

test('in a browser its events are heard, until nobody listens any more', () => {
  const page = browser()
  const signals = systemSignals(page as never)
  const heard: Signal[] = []
  const stop = signals.listen((signal) => heard.push(signal))
  page.emit('offline')
  page.emit('online')
  page.navigator.connection.emit('change') // a guess how fast it is
  page.navigator.connection.type = 'cellular'
  page.navigator.connection.emit('change')
  page.emit('pageshow', { persisted: false })
  page.emit('pageshow', { persisted: true })
  page.document.emit('visibilitychange')
  page.document.visibilityState = 'visible'
  page.document.emit('visibilitychange')
  expect(heard).toEqual(['offline', 'online', 'moved', 'returned', 'returned'])
  stop()
  page.emit('online')
  expect(heard).toHaveLength(5)
  page.navigator.onLine = false
  expect(signals.isOnline()).toBe(false)
})

test('where there is no browser, there may always be a network', () => {
  const signals = systemSignals({} as never)
  expect(signals.isOnline()).toBe(true)
  signals.listen(() => {})()
})
