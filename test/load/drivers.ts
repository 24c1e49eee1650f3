// The three servers: how each is started, how one signs in, and how its rooms come to be.
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { SignJWT } from 'jose'
import { closeAll, open, openAll } from './crowd.ts'

export interface RoomPlan {
  readonly id: string
  readonly members: readonly string[]
}

export interface Driver {
  readonly name: string
  readonly script: string
  readonly env: Readonly<Record<string, string>>
  readonly readyOn: string | undefined
  auth(user: string, rooms: readonly string[]): Promise<unknown>
  /** Makes the rooms with their members, before any of these connects. */
  prepare(port: number, rooms: readonly RoomPlan[]): Promise<void>
}

const TENANT = 'load'
const MEMBERS_A_CALL = 500
const AT_ONCE = 25
const secret = randomBytes(32).toString('hex')
const key = new TextEncoder().encode(secret)
const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))

async function token(user: string, claims: Record<string, unknown>): Promise<string> {
  const signing = new SignJWT({ tenant_id: TENANT, ...claims }).setProtectedHeader({ alg: 'HS256' })
  return signing.setSubject(user).setIssuedAt().setExpirationTime('2h').sign(key)
}

async function prepareParley(port: number, rooms: readonly RoomPlan[]): Promise<void> {
  const admin = open({ port, auth: { token: await token('admin', { permissions: ['*'] }) }, readyOn: 'state_sync' })
  await admin.ready.promise
  for (let at = 0; at < rooms.length; at += AT_ONCE) {
    const some = rooms.slice(at, at + AT_ONCE)
    await Promise.all(
      some.map(({ id, members }) =>
        admin.request('room:create', { room_id: id, kind: 'group', members: members.slice(0, MEMBERS_A_CALL) }),
      ),
    )
  }
  for (const room of rooms) await join(port, room.id, room.members.slice(MEMBERS_A_CALL))
  admin.close()
}

/** Whom one call could not add comes by itself, with a token that grants the room. */
async function join(port: number, room_id: string, users: readonly string[]): Promise<void> {
  const doors = await Promise.all(
    users.map(async (user) => ({
      port,
      auth: { token: await token(user, { rooms: { [room_id]: 'member' } }) },
      readyOn: 'state_sync',
    })),
  )
  const joining = await openAll(doors, AT_ONCE)
  for (let at = 0; at < joining.length; at += AT_ONCE)
    await Promise.all(joining.slice(at, at + AT_ONCE).map((one) => one.request('room:join', { room_id })))
  closeAll(joining)
}

const parley: Driver = {
  name: 'parley',
  script: path('../../src/main.ts'),
  env: {
    NODE_ENV: 'production',
    JWT_SECRET: secret,
    RATE_LIMITS: 'off',
    SOCKET_CORS_ORIGIN: 'https://load.test',
    LOG_LEVEL: 'warn',
  },
  readyOn: 'state_sync',
  auth: async (user) => ({ token: await token(user, {}) }),
  prepare: prepareParley,
}

const peer = (name: string): Driver => ({
  name,
  script: path(`peers/${name}.ts`),
  env: { NODE_ENV: 'production' },
  readyOn: undefined,
  auth: async (user, rooms) => ({ user, rooms }),
  prepare: async () => undefined,
})

export const drivers: readonly Driver[] = [parley, peer('bare'), peer('raw')]
