// By hand: bun test/load/run.ts <scenario>. Starts the servers in turn, loads each, prints what was measured.
import { type Options, readOptions, USAGE } from './options.ts'
import { pinClient, pinned } from './processes.ts'
import { laidOut, limitsOf, type Samples, tableOf, verdictLine, verdictsOf } from './report.ts'
import { measure, type Round, undisturbed } from './rounds.ts'
import { fanout } from './scenarios/fanout.ts'
import { idle } from './scenarios/idle.ts'
import { presence } from './scenarios/presence.ts'
import { reconnect } from './scenarios/reconnect.ts'
import { rooms } from './scenarios/rooms.ts'
import type { Scenario } from './scenarios/scenario.ts'
import { storm } from './scenarios/storm.ts'

const scenarios: readonly Scenario[] = [fanout, rooms, idle, storm, reconnect, presence]

const LIMIT_MS = 30 * 60_000

const troubleOf = (rounds: readonly Round[]): string[] =>
  rounds.flatMap((round, index) =>
    [...round].flatMap(([name, { trouble }]) => trouble.map((what) => `${name}, round ${index + 1}: ${what}`)),
  )

const samplesOf = (rounds: readonly Round[], { only }: Options): Samples =>
  new Map(only.map((name) => [name, rounds.flatMap((round) => round.get(name) ?? [])]))

/** Disturbed rounds count only where there are no others. */
function print(scenario: Scenario, options: Options, rounds: readonly Round[]): void {
  const clean = undisturbed(rounds)
  const samples = samplesOf(clean.length > 0 ? clean : rounds, options)
  const verdicts = verdictsOf(scenario, samples)
  const trouble = troubleOf(rounds)
  if (options.json) {
    const all = rounds.map((round) => Object.fromEntries(round))
    console.log(
      JSON.stringify({ scenario: scenario.name, pinned, options, rounds: all, clean: clean.length, verdicts, trouble }),
    )
    return
  }
  console.log(`${scenario.name}: ${scenario.about(options)}`)
  console.log(
    `${roundsSaid(rounds.length, clean.length)}; ${pinned ? 'one core for the server, another for the client' : 'NOT pinned to cores'}\n`,
  )
  console.log(`${laidOut(tableOf(scenario, samples))}\n`)
  for (const verdict of verdicts) console.log(verdictLine(verdict))
  for (const limit of limitsOf(samples)) console.log(`LIMIT    ${limit}`)
  for (const what of trouble) console.log(`INVALID  ${what}`)
}

function roundsSaid(all: number, clean: number): string {
  const said = `${clean || all} rounds, servers in turn; medians (least–most)`
  if (clean === 0) return `${said}; ALL DISTURBED by other work on these cores`
  return clean < all ? `${said}; ${all - clean} disturbed by other work were left out` : said
}

/** Whatever hangs: it stops by itself, and the servers with it. */
function giveUp(): never {
  console.error(`not done in ${LIMIT_MS / 60_000} minutes`)
  process.exit(1)
}

async function main(): Promise<number> {
  const { scenario: name, options: given } = readOptions(process.argv.slice(2))
  const scenario = scenarios.find((one) => one.name === name)
  const options = { ...given, only: scenario?.only ?? given.only }
  if (!scenario) {
    console.error(USAGE)
    return 2
  }
  pinClient()
  setTimeout(giveUp, LIMIT_MS).unref()
  const rounds = await measure(scenario, options)
  print(scenario, options, rounds)
  return troubleOf(rounds).length > 0 ? 1 : 0
}

// Where nothing is left to wait for, nothing was measured.
process.exitCode = 1
process.exit(
  await main().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error)
    return 1
  }),
)
