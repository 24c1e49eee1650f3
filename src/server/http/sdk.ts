/** The client's files as a browser takes them: TypeScript with the types struck out, and no build. */
import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'

const SOURCES = join(import.meta.dirname, '..', '..')
const IMPORT = /\bfrom\s*["'](\.[^"']+)["']/g

/** The client and all that is left of its imports, by the address that those give. */
export function clientScripts(stripTypes: (source: string) => string): Map<string, string> {
  const found = new Map<string, string>()

  function add(path: string) {
    if (found.has(`/${path}`)) return
    const script = stripTypes(readFileSync(join(SOURCES, path), 'utf8'))
    found.set(`/${path}`, script)
    for (const [, to] of script.matchAll(IMPORT)) add(posix.join(posix.dirname(path), to as string))
  }

  add('client/client.ts')
  return found
}
