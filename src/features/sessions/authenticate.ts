import * as v from 'valibot'
import { Failure } from '../../protocol/failure.ts'
import type { Connection } from '../caller.ts'
import { type Context, command } from '../feature.ts'
import { anyone } from '../rooms/rules.ts'
import { Authenticated, Credentials, Token } from './session.ts'

const rate = { take: 10, every_ms: 60_000 }

export const authenticate = command({
  about: 'Signs in on an open connection that brought no token in its handshake.',
  input: Credentials,
  output: Authenticated,
  allow: { says: 'a connection that is not signed in', check() {} },
  rate,

  async handle(ctx: Context, credentials) {
    return (await connectionOf(ctx).signIn(credentials)) as v.InferInput<typeof Authenticated>
  },
})

export const refresh = command({
  about: 'Takes up a newer token of the same user, so that the connection goes on.',
  input: v.object({ token: Token }),
  output: v.object({ expires_at: v.number() }),
  allow: anyone,
  rate,
  automatic: true,
  everywhere: true,

  async handle(ctx: Context, { token }) {
    return { expires_at: await connectionOf(ctx).refresh(token) }
  },
})

function connectionOf({ caller }: Context): Connection {
  if (!caller.connection) throw new Failure('validation_failed', 'This is said on a connection, not by HTTP.')
  return caller.connection
}
