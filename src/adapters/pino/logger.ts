/** JSON lines on standard output, each written before the call returns: what was logged before a crash is there. */
import { type DestinationStream, destination, type Logger as Pino, pino } from 'pino'
import type { Logger } from '../../ports/logger.ts'
import { redactedFields, redactedText } from './redacted.ts'

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const

interface Logged {
  readonly level: (typeof logLevels)[number]
  /** On every line. */
  readonly server: { readonly id: string; readonly region: string }
}

export function pinoLogger(
  { level, server }: Logged,
  to: DestinationStream = destination({ fd: 1, sync: true }),
): Logger {
  const written = pino(
    {
      level,
      base: { server: server.id, region: server.region },
      formatters: { level: (label) => ({ level: label }) },
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      messageKey: 'message',
      serializers: { err: (error) => error },
    },
    to,
  )
  return over(written)
}

function over(written: Pino): Logger {
  const line = (level: 'debug' | 'info' | 'warn' | 'error') => (fields: object, message: string) => {
    if (written.isLevelEnabled(level)) written[level](redactedFields(fields), redactedText(message))
  }
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    child: (fields) => over(written.child(redactedFields(fields))),
  }
}
