import { type FailureCode, type FailureData, failures } from '../protocol/failure.ts'

/** What the service said no to, or what did not come about in time. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: FailureCode
  readonly retryable: boolean
  readonly retryAfterMs: number | undefined
  readonly details: unknown

  constructor({ code, message, retryable, retry_after_ms, details }: FailureData) {
    super(message)
    this.code = code
    this.retryable = retryable
    this.retryAfterMs = retry_after_ms
    this.details = details
  }

  static of(code: FailureCode, message: string): Refusal {
    return new Refusal({ code, message, retryable: failures[code].retryable })
  }
}
