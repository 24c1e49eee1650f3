/** Reads the two documents and lays them out: commands, events, addresses, refusals and what they share. */
import { byId, make } from '/demo/dom.js'
import { finding } from './find.js'
import { commandCard, eventCard, marked, routeCard } from './operation.js'
import { shapeOf } from './shape.js'

const read = async (path) => {
  const answer = await fetch(path)
  if (!answer.ok) throw new Error(`${path} could not be read (${answer.status}).`)
  return answer.json()
}

/** @typedef {{ id: string, title: string, lead: string, groups: { title: string, cards: HTMLElement[] }[] }} Section */

const capital = (word) => word[0].toUpperCase() + word.slice(1)

/** @param {[string, HTMLElement][]} tagged */
function grouped(tagged) {
  const groups = Map.groupBy(tagged, ([tag]) => tag)
  return [...groups].map(([tag, cards]) => ({ title: capital(tag), cards: cards.map(([, card]) => card) }))
}

/** @returns {Section[]} */
function sectionsOf(asyncapi, openapi) {
  const operations = Object.entries(asyncapi.operations).filter(
    ([, { channel }]) => channel.$ref === '#/channels/main', // the others say the same on a namespace of their own
  )
  const of = (action, make) =>
    grouped(
      operations
        .filter(([, operation]) => operation.action === action)
        .map(([name, operation]) => [operation.tags[0].name, make(asyncapi, name)]),
    )
  const routes = Object.entries(openapi.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [operation.tags[0], routeCard(operation, method, path)]),
  )
  return [
    {
      id: 'commands',
      title: 'Commands',
      lead: 'What a client sends. Each is answered with an acknowledgement.',
      groups: of('receive', commandCard),
    },
    { id: 'events', title: 'Events', lead: 'What the service tells.', groups: of('send', eventCard) },
    { id: 'http', title: 'HTTP', lead: openapi.info.description, groups: grouped(routes) },
  ]
}

/** @param {Section} section */
function sectionOf({ id, title, lead, groups }) {
  const groupOf = ({ title, cards }) => make('div.group', {}, make('h3', {}, title), ...cards)
  return make('section', { id }, make('h2', {}, title), make('p.quiet', {}, marked(lead)), ...groups.map(groupOf))
}

/** @param {Record<string, { status: number, retryable: boolean }>} failures */
function failuresSection(failures) {
  const row = ([code, { status, retryable }]) =>
    make(
      'tr',
      {},
      make('th', { scope: 'row' }, make('code', {}, code)),
      make('td', {}, String(status)),
      make('td', {}, retryable ? 'yes' : 'no'),
    )
  const head = make(
    'thead',
    {},
    make('tr', {}, ...['Code', 'HTTP', 'Worth a retry'].map((name) => make('th', { scope: 'col' }, name))),
  )
  return make(
    'section',
    { id: 'refusals' },
    make('h2', {}, 'Refusals'),
    make(
      'p.quiet',
      {},
      'What an error holds, and every code there is. The last few are reasons why a connection is closed.',
    ),
    make('div', { id: 'failure' }),
    make('table', {}, head, make('tbody', {}, ...Object.entries(failures).map(row))),
  )
}

function sharedSection(schemas) {
  const shape = ([name, schema]) =>
    make('div.shape', { id: `shape-${name}` }, make('h3', {}, name), ...shapeOf(schema).filter(Boolean))
  return make('section', { id: 'shapes' }, make('h2', {}, 'Shapes'), ...Object.entries(schemas).map(shape))
}

/** @param {Section[]} sections */
function indexOf(sections) {
  const link = (card) =>
    make('li', {}, make('a', { href: `#${card.id}`, 'data-for': card.id }, card.querySelector('.name').textContent))
  const part = ({ id, title, groups }) => [
    make('a.part', { href: `#${id}` }, title),
    make('ul', {}, ...groups.flatMap(({ cards }) => cards.map(link))),
  ]
  const rest = [
    ['refusals', 'Refusals'],
    ['shapes', 'Shapes'],
  ].map(([id, title]) => make('a.part', { href: `#${id}` }, title))
  return [...sections.flatMap(part), ...rest]
}

/** Whoever comes by a link finds it open, whatever was looked for before. @param {() => void} showAll */
function openLinked(showAll) {
  const linked = document.getElementById(decodeURIComponent(location.hash.slice(1)))
  if (!linked) return
  if (linked.closest('[hidden]')) showAll()
  if (linked instanceof HTMLDetailsElement) linked.open = true
  linked.scrollIntoView()
}

async function show() {
  const [asyncapi, openapi] = await Promise.all([read('/asyncapi.json'), read('/openapi.json')])
  const { Envelope, Failure, ...others } = asyncapi.components.schemas
  const shared = Object.fromEntries(Object.entries(others).filter(([name]) => name in openapi.components.schemas))
  const sections = sectionsOf(asyncapi, openapi)
  byId('version').textContent = asyncapi.info.version
  byId('envelope').replaceChildren(...shapeOf(Envelope).filter(Boolean))
  byId('said').replaceChildren(
    ...sections.map(sectionOf),
    failuresSection(asyncapi['x-failures']),
    sharedSection(shared),
  )
  byId('failure').replaceChildren(...shapeOf(Failure).filter(Boolean))
  byId('index').replaceChildren(...indexOf(sections))
  const showAll = finding(byId('find'), byId('nothing'))
  addEventListener('hashchange', () => openLinked(showAll))
  openLinked(showAll)
}

byId('contents').open = matchMedia('(min-width: 900px)').matches
show().catch((error) => byId('said').replaceChildren(make('p.refused', { role: 'alert' }, error.message)))
