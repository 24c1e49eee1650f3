/** What HTTP says where something was refused. */
import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { Failure, type FailureCode, type FailureData, failures } from '../../protocol/failure.ts'

/** Where HTTP has a status that fits better than that of the code. */
export class HttpFailure extends Failure {
  readonly status: ContentfulStatusCode

  constructor(status: ContentfulStatusCode, code: FailureCode, message: string) {
    super(code, message)
    this.status = status
  }
}

export const statusOf = (failure: Failure): ContentfulStatusCode =>
  failure instanceof HttpFailure ? failure.status : failures[failure.code].status

export function refuse(c: Context, data: FailureData, status: ContentfulStatusCode = failures[data.code].status) {
  if (data.retry_after_ms !== undefined) c.header('retry-after', String(Math.ceil(data.retry_after_ms / 1_000)))
  if (status === 401) c.header('www-authenticate', challenge(c))
  return c.json({ error: data }, status)
}

/** Who brought nothing is told what to bring; who brought something, that it is not good. */
const challenge = (c: Context) => (c.req.header('authorization') ? 'Bearer error="invalid_token"' : 'Bearer')
