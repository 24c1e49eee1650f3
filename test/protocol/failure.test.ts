import { describe, expect, test } from 'bun:test'
import { refusal } from '../../src/protocol/envelope.ts'
import { Failure, type FailureCode, failures } from '../../src/protocol/failure.ts'

const stamp = { id: 'i', tenant_id: 'acme', timestamp: 1, action: 'message:send' }

describe('a failure', () => {
  test('is told with its code, a sentence, whether to try again, and what more there is', () => {
    const failure = new Failure('rate_limited', 'Too many.', { retry_after_ms: 5, details: { limit: 'x' } })
    expect(refusal(stamp, failure)).toEqual({
      type: 'error',
      id: 'i',
      tenant_id: 'acme',
      timestamp: 1,
      payload: {
        action: 'message:send',
        data: {
          code: 'rate_limited',
          message: 'Too many.',
          retryable: true,
          retry_after_ms: 5,
          details: { limit: 'x' },
        },
      },
    })
    expect(Object.keys(new Failure('forbidden', 'No.').data)).toEqual(['code', 'message', 'retryable'])
  })

  test('of anything else that was thrown is `internal`, and says nothing of it', () => {
    for (const thrown of [
      new Error('secret'),
      new TypeError('/srv/secret'),
      'secret',
      undefined,
      { code: 'forbidden' },
    ])
      expect(JSON.stringify(Failure.from(thrown).data)).not.toContain('secret')
    expect(Failure.from({ code: 'forbidden' }).code).toBe('internal')
    const own = new Failure('conflict', 'x')
    expect(Failure.from(own)).toBe(own)
  })

  test.each([
    ['validation_failed', 400, false],
    ['unsupported_version', 400, false],
    ['unauthenticated', 401, false],
    ['token_expired', 401, false],
    ['forbidden', 403, false],
    ['tenant_mismatch', 403, false],
    ['not_found', 404, false],
    ['conflict', 409, false],
    ['rate_limited', 429, true],
    ['payload_too_large', 413, false],
    ['too_many_devices', 429, false],
    ['too_many_connections', 429, true],
    ['unknown_event', 404, false],
    ['unavailable', 503, true],
    ['timeout', 504, true],
    ['internal', 500, true],
    ['session_revoked', 401, false],
    ['slow_consumer', 503, true],
    ['resync_required', 409, true],
    ['protocol_abuse', 400, false],
    ['server_draining', 503, true],
  ] as const)('%s is %p for HTTP; worth a retry: %p', (code: FailureCode, status, retryable) => {
    expect(failures[code]).toEqual({ status, retryable } as never)
  })

  test('has no code but those', () => {
    expect(Object.keys(failures)).toHaveLength(21)
  })
})
