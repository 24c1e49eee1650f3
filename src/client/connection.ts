/** The connection that comes back: by itself, with a good token, and with what one has of each room. */
import type { Envelope } from '../protocol/envelope.ts'
import type { FailureData } from '../protocol/failure.ts'
import { newestVersion } from '../protocol/version.ts'
import { delay } from './backoff.ts'
import type { Clock } from './clock.ts'
import { pulse } from './pulse.ts'
import { Refusal } from './refusal.ts'
import type { Session } from './session.ts'
import type { Signal, Signals } from './signals.ts'
import { mayFollow, type State, signedIn } from './states.ts'
import { type Hearing, hear } from './vocabulary.ts'
import type { OpenWire, Wire } from './wire.ts'

export interface Connection {
  readonly state: State
  /** Why it was closed for good. */
  readonly refusal: Refusal | undefined
  connect(): void
  /** Comes true when commands are taken, or never will be. */
  signedIn(): Promise<void>
  ask(name: string, argument: unknown, timeoutMs: number): Promise<Envelope | undefined>
  /** All that was missed has been told. */
  caughtUp(): void
  /** For good. What the service said, or nothing where the client wanted it. */
  close(why?: Refusal): void
}

interface Parts {
  readonly clock: Clock
  readonly signals: Signals
  readonly session: Session
  readonly open: OpenWire
  chance(): number
  /** What is said in the handshake beside the token. */
  introduce(): Record<string, unknown>
  heard(name: string, message: Envelope): void
  turned(state: State): void
}

const RECONNECT = { first_ms: 1_000, most_ms: 30_000 }
/** So long a connection takes from its first step to `authenticated`. */
const CONNECT_MS = 20_000
const PROBE_MS = 5_000
/** So long after an error an end is taken to be for it. */
const LAST_WORDS_MS = 5_000
/** A connection that lasted so long was a good one: the next wait is a short one again. */
const STEADY_MS = 5_000

const aboutToken = (code: string) => code === 'token_expired' || code === 'unauthenticated'

