import type { Draft, Entry } from './entry.ts'

/** Whether two values are one on the wire: a member that is undefined is not there, and binary is its bytes. */
export function alike(one: unknown, other: unknown): boolean {
  if (one === other) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  const bytes = bytesOf(one)
  const others = bytesOf(other)
  if (bytes || others) return bytes !== undefined && others !== undefined && sameBytes(bytes, others)
  if (Array.isArray(one) || Array.isArray(other))
    return Array.isArray(one) && Array.isArray(other) && sameList(one, other)
  return sameMembers(one as Members, other as Members)
}

/** Whether a key that was used for an entry says the same again. Of a body that was taken away nothing can be said. */
export function sameDraft(before: Entry, draft: Draft): boolean {
  const taken = before.body === undefined && (before.redacted_at ?? before.expires_at) !== undefined
  return (
    before.action === draft.action &&
    alike(before.kept, draft.kept) &&
    alike(before.audience, draft.audience) &&
    (taken || alike(before.body, draft.body))
  )
}

type Members = Record<string, unknown>

function sameMembers(one: Members, other: Members): boolean {
  const names = said(one)
  return (
    names.length === said(other).length &&
    names.every((name) => Object.hasOwn(other, name) && alike(one[name], other[name]))
  )
}

const said = (members: Members) => Object.keys(members).filter((name) => members[name] !== undefined)

const sameList = (one: readonly unknown[], other: readonly unknown[]) =>
  one.length === other.length && one.every((item, i) => alike(item ?? null, other[i] ?? null))

const sameBytes = (one: Uint8Array, other: Uint8Array) =>
  one.length === other.length && one.every((byte, i) => byte === other[i])

function bytesOf(value: object): Uint8Array | undefined {
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  return ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : undefined
}
