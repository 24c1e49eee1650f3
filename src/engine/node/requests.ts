/** Requests of node:http to the engine's path: looked at first, as on every engine, then given to Socket.IO's own. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { BAD_REQUEST, entrance, isConsistent } from '../entrance.ts'
import type { NodeEngine } from './engine.ts'
import type { EngineRequest } from './upstream.ts'

const METHODS = new Set(['GET', 'POST'])

export function requests(engine: NodeEngine) {
  const { owns, look, keepOut, error } = entrance(engine)

  /** Its headers are all that is looked at. */
  function webRequest({ method = 'GET', url = '', headers }: IncomingMessage): Request | undefined {
    try {
      const pairs = Object.entries(headers).map(([name, value]) => [name, String(value)] as [string, string])
      return new Request(`http://localhost${url}`, { method, headers: pairs })
    } catch {
      return undefined // what no browser would send
    }
  }

  function refusal(incoming: IncomingMessage): Response | undefined {
    try {
      return objection(incoming)
    } catch (thrown) {
      engine.hooks.onError(thrown)
      return new Response(null, { status: 500 })
    }
  }

  /** Nothing: it was let in. */
  function objection(incoming: IncomingMessage): Response | undefined {
    const request = webRequest(incoming)
    if (!request) return new Response(null, { status: 400 })
    const asked = look(request)
    if (asked instanceof Response) return asked
    if (!isConsistent(asked) || !METHODS.has(request.method)) return error(BAD_REQUEST, asked)
    const keptOut = asked.sid === undefined ? keepOut(engine.peerOf(request, incoming).address) : undefined
    if (keptOut) return keptOut
    Object.assign(incoming, { asked, _query: Object.fromEntries(asked.query) })
    return undefined
  }

  function onRequest(incoming: IncomingMessage, response: ServerResponse) {
    const answer = refusal(incoming)
    if (answer) return void respond(response, answer)
    for (const [name, value] of Object.entries((incoming as EngineRequest).asked.headers))
      response.setHeader(name, value)
    engine.handleRequest(incoming, response)
  }

  function onUpgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer) {
    const answer = refusal(incoming)
    if (answer) return void refuseUpgrade(socket, answer)
    engine.handleUpgrade(incoming, socket, head)
  }

  return { owns, onRequest, onUpgrade }
}

async function respond(response: ServerResponse, answer: Response) {
  response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
}

/** There is no response to an upgrade but what is written by hand. */
async function refuseUpgrade(socket: Duplex, answer: Response) {
  const body = await answer.text()
  const headers = {
    ...Object.fromEntries(answer.headers),
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  socket.end([`HTTP/1.1 ${answer.status} Refused`, ...lines, '', body].join('\r\n'))
}
