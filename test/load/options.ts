// What the command line asks for.
import { parseArgs } from 'node:util'
import { drivers } from './drivers.ts'

export interface Options {
  readonly rounds: number
  /** Of each stretch at a rate, and of the idle time that is watched. */
  readonly seconds: number | undefined
  readonly messages: number | undefined
  readonly outstanding: number | undefined
  readonly connections: number | undefined
  readonly rate: number
  /** Bytes of text in a message. */
  readonly size: number
  readonly only: readonly string[]
  readonly profile: string | undefined
  readonly json: boolean
}

export const USAGE = `bun test/load/run.ts <fanout|rooms|idle|storm|reconnect|presence> [options]

  --rounds 3             how often each server is measured, in turn
  --only parley,bare     which servers (parley, bare, raw)
  --messages N           sent in a closed loop (fanout: 4000, rooms: 60000)
  --outstanding N        under way at a time in a closed loop (fanout: 64, rooms: 256)
  --rate 8000            messages a second in the stretch at one rate for all (rooms)
  --seconds N            of each stretch at a rate (rooms: 3), of watching idle connections (idle: 26), or of coming and going (presence: 20)
  --connections N        idle and presence: 10000, storm and reconnect: 5000
  --size 32              bytes of text in a message
  --profile folder       writes a CPU profile of each server there (.cpuprofile and .md), when it stops
  --json                 prints the samples and verdicts for machines`

export function readOptions(args: readonly string[]): { scenario: string; options: Options } {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: 'string', default: '3' },
      seconds: { type: 'string' },
      messages: { type: 'string' },
      outstanding: { type: 'string' },
      connections: { type: 'string' },
      rate: { type: 'string', default: '8000' },
      size: { type: 'string', default: '32' },
      only: { type: 'string', default: drivers.map(({ name }) => name).join(',') },
      profile: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  })
  const options: Options = {
    rounds: whole('rounds', values.rounds, 50),
    seconds: values.seconds === undefined ? undefined : whole('seconds', values.seconds, 120),
    messages: values.messages === undefined ? undefined : whole('messages', values.messages, 500_000),
    outstanding: values.outstanding === undefined ? undefined : whole('outstanding', values.outstanding, 20_000),
    connections: values.connections === undefined ? undefined : whole('connections', values.connections, 18_000),
    rate: whole('rate', values.rate, 200_000),
    size: whole('size', values.size, 60_000),
    only: names(values.only),
    profile: values.profile,
    json: values.json,
  }
  return { scenario: positionals[0] ?? '', options }
}

function whole(name: string, text: string, highest: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0 && value <= highest) return value
  throw new Error(`--${name} takes a whole number from 1 to ${highest}, not "${text}".`)
}

function names(text: string): string[] {
  const wanted = text.split(',')
  const unknown = wanted.find((name) => !drivers.some((driver) => driver.name === name))
  if (unknown !== undefined) throw new Error(`--only knows parley, bare and raw, not "${unknown}".`)
  return wanted
}
