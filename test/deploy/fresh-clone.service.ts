/** The README's two commands, word by word, where nothing is installed but what it says is needed. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

const { SERVICES } = process.env
const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const NOT_CLONED = new Set(['node_modules', '.git', 'data', '.env'])
/** What the scripts ask of any system, besides a shell. */
const SYSTEM = ['sh', 'env']

const MACHINES = [
  {
    name: 'a machine with Node and npm only',
    programs: ['node', 'npm', 'npx'],
    starts: ['npm start', 'npm run start:deno'],
    tests: 'npm test',
  },
  { name: 'a machine with Bun only', programs: ['bun'], starts: ['bun start'], tests: 'bun run test' },
]

const found = (program: string) => (program === 'bun' ? process.execPath : Bun.which(program))

/** A quick test file, given to the tests' command: the rest is run where this is. */
const ONE_FILE = 'test/deploy/fly.test.ts'

for (const { name, programs, starts, tests } of MACHINES) {
  const lacking = programs.filter((program) => !found(program))
  if (lacking.length > 0 && SERVICES !== 'required') {
    console.warn(`SKIPPED: ${name}. There is no ${lacking.join(', ')} here.`)
    describe.skip(name, () => {})
    continue
  }

  describe(name, () => {
    let place = ''
    const clone = () => join(place, 'clone')

    beforeAll(async () => {
      place = await mkdtemp(join(tmpdir(), 'parley-'))
      await mkdir(join(place, 'bin'))
      for (const program of [...SYSTEM, ...programs])
        await symlink(found(program) ?? `no ${program} here`, join(place, 'bin', program))
      await cp(ROOT, clone(), { recursive: true, filter: (path) => !NOT_CLONED.has(relative(ROOT, path)) })
    })

    afterAll(() => rm(place, { recursive: true }))

    function run(command: string, more: Record<string, string> = {}) {
      return Bun.spawn(command.split(' '), {
        cwd: clone(),
        env: { ...process.env, NODE_ENV: '', PATH: join(place, 'bin'), ...more },
        stdout: 'pipe',
        stderr: 'pipe',
      })
    }

    test.each(starts)('`%s` starts the service in a fresh clone, and passes on what stops it', async (start) => {
      const service = run(start, { SOCKET_PORT: '0', SOCKET_HOST: '127.0.0.1', LOG_LEVEL: 'info' })
      const url = await addressIn(service.stdout)
      expect((await fetch(`${url}/health/ready`)).status).toBe(200)
      expect(await (await fetch(url)).text()).toContain('<html')
      service.kill('SIGTERM')
      expect(await service.exited).toBe(0)
      expect(fetch(`${url}/health/live`)).rejects.toThrow()
    })

    test(`\`${tests}\` runs tests and passes, with the packages that are locked`, async () => {
      const child = run(`${tests} ${ONE_FILE}`)
      const said = await new Response(child.stderr).text()
      expect(said).toMatch(/^ 0 fail$/m)
      expect(await child.exited).toBe(0)
      expect(await readFile(join(clone(), 'bun.lock'), 'utf8')).toBe(await readFile(join(ROOT, 'bun.lock'), 'utf8'))
    })
  })
}

/** Where the service says that it listens. What it says after that is left in the pipe: closed, it would be an error. */
async function addressIn(output: ReadableStream<Uint8Array>): Promise<string> {
  const reader = output.getReader()
  const text = new TextDecoder()
  let said = ''
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    said += text.decode(part.value, { stream: true })
    const [url] = /http:\/\/[\w.]+:\d+/.exec(said) ?? []
    if (url) return url
  }
  throw new Error(`It ended, and said: ${said}`)
}

test("the README says these commands, and package.json's scripts are what they run", async () => {
  const [readme, manifest] = await Promise.all(
    ['README.md', 'package.json'].map((path) => readFile(join(ROOT, path), 'utf8')),
  )
  for (const { starts, tests } of MACHINES) {
    for (const start of starts) expect(readme).toContain(start)
    expect(readme).toContain(tests)
  }
  expect(JSON.parse(manifest as string).scripts).toMatchObject({
    start: 'exec sh .ci/bun src/main.ts',
    'start:deno': 'exec sh .ci/deno run -A src/main.ts',
    test: 'exec sh .ci/bun test --timeout 20000',
  })
})
