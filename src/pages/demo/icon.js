/** The signs of the page, drawn from their outlines: they are there without a request, so also without a network. */

/** @type {Record<string, { box?: string, line?: number, d: string }>} without `line` it is filled */
const signs = {
  back: { line: 2, d: 'M14.5 5l-7 7 7 7' },
  close: { line: 2, d: 'M6 6l12 12M18 6 6 18' },
  compose: {
    line: 1.8,
    d: 'M12 4.5H6.5A2.5 2.5 0 0 0 4 7v10.5A2.5 2.5 0 0 0 6.5 20H17a2.5 2.5 0 0 0 2.5-2.5V12M17.3 3.9a1.95 1.95 0 0 1 2.8 2.8L12.5 14.3 8.9 15.1l.8-3.6z',
  },
  leave: { line: 1.8, d: 'M10 4H7a2.5 2.5 0 0 0-2.5 2.5v11A2.5 2.5 0 0 0 7 20h3M15.5 8l4 4-4 4M19 12h-9' },
  people: {
    line: 1.8,
    d: 'M5.8 8.5a3.2 3.2 0 1 0 6.4 0a3.2 3.2 0 1 0-6.4 0zM3 19c.5-3.2 2.9-5 6-5s5.5 1.8 6 5M15.5 5.7a3 3 0 0 1 0 5.6M17.5 14.4c1.9.7 3.1 2.3 3.5 4.6',
  },
  channel: {
    line: 1.8,
    d: 'M4 10v4a1.5 1.5 0 0 0 1.5 1.5H8l8 4v-15l-8 4H5.5A1.5 1.5 0 0 0 4 10zM19 9.5a4 4 0 0 1 0 5M8 15.5V19',
  },
  picture: {
    line: 1.8,
    d: 'M6 4.5h12a2.5 2.5 0 0 1 2.5 2.5v10a2.5 2.5 0 0 1-2.5 2.5h-12a2.5 2.5 0 0 1-2.5-2.5v-10a2.5 2.5 0 0 1 2.5-2.5zM7.4 9.8a1.6 1.6 0 1 0 3.2 0a1.6 1.6 0 1 0-3.2 0zM4 17l4.8-4.3 3.4 3 3.6-4.2 4.4 4.8',
  },
  send: {
    d: 'M3.7 19.2 5.5 13l7.5-1-7.5-1-1.8-6.2c-.3-.9.6-1.7 1.4-1.3l15.5 7.6a1 1 0 0 1 0 1.8L5.1 20.5c-.8.4-1.7-.4-1.4-1.3z',
  },
  more: {
    d: 'M4.3 12a1.7 1.7 0 1 0 3.4 0a1.7 1.7 0 1 0-3.4 0zM10.3 12a1.7 1.7 0 1 0 3.4 0a1.7 1.7 0 1 0-3.4 0zM16.3 12a1.7 1.7 0 1 0 3.4 0a1.7 1.7 0 1 0-3.4 0z',
  },
  reply: { line: 1.8, d: 'M9.5 6l-5 5 5 5M5 11h8.5a6 6 0 0 1 6 6v1' },
  edit: { line: 1.8, d: 'M16 4.6a2.3 2.3 0 0 1 3.3 3.3L8.3 18.9 4 20l1.1-4.3zM13.8 6.8l3.3 3.3' },
  delete: {
    line: 1.8,
    d: 'M4.5 7h15M9.5 7V4.8h5V7M6.5 7l.9 11.2A1.5 1.5 0 0 0 8.9 19.6h6.2a1.5 1.5 0 0 0 1.5-1.4L17.5 7M10.3 10.8v5M13.7 10.8v5',
  },
  copy: {
    line: 1.8,
    d: 'M10.5 8.5h7a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2h-7a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2zM15.5 8.5v-2a2 2 0 0 0-2-2h-7a2 2 0 0 0-2 2v7a2 2 0 0 0 2 2h2',
  },
  retry: { line: 1.8, d: 'M19.5 12a7.5 7.5 0 1 1-2.3-5.4M19.5 4v4h-4' },
  down: { line: 2, d: 'M6 9.5l6 6 6-6' },
  online: { d: 'M6 12a6 6 0 1 0 12 0a6 6 0 1 0-12 0z' },
  away: { line: 2, d: 'M6 12a6 6 0 1 0 12 0a6 6 0 1 0-12 0zM12 9.5V12l1.8 1.2' },
  dnd: { line: 2, d: 'M6 12a6 6 0 1 0 12 0a6 6 0 1 0-12 0zM9.5 12h5' },
  offline: { line: 2, d: 'M6 12a6 6 0 1 0 12 0a6 6 0 1 0-12 0z' },
  waiting: { box: '0 0 18 12', line: 1.4, d: 'M6.4 6a4.6 4.6 0 1 0 9.2 0a4.6 4.6 0 1 0-9.2 0zM11 3.5V6l1.6 1' },
  sent: { box: '0 0 18 12', line: 1.7, d: 'M6.5 6.5l3 3 6-7' },
  delivered: { box: '0 0 18 12', line: 1.7, d: 'M1.5 6.5l3 3 6-7M8.8 8.8l.9.7 6-7' },
  failed: { box: '0 0 18 12', line: 1.5, d: 'M6.2 6a4.8 4.8 0 1 0 9.6 0a4.8 4.8 0 1 0-9.6 0zM11 3.5v3M11 8.5v.01' },
}

const SVG = 'http://www.w3.org/2000/svg'

/** @param {string} name */
export function icon(name) {
  const { box = '0 0 24 24', line, d } = signs[name]
  const path = draw('path', { d, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' })
  const paint = line ? { fill: 'none', stroke: 'currentColor', 'stroke-width': line } : { fill: 'currentColor' }
  const svg = draw('svg', { viewBox: box, class: 'icon', 'aria-hidden': 'true', ...paint })
  svg.append(path)
  return svg
}

function draw(tag, attributes) {
  const element = document.createElementNS(SVG, tag)
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value))
  return element
}
