/** In the order of bytes, as databases have it: JavaScript's own differs where a character takes two units. */
export function byBytes(one: string, other: string): number {
  const end = Math.min(one.length, other.length)
  for (let i = 0; i < end; i++) {
    const [a, b] = [one.charCodeAt(i), other.charCodeAt(i)]
    if (a !== b) return isHalf(a) === isHalf(b) ? a - b : isHalf(a) ? 1 : -1
  }
  return one.length - other.length
}

/** Of a character beyond all that take one unit. */
const isHalf = (unit: number) => unit >= 0xd800 && unit <= 0xdfff

/** The first after a given one, in order, of however many: no more than a page of them is ever sorted. */
export function firstOf(ids: Iterable<string>, after: string | undefined, limit: number): string[] {
  let page: string[] = []
  let last: string | undefined
  for (const id of ids) {
    if (after !== undefined && byBytes(id, after) <= 0) continue
    if (last !== undefined && byBytes(id, last) >= 0) continue
    page.push(id)
    if (page.length < 2 * limit) continue
    page = page.sort(byBytes).slice(0, limit)
    last = page.at(-1)
  }
  return page.sort(byBytes).slice(0, limit)
}
