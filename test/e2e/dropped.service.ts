/** The service is killed, and the network cut and silenced, again and again: clients on devices hear all, whether they bring positions or not. */
import { expect, test } from 'bun:test'
import type { Socket } from 'bun'
import { type Client, cleanUp, client, count, environment, folder } from '../support/running.ts'
import { type Shipped, shipped } from '../support/shipped.ts'

const room_id = 'lobby'
const DEVICES = 6
const ROUNDS = 8
/** So that a silent network is noticed soon. */
const HEARTBEAT = { SOCKET_PING_INTERVAL: '400', SOCKET_PING_TIMEOUT: '400' }

interface Side {
  other: Socket<Side> | undefined
  /** What cannot be handed on yet. */
  waiting: Buffer[]
}

/** Between clients and the service: it cuts connections wherever it happens to be in a frame, or keeps silent about them. */
function network(port: () => number) {
  const inner = new Set<Socket<Side>>()
  let silent = false

  function pass(side: Side, bytes: Buffer) {
    if (silent) return
    if (side.other && side.waiting.length === 0) {
      const sent = side.other.write(bytes)
      if (sent < bytes.length) side.waiting.push(Buffer.from(bytes.subarray(Math.max(sent, 0))))
      return
    }
    side.waiting.push(Buffer.from(bytes))
  }

  function flush(side: Side) {
    for (let next = side.waiting.shift(); next; next = side.waiting.shift()) {
      const sent = Math.max(side.other?.write(next) ?? 0, 0)
      if (sent === next.length) continue
      side.waiting.unshift(next.subarray(sent))
      return
    }
  }

  const handlers = {
    data: (socket: Socket<Side>, bytes: Buffer) => pass(socket.data, bytes),
    drain: (socket: Socket<Side>) => socket.data.other && flush(socket.data.other.data),
    close(socket: Socket<Side>) {
      inner.delete(socket)
      socket.data.other?.terminate()
    },
    error() {},
  }

  const listener = Bun.listen<Side>({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      ...handlers,
      async open(socket) {
        socket.data = { other: undefined, waiting: [] }
        inner.add(socket)
        const data: Side = { other: socket, waiting: [] }
        try {
          socket.data.other = await Bun.connect({ hostname: '127.0.0.1', port: port(), data, socket: handlers })
          flush(socket.data)
        } catch {
          socket.terminate() // nobody listens there at the moment
        }
      },
    },
  })
  cleanUp(() => listener.stop(true))

  return {
    url: `http://127.0.0.1:${listener.port}`,
    /** Ends some connections, with what is on its way. */
    cut(share: number) {
      for (const socket of [...inner]) if (Math.random() < share) socket.terminate()
    },
    /** From now on nothing comes through. */
    silence(so: boolean) {
      silent = so
      if (!so) for (const socket of [...inner]) socket.terminate()
    },
  }
}

interface Told<Data> {
  readonly payload: { readonly data: Data }
}

interface Synced {
  readonly rooms: readonly { readonly room_id: string; readonly epoch: string; readonly attach_seq: number }[]
}

/** What a client made of what it heard, as its code would: it begins where it is told, and drops what it has. */
interface Reader {
  readonly socket: Client
  readonly holes: string[]
  readonly doubled: number[]
  recovered: number
  anew: number
  last: number
}

/** `precise`: it brings its position each time, as the client of this project does, and hears nothing twice. */
async function reader(url: string, device_id: string, precise: boolean): Promise<Reader> {
  const made = { holes: [] as string[], doubled: [] as number[], recovered: 0, anew: 0, last: 0, epoch: '' }
  const more = { auth: { device_id }, reconnectionDelay: 20, reconnectionDelayMax: 100, timeout: 1_000 }
  const socket = await client(url, 'bob', {}, more)
  let isAnew = false
  const auth = socket.auth as { positions?: object }

  function start({ payload }: Told<Synced>) {
    const room = payload.data.rooms.find((one) => one.room_id === room_id)
    if (!room) return
    if (isAnew || made.epoch === '') made.last = room.attach_seq
    made.epoch = room.epoch
    isAnew = false
  }

  function take({ payload }: Told<{ seq: number }>) {
    const { seq } = payload.data
    if (isAnew || made.epoch === '') return
    if (seq <= made.last) made.doubled.push(seq)
    if (seq > made.last + 1) made.holes.push(`${made.last} → ${seq}`)
    made.last = Math.max(made.last, seq)
    if (precise) auth.positions = { [room_id]: { epoch: made.epoch, seq: made.last } }
  }

  socket.on('authenticated', ({ payload }) => {
    if (payload.data.recovered) made.recovered++
    else made.anew++
    isAnew = !payload.data.recovered
  })
  socket.on('state_sync', start)
  socket.on('message_new', take)
  const known = socket.heard.find(({ name }) => name === 'state_sync') as { data: Synced }
  start({ payload: known })
  if (precise) auth.positions = { [room_id]: { epoch: made.epoch, seq: made.last } }
  return Object.assign(made, { socket })
}

test('whoever is dropped, in whatever way, comes back to all that was said: once where it brings positions, else with no hole', async () => {
  const data = await folder()
  let service = await start(data)
  const net = network(() => service.port)
  const ada = await client(service.url, 'ada', {}, { reconnectionDelayMax: 200 })
  await ada.ask('room:create', { room_id, kind: 'group', members: ['bob'] })
  const readers = await Promise.all(count(1, DEVICES).map((n) => reader(net.url, `device-${n}`, n % 2 === 0)))
  let going = true
  let sent = 0
  const talking = talk()

  async function talk() {
    for (let n = 1; going; n++) {
      const client_id = `ada-${n}`
      const send = { room_id, content: { text: client_id }, client_id }
      for (let retry = false; ; retry = true) {
        const answer = await ada
          .timeout(1_000)
          .emitWithAck('message:send', { ...send, ...(retry && { retry }) })
          .catch(() => undefined)
        if (answer?.type === 'ack') break
      }
      sent = n
      await new Promise((then) => setTimeout(then, 3))
    }
  }
  const more = async (messages: number) => {
    const enough = sent + messages
    while (sent < enough) await new Promise((then) => setImmediate(then))
  }

  await more(700) // some seconds: what all of them have is known by then
  for (const round of count(1, ROUNDS)) {
    if (round % 4 === 0) {
      await service.kill()
      service = await start(data, service.port)
    } else if (round % 4 === 2) {
      net.silence(true)
      await more(150)
      net.silence(false)
    } else net.cut(0.7)
    await more(round % 4 === 0 ? 500 : 100)
  }
  going = false
  await talking
  const head = (await ada.ask('message:sync', { rooms: [{ room_id, after_seq: 0 }] })).rooms[0].last_seq
  await Promise.all(
    readers.map(({ socket, last }) => last === head || socket.hears('message_new', ({ seq }) => seq === head)),
  )

  for (const [n, { holes, last, recovered, anew, doubled }] of readers.entries()) {
    expect({ n, holes, last }).toEqual({ n, holes: [], last: head })
    expect(recovered).toBeGreaterThan(anew)
    if (n % 2 === 1) expect({ n, doubled }).toEqual({ n, doubled: [] })
  }
}, 120_000)

async function start(data: string, port = 0): Promise<Shipped> {
  const service = await shipped(
    environment(data, { RATE_LIMITS: 'off', LOG_LEVEL: 'info', SOCKET_PORT: `${port}`, ...HEARTBEAT }),
  )
  cleanUp(() => service[Symbol.asyncDispose]())
  return service
}
