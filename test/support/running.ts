/** A service as it runs, on a port and a folder of its own, and stock clients of it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import { connect, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client'
import { readConfig, type Service, startService } from '../../src/service.ts'
import { cleanUp } from './cleaning.ts'

const SECRET = 'a secret that only this test suite knows, of 32 bytes and more'

export { cleanUp }

export async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'parley-'))
  cleanUp(() => rm(path, { recursive: true, force: true }))
  return path
}

export interface Claims {
  readonly tenant?: string
  readonly expires_in_s?: number
  readonly [claim: string]: unknown
}

export function tokenOf(user: string, { tenant = 'acme', expires_in_s = 3_600, ...claims }: Claims = {}) {
  const now = Math.floor(Date.now() / 1_000)
  return new SignJWT({ tenant_id: tenant, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(user)
    .setIssuedAt(now)
    .setExpirationTime(now + expires_in_s)
    .sign(new TextEncoder().encode(SECRET))
}

export const environment = (dataDir: string, more: Record<string, string> = {}): Record<string, string> => ({
  NODE_ENV: 'production',
  JWT_SECRET: SECRET,
  SOCKET_HOST: '127.0.0.1',
  SOCKET_PORT: '0',
  DATA_DIR: dataDir,
  LOG_LEVEL: 'silent',
  ...more,
})

export async function running(more: Record<string, string> = {}, dataDir?: string): Promise<Service> {
  const service = await startService(readConfig(environment(dataDir ?? (await folder()), more)))
  cleanUp(() => service.stop())
  return service
}

export interface Client extends Socket {
  /** Every event that came, oldest first. */
  readonly heard: { name: string; data: any; id: string; type: string }[]
  /** What an acknowledgement says; a refusal is thrown, with its code. */
  ask(name: string, data?: unknown): Promise<any>
  refused(name: string, data?: unknown): Promise<any>
  /** Comes true when an event came that fits, also if it came before. */
  hears(name: string, fits?: (data: any) => boolean): Promise<any>
}

type Options = Partial<ManagerOptions & SocketOptions> & { auth?: Record<string, unknown> }

/** A stock client that is left alone: it comes back by itself, or does not. */
export function stock(url: string, options: Options = {}): Client {
  return listening(connect(url, { transports: ['websocket'], forceNew: true, reconnectionDelay: 20, ...options }))
}

/** Another namespace on the connection of a client. */
export function beside({ io }: Client, namespace: string, auth: Record<string, unknown> = {}): Client {
  const socket = io.socket(namespace, { auth })
  return listening(socket.active ? socket : socket.connect())
}

function listening(socket: Socket): Client {
  cleanUp(() => socket.disconnect())
  const heard: Client['heard'] = []
  const waiting = new Set<() => void>()
  socket.onAny((name: string, envelope: any) => {
    heard.push({ name, data: envelope?.payload?.data, id: envelope?.id, type: envelope?.type })
    for (const look of [...waiting]) look()
  })

  const reply = (name: string, data: unknown) => socket.timeout(20_000).emitWithAck(name, data)

  function hears(name: string, fits: (data: any) => boolean = () => true): Promise<any> {
    return new Promise((resolve) => {
      const look = () => {
        const found = heard.find((one) => one.name === name && fits(one.data))
        if (!found) return
        waiting.delete(look)
        resolve(found.data)
      }
      waiting.add(look)
      look()
    })
  }

  return Object.assign(socket, {
    heard,
    hears,
    async ask(name: string, data: unknown = {}) {
      const { type, payload } = await reply(name, data)
      if (type === 'error') throw Object.assign(new Error(JSON.stringify(payload.data)), payload.data)
      return payload.data
    },
    async refused(name: string, data: unknown = {}) {
      const { type, payload } = await reply(name, data)
      if (type !== 'error') throw new Error(`${name} was not refused.`)
      return payload.data
    },
  })
}

/** Someone who is signed in and up to date. */
export async function client(url: string, user: string, claims: Claims = {}, options: Options = {}): Promise<Client> {
  const socket = stock(url, { ...options, auth: { token: await tokenOf(user, claims), ...options.auth } })
  await socket.hears('state_sync')
  return socket
}

/** The numbers of a room's log that came, in the order they came. */
export const seqs = ({ heard }: Client, room_id: string): number[] =>
  heard.filter(({ data }) => data?.room_id === room_id && data.seq !== undefined).map(({ data }) => data.seq)

/** 1, 2, 3 … */
export const count = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, n) => from + n)
