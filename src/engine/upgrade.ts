/** From polling to a WebSocket: one try a connection, one probe a try, and nothing lost on the way. */
import type { Connection } from './connection.ts'
import { PollingTransport } from './polling.ts'
import type { WebSocketTransport } from './websocket.ts'

export function beginUpgrade(connection: Connection, transport: WebSocketTransport) {
  connection.upgradeState = 'upgrading'
  connection.probing = transport
  transport.owner = connection
  connection.keeper.upgrades.add(connection)
}

/**
 * A client that had its probe answered stops polling, and never polls again if the WebSocket is closed on it before it
 * has gone over. So where the connection ended meanwhile, it is let go over first.
 */
export function probe(connection: Connection, transport: WebSocketTransport, frame: string | Buffer) {
  if (transport !== connection.probing) return transport.close()
  if (connection.readyState === 'closed') return sendOff(connection, transport, frame)
  if (frame === '2probe' && !transport.probed) return answerProbe(connection, transport)
  if (frame === '5' && transport.probed) return finish(connection, transport)
  transport.close()
}

function sendOff({ id, keeper }: Connection, transport: WebSocketTransport, frame: string | Buffer) {
  if (frame === '5') transport.send(keeper.parted(id))
  transport.close()
}

/** The client finishes the poll that is under way before it goes over, so that poll must end. */
function answerProbe(connection: Connection, transport: WebSocketTransport) {
  transport.probed = true
  transport.push('3probe')
  if (connection.transport instanceof PollingTransport) connection.transport.answer('6')
  connection.emitReserved('upgrading', transport)
}

/** What waited goes first: a listener may subscribe to what is published from now on, and that must come after it. */
function finish(connection: Connection, transport: WebSocketTransport) {
  const polling = connection.transport
  connection.probing = undefined
  connection.upgradeState = 'upgraded'
  connection.keeper.upgrades.delete(connection)
  connection.bindTransport(transport)
  polling.doClose()
  connection.flush()
  connection.emitReserved('upgrade', transport)
}
