import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Plugin } from 'vite'

// Answers under /api/phone as the exchange does, to look at screens with. The cookie
// "look" chooses a state: out, empty, failing, absent, slow.

const ago = (minutes: number) => new Date(Date.now() - minutes * 60_000).toISOString()

const people = [
  ['100', 'Alice Martin', 'free'], ['101', 'Bruno Lefèvre', 'talking'], ['102', 'Chiara Rossi', 'free'], ['103', 'David Okafor', 'dnd'],
  ['104', 'Émilie Durand', 'offline'], ['105', 'Farid Benali', 'ringing'], ['110', 'Reception', 'free'], ['120', 'Workshop', 'free'],
  ['121', 'Maximiliane Freiherrin von Hohenfels-Weißenstein', 'free']
]
const call = (id: number, direction: string, number: string, name: string, minutes: number, seconds: number, cause = 'normal') => ({
  id: String(id), direction, number, name, at: ago(minutes), seconds, answered: seconds > 0, cause,
  missed: direction === 'in' && seconds === 0 && cause !== 'answered-elsewhere'
})

const answers: Record<string, unknown> = {
  session: {
    extension: '100', name: 'Alice Martin', domain: 'pbx.example', language: '',
    sip: { uri: 'sip:100@pbx.example', username: 'x', password: 'x', realm: 'x', server: '/ws', expires: 3600 }, ice: { servers: [] }
  },
  directory: people.map(([extension, name, state]) => ({ extension, name, state, note: extension === '104' ? 'In Lyon until Friday' : '', picture: '' })),
  'calls/now': [],
  calls: [
    call(1, 'in', '102', '', 12, 0, 'no-answer'), call(2, 'out', '+33123456789', 'Atelier Nord', 55, 187), call(3, 'in', '101', '', 130, 64),
    call(4, 'in', '+441632960001', '', 1500, 0, 'cancelled'), call(5, 'out', '105', '', 1700, 0, 'busy'), call(6, 'in', '110', '', 3000, 3725),
    call(7, 'in', '103', '', 9000, 0, 'answered-elsewhere'), call(8, 'out', '121', '', 22000, 41), call(9, 'in', '104', '', 40000, 312)
  ],
  voicemail: [
    { id: 'a', from: '102', name: 'Chiara Rossi', at: ago(12), seconds: 23, heard: false, transcript: 'Hi, it’s Chiara. The samples arrived this morning, could you call me back before noon?' },
    { id: 'b', from: '+33123456789', name: 'Atelier Nord', at: ago(1600), seconds: 71, heard: true },
    { id: 'c', from: '104', name: '', at: ago(5000), seconds: 9, heard: true }
  ],
  chats: [
    { with: '102', name: '', text: 'Great, see you at ten then', last: ago(3), mine: false },
    { with: '101', name: '', text: 'I will bring the drawings', last: ago(200), mine: true },
    { with: '110', name: '', text: 'A parcel for you is at the desk.', last: ago(3100), mine: false }
  ],
  'chats/102': [
    { id: '1', state: 'delivered', mine: false, text: 'Are you in the office tomorrow?', at: ago(30) }, { id: '2', state: 'delivered', mine: true, text: 'Yes, from nine. Shall we look at the samples together?\nI have the small room.', at: ago(20) },
    { id: '3', state: 'delivered', mine: false, text: '👍', at: ago(4) }, { id: '4', state: 'delivered', mine: false, text: 'Great, see you at ten then', at: ago(3) }
  ],
  own: {
    contacts: [{ id: 'nord', name: 'Atelier Nord', company: 'Nord SARL', email: 'bonjour@nord.example', numbers: ['+33123456789'] }],
    favourites: ['102', 'nord'], note: '', away: false, picture: '', seen: { calls: ago(100), chats: { '101': ago(100), '110': ago(100) } }
  },
  settings: { dnd: 'off', forward: 'off', 'forward-busy': 'off', 'forward-no-answer': '+33123456789 after 20s', 'forward-not-registered': 'voicemail' }
}

function answer(req: IncomingMessage, res: ServerResponse, path: string): void {
  const look = /look=(\w+)/.exec(req.headers.cookie ?? '')?.[1] ?? ''
  const say = (status: number, body?: unknown) => {
    res.writeHead(status, { 'Content-Type': 'application/json' })
    res.end(body === undefined ? '' : JSON.stringify(body))
  }
  if (path === 'login') return say(look === 'out' ? 401 : 204, look === 'out' ? { code: 'wrong' } : undefined)
  if (path === 'session') return look === 'out' ? say(401, { code: 'out' }) : say(200, answers.session)
  if (path === 'events') {
    res.writeHead(200, { 'Content-Type': 'text/event-stream' })
    res.write(':\n\n')
    return
  }
  if (req.method !== 'GET') return say(204)
  if (look === 'slow') return
  if (look === 'failing') return say(500, { code: 'failed' })
  if (look === 'absent') return say(404)
  const body = answers[path]
  if (look === 'empty') return say(200, Array.isArray(body) ? [] : body)
  return body === undefined ? say(200, []) : say(200, body)
}

export function mockServer(): Plugin {
  return {
    name: 'mock-server',
    configureServer(server) {
      server.middlewares.use('/api/phone', (req, res) => answer(req, res, (req.url ?? '').slice(1).split('?')[0] ?? ''))
    }
  }
}
