/** How well a connection gets through: by how long its answers to pings take, and by how many of them are late. */
import type { Quality } from '../../ports/roster.ts'

interface Bounds {
  readonly rtt_ms: number
  /** 0 to 1 */
  readonly loss: number
}

/** From the best to the worst, each up to its bounds. */
const qualities: readonly { readonly quality: Quality; readonly below: Bounds }[] = [
  { quality: 'good', below: { rtt_ms: 150, loss: 0.1 } },
  { quality: 'fair', below: { rtt_ms: 400, loss: 0.25 } },
  { quality: 'poor', below: { rtt_ms: Number.POSITIVE_INFINITY, loss: Number.POSITIVE_INFINITY } },
]

/** It is called better again only when it is well within those bounds, so that it does not flap. */
const WELL_WITHIN = 0.8
/** By polling the answer is a request of its own, and the ping may wait for the next one: twice the time is as good. */
const POLLING = 2
/** The middle one of so many counts: a single slow answer says nothing. */
const KEPT = 3
/** Of one ping in the loss: that of TCP for a new sample. */
const WEIGHT = 1 / 8

/** What is known of one connection. */
export interface Pulse {
  readonly rtts: number[]
  loss: number
  /** A ping is late, and not answered yet. */
  late: boolean
  quality: Quality | undefined
  /** What the roster knows of it. */
  noted_ms: number
}

export const newPulse = (): Pulse => ({ rtts: [], loss: 0, late: false, quality: undefined, noted_ms: 0 })

/** As it is told. */
export const rttOf = ({ rtts }: Pulse): number => Math.round(middle(rtts) ?? 0)
export const lossOf = ({ loss }: Pulse): number => Math.round(loss * 100) / 100

export function answered(pulse: Pulse, rtt_ms: number, transport: string): void {
  pulse.rtts.push(transport === 'polling' ? rtt_ms / POLLING : rtt_ms)
  if (pulse.rtts.length > KEPT) pulse.rtts.shift()
  if (!pulse.late) pulse.loss *= 1 - WEIGHT
  pulse.late = false
  judge(pulse)
}

export function missed(pulse: Pulse): void {
  pulse.loss += (1 - pulse.loss) * WEIGHT
  pulse.late = true
  judge(pulse)
}

/** The last answer by itself would say otherwise: it is worth another look, soon. */
export function isInDoubt({ rtts, quality }: Pulse): boolean {
  if (quality !== 'good' && rtts.length < KEPT) return true
  return judged(quality, rtts.at(-1) ?? 0, 0) !== quality
}

function judge(pulse: Pulse) {
  pulse.quality = judged(pulse.quality, middle(pulse.rtts) ?? 0, pulse.loss)
}

function judged(before: Quality | undefined, rtt_ms: number, loss: number): Quality {
  const now = rank(rtt_ms, loss)
  const standing = before === undefined ? now : qualities.findIndex(({ quality }) => quality === before)
  const at = now > standing ? now : Math.min(standing, rank(rtt_ms / WELL_WITHIN, loss / WELL_WITHIN))
  return qualities[before === undefined ? now : at]?.quality ?? 'poor'
}

const rank = (rtt_ms: number, loss: number): number =>
  qualities.findIndex(({ below }) => rtt_ms < below.rtt_ms && loss < below.loss)

/** Of two the lower one. */
function middle(rtts: readonly number[]): number | undefined {
  return rtts.toSorted((one, other) => one - other)[(rtts.length - 1) >> 1]
}
