/** Whose request it is. What a request says of that itself is believed from trusted proxies only. */
import { BlockList, isIP } from 'node:net'

export interface Peer {
  readonly address: string
  readonly secure: boolean
}

interface Asked {
  requestIP(request: Request): { readonly address: string } | null
}

/** An IPv4 address that came in over an IPv6 socket is that IPv4 address. */
const plain = (address: string): string => (/^::ffff:[\d.]+$/i.test(address) ? address.slice(7) : address.toLowerCase())

function blockList(entries: readonly string[]): BlockList {
  const list = new BlockList()
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return list
}

function trusting(trustedProxies: readonly string[]) {
  const list = blockList(trustedProxies)
  return (address: string) => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

export function peers(trustedProxies: readonly string[]) {
  const trusted = trusting(trustedProxies)

  /** Proxies append: from the right, the first that is none of ours is the client. */
  function forwarded({ headers }: Request, direct: string): string {
    const fly = headers.get('fly-client-ip')?.trim()
    if (fly && isIP(fly)) return plain(fly)
    const hops = headers.get('x-forwarded-for')?.split(',') ?? []
    let client = direct
    for (const hop of hops.reverse()) {
      const address = plain(hop.trim())
      if (!isIP(address)) break
      client = address
      if (!trusted(address)) break
    }
    return client
  }

  return function peerOf(request: Request, server: Asked): Peer {
    const direct = plain(server.requestIP(request)?.address ?? '')
    const secure = request.url.startsWith('https:')
    if (trustedProxies.length === 0 || !isIP(direct) || !trusted(direct)) return { address: direct, secure }
    const scheme = request.headers.get('x-forwarded-proto')?.split(',').at(-1)?.trim().toLowerCase()
    return { address: forwarded(request, direct), secure: scheme ? scheme === 'https' : secure }
  }
}

/** The network of a client. A proxy of ours stands for everybody, and so for nobody. */
export function clientNetworks(trustedProxies: readonly string[]) {
  const trusted = trusting(trustedProxies)
  return (address: string): string | undefined =>
    isIP(address) === 0 || trusted(address) ? undefined : networkOf(address)
}

/** What one household or host has: in IPv6 that is a network of 64 bits, not an address. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address
  const [head = '', tail] = address.split('::')
  const left = head.split(':').filter(Boolean)
  const right = tail?.split(':').filter(Boolean) ?? []
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length
  const groups = [...left, ...Array<string>(Math.max(zeros, 0)).fill('0'), ...right]
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')
}
