/** Time, as every part of the client takes it. */
export interface Clock {
  now(): number
  /** Runs `then` once after `ms`; the function returned calls it off. */
  after(ms: number, then: () => void): () => void
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, then) {
    const timer = setTimeout(then, ms)
    return () => clearTimeout(timer)
  },
}

/** What does not come in its time is thrown by `late`. */
export function within<Result>(clock: Clock, ms: number, coming: Promise<Result>, late: () => Error): Promise<Result> {
  let callOff = () => {}
  const timeout = new Promise<never>((_, reject) => {
    callOff = clock.after(ms, () => reject(late()))
  })
  return Promise.race([coming, timeout]).finally(callOff)
}

export const pause = (clock: Clock, ms: number): Promise<void> => new Promise((then) => void clock.after(ms, then))
