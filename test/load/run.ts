// By hand: bun test/load/run.ts <scenario>. Starts the servers in turn, loads each, prints what was measured.
import { drivers } from './drivers.ts'
import { type Options, readOptions, USAGE } from './options.ts'
import { pinClient, pinned } from './processes.ts'
import { laidOut, ratiosOf, type Samples, tableOf, verdictLine, verdictsOf } from './report.ts'
import { start } from './running.ts'
import { fanout } from './scenarios/fanout.ts'
import { idle } from './scenarios/idle.ts'
import { rooms } from './scenarios/rooms.ts'
import type { Sample, Scenario } from './scenarios/scenario.ts'
import { storm } from './scenarios/storm.ts'

const scenarios: readonly Scenario[] = [fanout, rooms, idle, storm]

async function measure(scenario: Scenario, options: Options): Promise<Samples> {
  const samples = new Map<string, Sample[]>(options.only.map((name) => [name, []]))
  for (let round = 1; round <= options.rounds; round++)
    for (const driver of drivers.filter(({ name }) => samples.has(name))) {
      console.error(`round ${round} of ${options.rounds}: ${driver.name}`)
      const server = await start(driver, options.profile)
      try {
        samples.get(driver.name)?.push(await scenario.measure(server, options))
      } finally {
        await server.stop()
      }
    }
  return samples
}

const troubleOf = (samples: Samples): string[] =>
  [...samples].flatMap(([name, rounds]) =>
    rounds.flatMap(({ trouble }, round) => trouble.map((what) => `${name}, round ${round + 1}: ${what}`)),
  )

function print(scenario: Scenario, options: Options, samples: Samples): void {
  const trouble = troubleOf(samples)
  const verdicts = verdictsOf(scenario, samples)
  if (options.json) {
    console.log(
      JSON.stringify({
        scenario: scenario.name,
        pinned,
        options,
        samples: Object.fromEntries(samples),
        verdicts,
        trouble,
      }),
    )
    return
  }
  console.log(`${scenario.name}: ${scenario.about(options)}`)
  console.log(
    `${options.rounds} rounds, in turn; medians (least–most)${pinned ? '; a core each for server and client' : '; NOT pinned to cores'}\n`,
  )
  for (const table of [tableOf(scenario, samples), ratiosOf(scenario, samples)]) console.log(`${laidOut(table)}\n`)
  for (const verdict of verdicts) console.log(verdictLine(verdict))
  for (const what of trouble) console.log(`INVALID  ${what}`)
}

async function main(): Promise<number> {
  const { scenario: name, options } = readOptions(process.argv.slice(2))
  const scenario = scenarios.find((one) => one.name === name)
  if (!scenario) {
    console.error(USAGE)
    return 2
  }
  pinClient()
  const samples = await measure(scenario, options)
  print(scenario, options, samples)
  return troubleOf(samples).length > 0 ? 1 : 0
}

process.exit(
  await main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error)
    return 1
  }),
)
