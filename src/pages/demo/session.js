/** One connection that comes back by itself, and commands that are asked again until they are answered. */
import { io } from 'socket.io-client'
import { newId } from './ids.js'
import { explain } from './words.js'

const ANSWER_MS = 10_000
const RENEWALS = 3

/** What the service said no to. */
export class Refusal extends Error {
  constructor(data) {
    super(explain(data))
    this.code = data.code
    this.retryable = data.retryable === true
    this.retryAfterMs = data.retry_after_ms
    this.details = data.details
  }
}

const pause = (ms) => new Promise((go) => setTimeout(go, ms))

/**
 * @param {object} parts
 * @param {string} parts.socketPath
 * @param {import('./identity.js').Identity} parts.identity
 * @param {() => Record<string, {epoch: string, seq: number}>} parts.positions what one has, told at each return
 * @param {(action: string, data: any, at: number) => void} parts.heard
 * @param {(state: 'connecting' | 'online' | 'away' | 'draining' | 'over', refusal?: Refusal) => void} parts.turned
 */
export function openSession({ socketPath, identity, positions, heard, turned }) {
  let state = 'connecting'
  /** @type {Refusal | undefined} */
  let ended
  let renewals = 0
  /** @type {string | undefined} as the service reads the token */
  let tenant
  /** @type {Set<() => void>} */
  const waiting = new Set()

  const socket = io({
    path: socketPath,
    transports: ['websocket', 'polling'],
    tryAllTransports: true,
    reconnectionDelay: 300,
    reconnectionDelayMax: 4000,
    auth: introduce,
  })

  /** At each connect: the token may be another by then, and what one has surely is. */
  function introduce(give) {
    const { device } = identity
    identity.token().then(
      (token) =>
        give({
          token,
          protocol: 1,
          device_id: device,
          device_name: 'Demo page',
          platform: 'web',
          positions: positions(),
        }),
      (error) => (error.refused ? end(new Refusal(error)) : socket.io.engine?.close()),
    )
  }

  function turn(next, refusal) {
    if (state === 'over') return
    state = next
    turned(next, refusal)
    if (next !== 'online' && next !== 'over') return
    for (const go of waiting) go()
    waiting.clear()
  }

  function end(refusal) {
    ended = refusal
    turn('over', refusal)
    socket.disconnect()
  }

  /** A token that is no good any more is replaced where one can be had; it is the end otherwise. */
  function refused(data) {
    const refusal = new Refusal(data ?? {})
    const aboutToken = ['token_expired', 'unauthenticated'].includes(refusal.code)
    if (aboutToken && renewals++ < RENEWALS && identity.renew()) return comeBack(300 * renewals)
    if (refusal.retryable) return comeBack(refusal.retryAfterMs ?? 1000)
    end(refusal)
  }

  async function comeBack(ms) {
    turn('away')
    await pause(ms)
    if (state !== 'over') socket.connect()
  }

  /** @type {any} why the service is about to close, as it said in its last `error` */
  let lastWords

  const listeners = {
    authenticated({ tenant_id }) {
      tenant = tenant_id
      renewals = 0
      lastWords = undefined
      turn('online')
    },
    error: (data) => {
      lastWords = data
    },
    session_revoked: (data) => end(new Refusal({ code: 'session_revoked', ...data })),
    auth_expiring: async () => {
      if (identity.renew()) await command('auth:refresh', { token: await identity.token() }).catch(reportRefresh)
    },
    server_draining: async ({ reconnect_in_ms = 0 }) => {
      const { id } = socket
      turn('draining')
      await pause(Math.random() * reconnect_in_ms)
      if (socket.id === id) socket.io.engine?.close()
    },
  }

  // the old token is still good for a minute, and at its end a new one is asked for anyway
  const reportRefresh = (error) => console.warn('The sign-in was not renewed:', error.message)

  socket.onAny((action, envelope) => {
    const data = envelope?.payload?.data ?? {}
    listeners[action]?.(data)
    heard(action, data, envelope?.timestamp)
  })

  socket.on('connect_error', (error) => {
    if (socket.active) return turn('away')
    refused(error.data)
  })

  socket.on('disconnect', (reason) => {
    if (state === 'over') return
    if (reason === 'io server disconnect') return refused(lastWords ?? { retryable: true })
    if (['token_expired', 'unauthenticated'].includes(lastWords?.code)) identity.renew()
    if (state !== 'draining') turn('away')
  })

  // a stock client waits out its pause, and connect() alone does not cut that short
  addEventListener('online', () => {
    if (state !== 'over' && !socket.connected) socket.disconnect().connect()
  })

  const signedIn = () =>
    state === 'online' || state === 'over' ? Promise.resolve() : new Promise((go) => waiting.add(go))

  /** The answer; nothing where none came, because of time or the connection. */
  const ask = (action, envelope) =>
    new Promise((answered) => {
      socket.timeout(ANSWER_MS).emit(action, envelope, (lost, reply) => answered(lost ? undefined : reply))
    })

  /**
   * Asks until it is answered, always under the same id. `data` may depend on whether it was asked before.
   * @param {string} action
   * @param {object | ((again: boolean) => object)} data
   */
  async function command(action, data, { id = newId(), tries = 4 } = {}) {
    for (let refusals = 0, asked = 0; ; asked++) {
      await signedIn()
      if (ended) throw ended
      const body = typeof data === 'function' ? data(asked > 0) : data
      const stamp = { type: 'event', id, tenant_id: tenant, timestamp: Date.now() }
      const reply = await ask(action, { ...stamp, payload: { action, data: body } })
      if (reply?.type === 'ack') return reply.payload.data
      if (!reply) continue
      const refusal = new Refusal(reply.payload.data)
      if (!refusal.retryable || ++refusals >= tries) throw refusal
      await pause(refusal.retryAfterMs ?? 300 * 2 ** refusals)
    }
  }

  return {
    command,
    get state() {
      return state
    },
    /** Starts anew, with what `positions` says by then. */
    again: () => socket.io.engine?.close(),
  }
}
