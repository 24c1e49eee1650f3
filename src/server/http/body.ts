/** A request's JSON: not too large, not too slow, not too deep, and an object. */
import { Buffer } from 'node:buffer'
import { caps } from '../../features/rooms/caps.ts'
import type { Clock } from '../../ports/clock.ts'
import { Failure } from '../../protocol/failure.ts'
import { HttpFailure } from './refusal.ts'

export interface Bounds {
  readonly maxBytes: number
  readonly clock: Clock
}

/** In all: however steadily a slow one drips. */
const ARRIVAL_MS = 10_000

const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\s*(?:;\s*charset="?utf-8"?\s*)?$/i

export async function jsonBody(request: Request, bounds: Bounds): Promise<Record<string, unknown>> {
  if (!JSON_TYPE.test(request.headers.get('content-type') ?? ''))
    throw new HttpFailure(415, 'validation_failed', 'The body must be JSON, and its content-type application/json.')
  const text = decoded(await bytesOf(request, bounds))
  if (isDeeper(text, caps.json_depth)) throw invalid(`The JSON is deeper than ${caps.json_depth}.`)
  const said = parsed(text)
  if (typeof said !== 'object' || said === null || Array.isArray(said)) throw invalid('The body must be an object.')
  return said as Record<string, unknown>
}

const invalid = (message: string) => new Failure('validation_failed', message, { details: [{ path: '', message }] })

const tooLarge = (bytes: number) => new Failure('payload_too_large', `A body takes ${bytes} bytes at most.`)

async function bytesOf(request: Request, { maxBytes, clock }: Bounds): Promise<Uint8Array> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge(maxBytes)
  const reader = request.body?.getReader()
  if (!reader) return new Uint8Array()
  const late = Promise.withResolvers<never>()
  const callOff = clock.after(ARRIVAL_MS, () => late.reject(tooSlow()))
  try {
    return await collected(() => Promise.race([reader.read(), late.promise]), maxBytes)
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw invalid('The body broke off.')
    await reader.cancel()
    throw thrown
  } finally {
    callOff()
  }
}

const tooSlow = () => new HttpFailure(408, 'timeout', `A body must arrive within ${ARRIVAL_MS / 1_000} s.`)

async function collected(
  read: () => Promise<{ done: boolean; value?: Uint8Array | undefined }>,
  maxBytes: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for (;;) {
    const { done, value } = await read()
    if (done || !value) return Buffer.concat(chunks, size)
    size += value.byteLength
    if (size > maxBytes) throw tooLarge(maxBytes)
    chunks.push(value)
  }
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw invalid('The body is not UTF-8.')
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw invalid('The body is not JSON.')
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPENING = new Set([0x5b, 0x7b])
const CLOSING = new Set([0x5d, 0x7d])

/** Seen before anything goes into it level by level. */
function isDeeper(json: string, levels: number): boolean {
  let depth = 0
  let quoted = false
  for (let n = 0; n < json.length; n++) {
    const char = json.charCodeAt(n)
    if (quoted && char === BACKSLASH) n++
    else if (char === QUOTE) quoted = !quoted
    else if (!quoted && OPENING.has(char) && ++depth > levels) return true
    else if (!quoted && CLOSING.has(char)) depth--
  }
  return false
}
