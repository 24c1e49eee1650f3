// People in rooms: made, signed in and connected, before anything is measured.
import type { Connection } from './connection.ts'
import { openAll } from './crowd.ts'
import type { RoomPlan } from './drivers.ts'
import type { Running } from './running.ts'
import type { Room } from './traffic.ts'

const OPENING_AT_ONCE = 100

export const people = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, i) => `user-${String(from + i).padStart(5, '0')}`)

/** All ids are of one length, so that frames are. */
export const planRooms = (rooms: number, members: number): RoomPlan[] =>
  Array.from({ length: rooms }, (_, i) => ({
    id: `room-${String(i).padStart(4, '0')}`,
    members: people(members, i * members),
  }))

export async function gather(server: Running, plan: readonly RoomPlan[]): Promise<Room[]> {
  await server.driver.prepare(server.port, plan)
  const guests = plan.flatMap(({ id, members }) => members.map((user) => ({ user, rooms: [id] })))
  const connections = await admit(server, guests)
  let taken = 0
  return plan.map(({ id, members }) => {
    const from = taken
    taken += members.length
    return { id, members: connections.slice(from, taken) }
  })
}

export interface Guest {
  readonly user: string
  readonly rooms: readonly string[]
}

export async function admit(server: Running, guests: readonly Guest[]): Promise<Connection[]> {
  return openAll(await doors(server, guests), OPENING_AT_ONCE)
}

export const doors = ({ driver, port }: Running, guests: readonly Guest[]) =>
  Promise.all(
    guests.map(async ({ user, rooms }) => ({ port, readyOn: driver.readyOn, auth: await driver.auth(user, rooms) })),
  )
