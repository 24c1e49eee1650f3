/** Socket.IO's own engine with all guards that it can have, and Socket.IO upon it: all that a server of node:http needs. */
import { gateOf } from '../gate.ts'
import { type EngineHooks, type EngineOptions, withStandards } from '../options.ts'
import { socketServer } from '../socketio.ts'
import { type Incoming, NodeEngine } from './engine.ts'
import { requests } from './requests.ts'

export type NodeGuardedEngine = ReturnType<typeof nodeEngine>

export function nodeEngine(given: Partial<EngineOptions>, hooks: EngineHooks) {
  const options = withStandards(given)
  const engine = new NodeEngine(options, hooks)
  const io = socketServer(engine)
  return {
    options,
    io,
    engine,
    ...requests(engine),
    peerOf: (request: Request, incoming: Incoming) => engine.peerOf(request, incoming),
    ...gateOf(engine),
    close: (now?: boolean) => engine.close(now),
  }
}
