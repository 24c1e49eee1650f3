import { afterAll, describe, expect, test } from 'bun:test'
import { readConfig } from '../../src/config.ts'
import { settings } from '../../src/settings.ts'

const read = (path: string) => Bun.file(new URL(`../../${path}`, import.meta.url)).text()

/** Each instruction's words, in order; of the last stage only. */
async function image(): Promise<[name: string, value: string][]> {
  const lines = (await read('Dockerfile'))
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line): [string, string] => [line.replace(/ .*/, ''), line.replace(/^\S+ +/, '').trim()])
  return lines.slice(lines.findLastIndex(([name]) => name === 'FROM'))
}

async function said(name: string): Promise<string[]> {
  return (await image()).filter(([one]) => one === name).map(([, value]) => value)
}

describe('the image', () => {
  test('runs as a user that is not root, and says so by number', async () => {
    expect(await said('USER')).toEqual(['1000:1000'])
  })

  test('starts the service itself, without a shell between it and the signal it stops by', async () => {
    expect(await said('CMD')).toEqual(['["bun", "src/main.ts"]'])
    expect(await said('STOPSIGNAL')).toEqual(['SIGTERM'])
  })

  test('is for production, and keeps its data in a volume', async () => {
    expect(await said('ENV')).toEqual(['NODE_ENV=production DATA_DIR=/data'])
    expect(await said('VOLUME')).toEqual(['/data'])
  })

  test('listens where the service does by default', async () => {
    expect(await said('EXPOSE')).toEqual([settings.SOCKET_PORT.fallback as string])
  })

  test('holds packages for production only, as they are locked', async () => {
    const text = await read('Dockerfile')
    expect(text.match(/bun install.*/g)).toEqual(['bun install --frozen-lockfile --production --omit=peer'])
  })

  test('is built from nothing that .dockerignore keeps out', async () => {
    const copied = [...(await read('Dockerfile')).matchAll(/^COPY (?!--)(.*) \S+$/gm)].flatMap(([, paths]) =>
      (paths as string).split(' '),
    )
    const lines = (await read('.dockerignore')).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    expect(lines[0]).toBe('*')
    expect(lines.slice(1).sort()).toEqual([...new Set(copied)].map((path) => `!${path}`).sort())
  })
})

describe("the image's health check", () => {
  let status = 200
  const server = Bun.serve({
    port: 0,
    fetch: ({ url }) => new Response('', { status: new URL(url).pathname === '/health/ready' ? status : 404 }),
  })
  afterAll(() => server.stop(true))

  async function check(env: Record<string, string>): Promise<number> {
    const [line = ''] = await said('HEALTHCHECK')
    const [, ...words] = JSON.parse(line.replace(/^.*? CMD +/, '')) as string[]
    return Bun.spawn([process.execPath, ...words], { env, stderr: 'ignore' }).exited
  }

  test('is passed by a service that is ready', async () => {
    status = 200
    expect(await check({ SOCKET_PORT: `${server.port}` })).toBe(0)
    expect(await check({ PORT: `${server.port}` })).toBe(0)
  })

  test('is failed by one that is not', async () => {
    status = 503
    expect(await check({ SOCKET_PORT: `${server.port}` })).toBe(1)
  })

  test('is failed where nothing answers', async () => {
    const gone = Bun.serve({ port: 0, fetch: () => new Response() })
    await gone.stop(true)
    expect(await check({ SOCKET_PORT: `${gone.port}` })).toBe(1)
  })
})

interface Compose {
  services: { parley: { environment: Record<string, string> } }
  volumes: object
}

describe('compose.yaml', async () => {
  const { services, volumes } = Bun.YAML.parse(await read('compose.yaml')) as Compose
  const { JWT_SECRET, ...others } = services.parley.environment

  test('runs the image with its data in a volume, and will not without a secret', () => {
    expect(services.parley).toMatchObject({ build: '.', volumes: ['data:/data'], ports: ['3001:3001'] })
    expect(JWT_SECRET).toStartWith('${JWT_SECRET:?')
    expect(Object.keys(volumes)).toEqual(['data'])
  })

  test('sets nothing that the service does not know, and nothing it refuses', () => {
    expect(Object.keys(others).filter((name) => !(name in settings))).toEqual([])
    const unset = Object.entries(others).map(([name, value]) => [name, value.replace(/^\$\{\w+:-(.*)\}$/, '$1')])
    const env = { NODE_ENV: 'production', JWT_SECRET: 'x'.repeat(32), ...Object.fromEntries(unset) }
    expect(readConfig(env)).toMatchObject({ environment: 'production', origins: [] })
  })
})
