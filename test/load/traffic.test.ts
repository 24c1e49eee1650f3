import { expect, test } from 'bun:test'
import type { Connection } from './connection.ts'
import { type Room, Traffic } from './traffic.ts'

interface Said {
  readonly id: number
  readonly room: Room
}

/** Rooms of two whose connections lead nowhere: what was sent is in `said`, answers and deliveries come by hand. */
function world(rooms: number) {
  const said: Said[] = []
  const all: Room[] = Array.from({ length: rooms }, (_, i) => {
    const room: Room = { id: `room-${i}`, members: [0, 1].map(() => member((id) => said.push({ id, room }))) }
    return room
  })
  const traffic = new Traffic(all, 8)
  const answer = (index: number, refusal?: string) => traffic.acknowledged(said[index]?.id ?? 0, refusal, 100, 2)
  const deliver = (index: number, seq: number) => {
    for (const one of said[index]?.room.members ?? []) traffic.delivery(one, seq, 300, 3)
  }
  return { traffic, said, answer, deliver }
}

const member = (emit: (id: number) => void): Connection =>
  ({ lastSeq: 0, emit: (packet: string) => emit(Number.parseInt(packet.slice(2), 10)) }) as unknown as Connection

const speak = (traffic: Traffic, times: number): void => {
  for (let i = 0; i < times; i++) traffic.send(1)
}

test('load traffic · a stretch in which everything came has nothing to tell', async () => {
  const { traffic, answer, deliver } = world(1)
  speak(traffic, 2)
  for (const index of [0, 1]) answer(index)
  for (const index of [0, 1]) deliver(index, 7 + index)
  expect(await traffic.settle(0)).toEqual([])
  expect(traffic.deliveryLatency.total).toBe(4)
  expect(traffic.deliveryLatency.percentile(1)).toBeCloseTo(2, 1)
  expect(traffic.ackLatency.percentile(1)).toBeCloseTo(1, 1)
})

test('load traffic · rooms take turns, and so do the members of a room', () => {
  const { traffic, said } = world(2)
  speak(traffic, 4)
  expect(said.map(({ room }) => room.id)).toEqual(['room-0', 'room-1', 'room-0', 'room-1'])
})

test('load traffic · an acknowledgement that never came is told', async () => {
  const { traffic, answer, deliver } = world(1)
  speak(traffic, 2)
  answer(0)
  deliver(0, 1)
  expect(await traffic.settle(0)).toEqual(['1 of 2 messages were not answered'])
})

test('load traffic · a delivery too few, and one too many, is told', async () => {
  const few = world(1)
  speak(few.traffic, 1)
  few.answer(0)
  expect(await few.traffic.settle(0)).toEqual(['0 deliveries where 2 were expected'])

  const many = world(1)
  speak(many.traffic, 1)
  many.answer(0)
  many.deliver(0, 1)
  many.deliver(0, 2)
  expect(await many.traffic.settle(0)).toEqual(['4 deliveries where 2 were expected'])
})

test('load traffic · a jump in the numbers is told for each receiver, though the count is right', async () => {
  const { traffic, answer, deliver } = world(1)
  speak(traffic, 2)
  for (const index of [0, 1]) answer(index)
  deliver(0, 1)
  deliver(1, 3)
  expect(await traffic.settle(0)).toEqual(['a receiver saw a jump in seq (2 times)'])
})

test('load traffic · a refused message is expected by nobody, and told', async () => {
  const { traffic, answer } = world(1)
  speak(traffic, 1)
  answer(0, '{"code":"unavailable"}')
  expect(await traffic.settle(0)).toEqual(['refused: {"code":"unavailable"} (1 times)'])
})
