/** A real Chromium, driven by playwright-core. Where there is none that is said aloud, and is a failure where services are required. */
import { describe, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const { CHROMIUM, SERVICES } = process.env
const PLACES = [CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

const found = PLACES.find((path) => path !== undefined && existsSync(path))

const SWITCHES = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // pages in the background keep their pace, as if each were looked at
  '--disable-background-timer-throttling',
  '--disable-renderer-backgrounding',
]

export function openChromium(): Promise<Browser> {
  if (!found) throw new Error(missing)
  return chromium.launch({ executablePath: found, headless: true, args: SWITCHES })
}

const missing = `No Chromium at ${PLACES.filter(Boolean).join(', ')}: install it, or name it in CHROMIUM.`

/** As `describe`, for what needs a browser. */
export function describeInChromium(name: string, body: () => void) {
  if (found) return describe(name, body)
  if (SERVICES === 'required') {
    test(name, () => {
      throw new Error(missing)
    })
    return
  }
  console.warn(`SKIPPED: ${name}. ${missing}`)
  describe.skip(name, body)
}
