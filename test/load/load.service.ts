import { expect, test } from 'bun:test'
import { fileURLToPath } from 'node:url'

const RUN = fileURLToPath(new URL('run.ts', import.meta.url))

interface Outcome {
  readonly rounds: readonly Record<string, { readonly values: Record<string, number> }>[]
  readonly trouble: readonly string[]
}

/** A short run, for what is missing and not for how fast it was. */
async function run(args: readonly string[]): Promise<{ code: number; outcome: Outcome }> {
  const child = Bun.spawn([process.execPath, RUN, ...args, '--rounds', '1', '--json'], {
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const text = await new Response(child.stdout).text()
  return { code: await child.exited, outcome: JSON.parse(text) as Outcome }
}

const measured = ({ rounds }: Outcome, server: string, key: string): number | undefined =>
  rounds[0]?.[server]?.values[key]

test.each(['parley', 'bare', 'raw'])(
  'load · %s tells a thousand members each message, and misses none',
  async (server) => {
    const { code, outcome } = await run(['fanout', '--only', server, '--messages', '20'])
    expect(outcome.trouble).toEqual([])
    expect(code).toBe(0)
    expect(measured(outcome, server, 'deliveries_s')).toBeGreaterThan(0)
  },
)

test('load · what is sent into 500 rooms is acknowledged and delivered, at full speed and at a rate', async () => {
  const { code, outcome } = await run([
    'rooms',
    '--only',
    'parley',
    '--messages',
    '2000',
    '--rate',
    '500',
    '--seconds',
    '1',
  ])
  expect(outcome.trouble).toEqual([])
  expect(code).toBe(0)
  expect(measured(outcome, 'parley', 'p99_ms')).toBeGreaterThan(0)
})

test.each([
  ['storm', ['--connections', '500'], 'p99_ms'],
  ['idle', ['--connections', '500', '--seconds', '1'], 'rss_kb'],
])('load · %s lets everybody in, and nobody is lost', async (scenario, args, key) => {
  const { code, outcome } = await run([scenario, '--only', 'parley', ...args])
  expect(outcome.trouble).toEqual([])
  expect(code).toBe(0)
  expect(measured(outcome, 'parley', key)).toBeGreaterThan(0)
})
