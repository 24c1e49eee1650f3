// What is committed together: it gathers while the one before it is being written.
import type { Failure } from '../../protocol/failure.ts'
import type { Arena } from './arena.ts'
import type { Op } from './ops.ts'
import type { Item } from './rooms.ts'

export interface Batch {
  readonly number: number
  readonly arena: Arena
  readonly items: Item[]
  /** Whether it is written even with nothing in it, for what the writing brings along. */
  wanted: boolean
  /** What is done after the entries are written, in order. */
  readonly ops: Op[]
  /** Of what is said often, only the last: receipts by log and member, checkpoints by device. Done after all else. */
  readonly latest: Map<string, Op>
  /** Done once it is committed, before anyone is told of it. */
  readonly committed: (() => void)[]
  /** Done where it could not be committed, the last one first. */
  readonly undone: ((failure: Failure) => void)[]
  /** Done in either case, after all else. */
  readonly settled: (() => void)[]
}

export const newBatch = (number: number, arena: Arena): Batch => ({
  number,
  arena,
  items: [],
  wanted: false,
  ops: [],
  latest: new Map(),
  committed: [],
  undone: [],
  settled: [],
})

export const isEmpty = ({ items, ops, latest, wanted }: Batch) =>
  items.length === 0 && ops.length === 0 && latest.size === 0 && !wanted

/** What comes next must find it written. */
export function flush({ ops, latest }: Batch, key: string) {
  const op = latest.get(key)
  if (!op) return
  ops.push(op)
  latest.delete(key)
}

/** Comes true when the batch is committed; where it could not be, fails as it did. */
export const inBatch = (batch: Batch): Promise<void> =>
  new Promise((resolve, reject) => {
    batch.committed.push(resolve)
    batch.undone.push(reject)
  })