export function connection(parts: Parts): Connection {
  const { clock, chance, signals, session, open } = parts
  let state: State = 'idle'
  let wire: Wire | undefined
  let refusal: Refusal | undefined
  let tries = 0
  let readyAt = Number.POSITIVE_INFINITY
  let lastWords: { readonly data: FailureData; readonly at: number } | undefined
  let callOff = () => {}
  let probed: Wire | undefined
  const waiting = new Set<() => void>()
  const heart = pulse({ clock, doubt: () => void probe(), giveUp: again })
  const stopListening = signals.listen(onSignal)

  function turn(next: State) {
    if (!mayFollow(state, next)) return
    state = next
    if (signedIn(next) || next === 'closed') {
      for (const go of waiting) go()
      waiting.clear()
    }
    if (next === 'ready') readyAt = clock.now()
    parts.turned(next)
  }

  /** Lets go of what there is; nothing that it still says is heard. */
  function drop(how: 'leave' | 'cut') {
    const old = wire
    wire = undefined
    lastWords = undefined
    heart.end()
    callOff()
    callOff = () => {}
    old?.[how]()
  }

  function connect() {
    if (state === 'closed') return
    drop('cut')
    turn('connecting')
    const stopWaiting = clock.after(CONNECT_MS, () => comeBack())
    callOff = stopWaiting
    const isLatest = () => callOff === stopWaiting
    session.token().then(
      (token) => isLatest() && begin(token),
      (error) => isLatest() && (error instanceof Refusal && !error.retryable ? close(error) : comeBack()),
    )
  }

  function begin(token: string) {
    const auth = { token, protocol: newestVersion, ...parts.introduce() }
    const own: { wire?: Wire } = {}
    const ifCurrent =
      <Args extends unknown[]>(act: (...args: Args) => void) =>
      (...args: Args) => {
        if (own.wire && own.wire === wire) act(...args)
      }
    own.wire = open(auth, {
      begun: ifCurrent(heart.begin),
      alive: ifCurrent(heart.alive),
      opened: ifCurrent(() => turn('authenticating')),
      heard: ifCurrent(heard),
      ended: ifCurrent(ended),
    })
    wire = own.wire
  }

  const hearing: Hearing = {
    authenticated: ({ expires_at }, { timestamp }) => welcome(expires_at, timestamp),
    error: (data) => mayBeLast(data as FailureData),
    session_revoked: ({ reason }) => mayBeLast({ code: 'session_revoked', message: reason, retryable: false }),
    auth_expiring: ({ expires_at }, { timestamp }) => renew(expires_at - timestamp),
    server_draining: ({ reconnect_in_ms }) => move(reconnect_in_ms),
    connection_quality: ({ quality }) => heart.quality(quality),
  }

  function mayBeLast(data: FailureData) {
    lastWords = { data, at: clock.now() }
  }

  function heard(name: string, message: Envelope) {
    hear(hearing, message)
    parts.heard(name, message)
    // whoever waits for it goes on when all that it means was taken in
    if (name === 'authenticated') turn('syncing')
  }

  function welcome(expires_at: number | null, now: number) {
    callOff()
    session.accepted(expires_at === null ? Number.POSITIVE_INFINITY : expires_at - now)
  }

  function renew(goodForMs: number) {
    const mine = wire
    const wanted = () => wire === mine
    async function handOver(token: string) {
      const reply = await mine?.ask('auth:refresh', { token }, PROBE_MS)
      if (reply?.type !== 'ack') return undefined
      return (reply.payload.data as { expires_at: number }).expires_at - reply.timestamp
    }
    void session.renew({ goodForMs, wanted, handOver })
  }

  /** Somewhen in the time given, so that not all come at once. Here the next could be opened before this one is left. */
  function move(withinMs: number) {
    turn('draining')
    callOff()
    callOff = clock.after(chance() * withinMs, connect)
  }

  function ended({ meant, refusal: told }: { meant: boolean; refusal?: FailureData | undefined }) {
    const isLate = !lastWords || clock.now() - lastWords.at > LAST_WORDS_MS
    const said = told ?? (isLate ? undefined : lastWords?.data)
    if (!said || !(meant || said.retryable)) return comeBack()
    const why = new Refusal(said)
    if (aboutToken(why.code) && session.refused()) return comeBack()
    if (why.retryable) return comeBack(why.retryAfterMs)
    close(why)
  }

  /** After a while that grows from failure to failure; without a network, when there is one, or at the longest. */
  function comeBack(retryAfterMs?: number) {
    if (clock.now() - readyAt >= STEADY_MS) tries = 0
    readyAt = Number.POSITIVE_INFINITY
    drop('cut')
    const away = !signals.isOnline()
    turn(away ? 'offline' : 'waiting')
    callOff = clock.after(away ? RECONNECT.most_ms : delay(RECONNECT, tries++, chance(), retryAfterMs), connect)
  }

  /** At once, on a new connection. */
  function again() {
    tries = 0
    connect()
  }

  /** Asks for a sign of life. Who gives none in time is not there any more, whatever the socket says. */
  async function probe() {
    const mine = wire
    if (!mine || mine === probed || !signedIn(state)) return
    probed = mine
    const reply = await mine.ask('device:list', {}, PROBE_MS)
    probed = undefined
    if (!reply && mine === wire) again()
  }

  function onSignal(signal: Signal) {
    if (state === 'idle') return
    if (signal === 'offline') return state === 'waiting' ? turn('offline') : undefined
    const stale = (state === 'connecting' || state === 'authenticating') && signal !== 'returned'
    if (state === 'waiting' || state === 'offline' || stale) return again()
    void probe()
  }

  function close(why?: Refusal) {
    if (state === 'closed') return
    refusal = why ?? Refusal.of('unavailable', 'This client was closed.')
    drop('leave')
    stopListening()
    turn('closed')
  }

  return {
    get state() {
      return state
    },
    get refusal() {
      return refusal
    },
    connect,
    signedIn: () =>
      signedIn(state) || state === 'closed' ? Promise.resolve() : new Promise((go) => void waiting.add(go)),
    ask: (name, argument, timeoutMs) => wire?.ask(name, argument, timeoutMs) ?? Promise.resolve(undefined),
    caughtUp: () => turn('ready'),
    close,
  }
}
