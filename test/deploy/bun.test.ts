/** How the scripts come by Bun: `.ci/bun` takes the machine's own, else the pinned one from the npm registry. */
import { describe, expect, test } from 'bun:test'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import manifest from '../../package.json' with { type: 'json' }

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const read = (path: string) => Bun.file(at(path)).text()

/** A machine that has nothing but what is given: programs by name, each a line of shell. */
async function machine(programs: Record<string, string>) {
  const path = await mkdtemp(join(tmpdir(), 'parley-'))
  for (const [name, line] of Object.entries(programs)) {
    await writeFile(join(path, name), `#!/bin/sh\n${line}\n`)
    await chmod(join(path, name), 0o755)
  }
  return {
    path,
    async run(...words: string[]) {
      const child = Bun.spawn(['/bin/sh', at('.ci/bun'), ...words], { env: { PATH: path }, stderr: 'pipe' })
      const [out, code] = await Promise.all([new Response(child.stdout).text(), child.exited])
      return { out: out.trim(), code }
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  }
}

describe('.ci/bun', () => {
  test("runs the machine's own Bun, and asks npm for nothing", async () => {
    await using here = await machine({ bun: 'echo "own: $*"', npx: 'exit 9' })
    expect(await here.run('test', 'a b')).toEqual({ out: 'own: test a b', code: 0 })
  })

  test('runs the pinned one from the npm registry where there is none', async () => {
    await using cache = await machine({ bun: 'echo "fetched: $*"' })
    await using here = await machine({
      npx: `[ "$*" = "--yes --package=bun@${Bun.version} -c command -v bun" ] && echo ${join(cache.path, 'bun')}`,
    })
    expect(await here.run('src/main.ts')).toEqual({ out: 'fetched: src/main.ts', code: 0 })
  })

  test('ends as Bun ended', async () => {
    await using here = await machine({ bun: 'exit 7' })
    expect((await here.run()).code).toBe(7)
  })

  test('ends with an error where there is no Bun to be had', async () => {
    await using here = await machine({ npx: 'exit 1' })
    expect((await here.run()).code).toBe(1)
  })

  test('sets Bun up itself where npm ran no install script', async () => {
    await using cache = await machine({})
    const modules = join(cache.path, 'node_modules')
    await mkdir(join(modules, '.bin'), { recursive: true })
    const bun = join(modules, '.bin', 'bun')
    await writeFile(bun, `#!/bin/sh\n[ -e ${cache.path}/is-set-up ] && echo "set up: $*"\n`)
    await chmod(bun, 0o755)
    await using here = await machine({
      npx: `echo ${bun}`,
      node: `[ "$*" = ${modules}/bun/install.js ] && : > ${cache.path}/is-set-up`,
    })
    expect(await here.run('x')).toEqual({ out: 'set up: x', code: 0 })
  })
})

test('one version of Bun is named everywhere', async () => {
  const version = manifest.devDependencies['bun-types']
  expect(manifest.engines.bun).toBe(`>=${version}`)
  const [wrapper, dockerfile, papers] = await Promise.all(
    ['.ci/bun', 'Dockerfile', '.github/CONTRIBUTING.md'].map(read),
  )
  expect(wrapper).toContain(`--package=bun@${version} `)
  expect(dockerfile?.match(/^FROM .*/gm)).toEqual([
    `FROM oven/bun:${version}-slim AS dependencies`,
    `FROM oven/bun:${version}-slim`,
  ])
  expect(papers).toContain(`Bun ${version} `)
})
