// The servers in turn, round after round, until enough of them were left alone.
import { drivers } from './drivers.ts'
import type { Options } from './options.ts'
import { start } from './running.ts'
import { isDisturbed, type Sample, type Scenario } from './scenarios/scenario.ts'

export type Round = ReadonlyMap<string, Sample>

async function measureRound(scenario: Scenario, options: Options): Promise<Round> {
  const round = new Map<string, Sample>()
  for (const driver of drivers.filter(({ name }) => options.only.includes(name))) {
    const server = await start(driver, options.profile)
    try {
      round.set(driver.name, await scenario.measure(server, options))
    } finally {
      await server.stop()
    }
  }
  return round
}

/** As many rounds as were asked for; each that was disturbed is repeated, once for all. */
export async function measure(scenario: Scenario, options: Options): Promise<Round[]> {
  const rounds: Round[] = []
  for (let turn = 1; turn <= options.rounds * 2 && undisturbed(rounds).length < options.rounds; turn++) {
    console.error(`round ${turn}: ${options.only.join(', ')}`)
    rounds.push(await measureRound(scenario, options))
  }
  return rounds
}

export const undisturbed = (rounds: readonly Round[]): Round[] =>
  rounds.filter((round) => ![...round.values()].some(isDisturbed))
