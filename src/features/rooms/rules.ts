import type { Role } from '../../ports/store.ts'
import { Failure } from '../../protocol/failure.ts'
import type { Context, Rule, Standing } from '../feature.ts'
import { ROLES } from './room.ts'

interface Where {
  readonly room_id: string
}

export const rankOf = (role: Role | undefined): number => (role ? ROLES.indexOf(role) : -1)

export const anyone: Rule<unknown> = { says: 'anyone who is signed in', check() {} }

export const admin: Rule<unknown> = {
  says: 'the permission `admin`',
  check(ctx) {
    if (!ctx.caller.permissions.admin) throw new Failure('forbidden', 'This takes the permission `admin`.')
  },
}

export const memberOf: Rule<Where> = {
  says: 'a member of the room',
  async check(ctx, { room_id }) {
    ofMember(await ctx.standing(room_id))
  },
}

export const readerOf: Rule<Where> = {
  says: 'a member of the room, or anyone where it is public',
  async check(ctx, { room_id }) {
    ofReader(await ctx.standing(room_id))
  },
}

/** One of at least this role, where the room itself says nothing else about the command. */
export const roleFor = (command: string, least: Role): Rule<Where> => ({
  says: `in the room at least: ${least} (a room can say otherwise)`,
  async check(ctx, { room_id }) {
    atLeast(await ctx.standing(room_id), command, least)
  },
})

/** As `roleFor`, in a room that is not archived: there nothing new is said, only taken away. */
export const writerFor = (command: string, least: Role): Rule<Where> => ({
  says: `in the room at least: ${least} (a room can say otherwise), while it is not archived`,
  async check(ctx, { room_id }) {
    toWrite(await ctx.standing(room_id), command, least)
  },
})

export function toWrite(standing: Standing, command: string, least: Role) {
  atLeast(standing, command, least)
  if (standing.room.archived) throw new Failure('forbidden', 'The room is archived.')
}

function ofMember(standing: Standing): Standing {
  if (!standing.role) throw new Failure('forbidden', 'You are not a member of this room.')
  return standing
}

export function ofReader(standing: Standing): Standing {
  return standing.room.visibility === 'public' ? standing : ofMember(standing)
}

function atLeast(standing: Standing, command: string, least: Role): Standing {
  ofMember(standing)
  const { room, role } = standing
  const needed = Object.hasOwn(room.permissions, command) ? (room.permissions[command] as Role) : least
  if (rankOf(role) < rankOf(needed))
    throw new Failure('forbidden', `In this room "${command}" takes the role ${needed}; yours is ${role}.`)
  return standing
}

/** Whether it failed because one is in the room no longer, or the room is gone. */
export const isOut = (error: unknown): boolean =>
  error instanceof Failure && (error.code === 'forbidden' || error.code === 'not_found')

/** A stored membership; what a token grants or `admin` allows is none. */
export async function membership(ctx: Context, room_id: string) {
  const { member, room } = await ctx.standing(room_id)
  if (!member) throw new Failure('forbidden', 'You are not a member of this room.')
  return { member, room }
}
