/**
 * What a test leaves behind goes when the test ends, the latest first. Preloaded (bunfig.toml): the hooks of a module that
 * several test files import run for the first of them only.
 */
import { afterEach } from 'bun:test'

const cleaning: (() => unknown)[] = []

export const cleanUp = (clean: () => unknown): void => void cleaning.push(clean)

afterEach(async () => {
  const failures: unknown[] = []
  for (const clean of cleaning.splice(0).reverse())
    try {
      await clean()
    } catch (failure) {
      failures.push(failure)
    }
  if (failures.length > 0) throw failures[0]
})
