/** Every way a command can fail or a connection can end, what HTTP calls it, and whether trying again may help. */
export const failures = {
  validation_failed: { status: 400, retryable: false },
  unsupported_version: { status: 400, retryable: false },
  unauthenticated: { status: 401, retryable: false },
  token_expired: { status: 401, retryable: false },
  forbidden: { status: 403, retryable: false },
  tenant_mismatch: { status: 403, retryable: false },
  not_found: { status: 404, retryable: false },
  unknown_event: { status: 404, retryable: false },
  conflict: { status: 409, retryable: false },
  payload_too_large: { status: 413, retryable: false },
  rate_limited: { status: 429, retryable: true },
  too_many_devices: { status: 429, retryable: false },
  too_many_connections: { status: 429, retryable: true },
  internal: { status: 500, retryable: true },
  unavailable: { status: 503, retryable: true },
  timeout: { status: 504, retryable: true },
  // why a connection is closed, told in an `error` just before
  session_revoked: { status: 401, retryable: false },
  slow_consumer: { status: 503, retryable: true },
  resync_required: { status: 409, retryable: true },
  protocol_abuse: { status: 400, retryable: false },
  server_draining: { status: 503, retryable: true },
} as const

export type FailureCode = keyof typeof failures

/** Beside its code and message: how long to wait, and particulars for a program. */
export interface FailureMore {
  readonly retry_after_ms?: number
  readonly details?: unknown
}

/** What a handler throws to refuse. Anything else that is thrown is a bug, and reaches the client as `internal`. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly code: FailureCode
  readonly more: FailureMore

  constructor(code: FailureCode, message: string, more: FailureMore = {}) {
    super(message)
    this.code = code
    this.more = more
  }

  static from(thrown: unknown): Failure {
    return thrown instanceof Failure ? thrown : new Failure('internal', 'Something failed on our side.')
  }

  /** As it stands in an error's `data`, on the wire. */
  get data(): FailureData {
    return { code: this.code, message: this.message, retryable: failures[this.code].retryable, ...this.more }
  }
}

export interface FailureData extends FailureMore {
  readonly code: FailureCode
  readonly message: string
  readonly retryable: boolean
}
