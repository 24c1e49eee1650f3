/** How the scripts come by Deno: `.ci/deno` takes the machine's own, else the pinned one from the npm registry. */
import { describe, expect, test } from 'bun:test'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const WRAPPER = fileURLToPath(new URL('../../.ci/deno', import.meta.url))

async function program(path: string, line: string) {
  await writeFile(path, `#!/bin/sh\n${line}\n`)
  await chmod(path, 0o755)
}

/** A machine that has nothing but what is given: programs by name, each a line of shell. */
async function machine(programs: Record<string, string>) {
  const path = await mkdtemp(join(tmpdir(), 'parley-'))
  for (const [name, line] of Object.entries(programs)) await program(join(path, name), line)
  return {
    path,
    async run(...words: string[]) {
      const child = Bun.spawn(['/bin/sh', WRAPPER, ...words], { env: { PATH: path }, stderr: 'pipe' })
      const [out, code] = await Promise.all([new Response(child.stdout).text(), child.exited])
      return { out: out.trim(), code }
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  }
}

/** What npx has fetched, and where it says that it is. */
async function fetched() {
  const path = await mkdtemp(join(tmpdir(), 'parley-'))
  const modules = join(path, 'node_modules')
  await mkdir(join(modules, 'deno'), { recursive: true })
  const npx = `case "$*" in "--yes --package=deno@"*" -c command -v deno") echo ${modules}/.bin/deno;; *) exit 9;; esac`
  return { deno: join(modules, 'deno', 'deno'), npx, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}

describe('.ci/deno', () => {
  test("runs the machine's own Deno, and asks npm for nothing", async () => {
    await using here = await machine({ deno: 'echo "own: $*"', npx: 'exit 9' })
    expect(await here.run('run', 'a b')).toEqual({ out: 'own: run a b', code: 0 })
  })

  test('runs the pinned one from the npm registry where there is none', async () => {
    await using cache = await fetched()
    await program(cache.deno, 'echo "fetched: $*"')
    await using here = await machine({ npx: cache.npx })
    expect(await here.run('run', 'x')).toEqual({ out: 'fetched: run x', code: 0 })
  })

  test('sets Deno up itself where npm ran no install script', async () => {
    await using cache = await fetched()
    const script = cache.deno.replace(/deno$/, 'install.cjs')
    await using here = await machine({
      npx: cache.npx,
      node: `[ "$*" = ${script} ] && { echo '#!/bin/sh'; echo 'echo "set up: $*"'; } > ${cache.deno} && /bin/chmod +x ${cache.deno}`,
    })
    expect(await here.run('x')).toEqual({ out: 'set up: x', code: 0 })
  })

  test('ends as Deno ended, and with an error where there is none to be had', async () => {
    await using one = await machine({ deno: 'exit 7' })
    expect((await one.run()).code).toBe(7)
    await using other = await machine({ npx: 'exit 1' })
    expect((await other.run()).code).toBe(1)
  })
})
