import { expect, test } from 'bun:test'
import { readConfig } from '../../src/config.ts'
import { settings } from '../../src/settings.ts'

interface Fly {
  env: Record<string, string>
  mounts: { destination: string }[]
  metrics: object
  http_service: {
    internal_port: number
    checks: object[]
    concurrency: { type: string; soft_limit: number; hard_limit: number }
  }
}

const fly = Bun.TOML.parse(await Bun.file(new URL('../../fly.toml', import.meta.url)).text()) as Fly
const config = () => readConfig({ ...fly.env, JWT_SECRET: 'x'.repeat(32) })

test('fly.toml sets nothing that the service does not know', () => {
  expect(Object.keys(fly.env).filter((name) => !(name in settings))).toEqual([])
})

test('fly.toml starts the service for production, given only a secret', () => {
  expect(config().environment).toBe('production')
})

test('fly.toml sends traffic to the port the service listens on, when it says that it is ready', () => {
  expect(fly.http_service.internal_port).toBe(config().port)
  expect(fly.http_service.checks).toMatchObject([{ method: 'GET', path: '/health/ready' }])
  expect(fly.metrics).toEqual({ port: config().port, path: '/metrics' })
})

test('fly.toml mounts a volume where the service keeps its data', () => {
  expect(fly.mounts.map(({ destination }) => destination)).toEqual([config().dataDir])
})

test('fly.toml stops a machine by SIGTERM only, with time to drain, and for nothing but a deploy', () => {
  expect(fly).toMatchObject({ kill_signal: 'SIGTERM', kill_timeout: '30s', deploy: { strategy: 'rolling' } })
  expect(fly.http_service).toMatchObject({ auto_stop_machines: 'off', min_machines_running: 1 })
})

test('fly.toml counts connections, and routes no more of them than the service takes or a machine has files for', () => {
  const { type, soft_limit, hard_limit } = fly.http_service.concurrency
  expect(type).toBe('connections')
  expect(soft_limit).toBeLessThan(hard_limit)
  expect(hard_limit).toBeLessThanOrEqual(config().maxConnections)
  expect(config().maxConnections).toBeLessThan(10_240)
})
