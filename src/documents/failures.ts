/** How both documents tell what can be refused, from the one table of codes. */
import { type FailureCode, failures } from '../protocol/failure.ts'
import type { Shape } from './shape.ts'

const codes = Object.keys(failures) as FailureCode[]

/** An error's `data` on the wire, and what `error` holds in an answer of HTTP. */
export const failureShape: Shape = {
  type: 'object',
  description: 'Why something was refused, or why a connection closes.',
  properties: {
    code: { type: 'string', enum: codes },
    message: { type: 'string', description: 'A sentence for people; it may change.' },
    retryable: { type: 'boolean', description: 'Whether trying again may help.' },
    retry_after_ms: { type: 'integer', minimum: 0 },
    details: { description: 'Particulars for a program: the limit, the fields that were wrong, the current version.' },
  },
  required: ['code', 'message', 'retryable'],
}

/** Each status that a refusal by HTTP can have, with its codes. */
export const statuses: ReadonlyMap<number, readonly FailureCode[]> = Map.groupBy(codes, (code) => failures[code].status)

export const listed = (of: readonly string[]): string => of.map((code) => `\`${code}\``).join(', ')
