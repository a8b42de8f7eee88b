import { UA } from 'jssip'
import type { RTCSession } from 'jssip/lib/RTCSession'
import { mend } from '../phone/mend.ts'
import { address } from '../phone/number.ts'
import { SipSocket } from '../phone/socket.ts'
import type { Me } from '../state/api.ts'
import { within } from './steps.ts'

/** How audio is made to go. */
export type Way = 'udp' | 'tcp' | 'relay'

const patience = 8000 // ms until a way counts as closed
const gathering = 300 // ms after the last address was found

/** A call to the number at which one hears oneself. */
export interface Line {
  pc: RTCPeerConnection
  hangUp(): void
}

/** Why there is none: "socket", "off" (no audio with browsers), "refused", "unreachable". */
export class NoLine extends Error {
  constructor(readonly code: 'socket' | 'off' | 'refused' | 'unreachable') {
    super(code)
  }
}

/** Calls with a connection of its own, whatever the phone of the page does. */
export async function call(me: Me, target: string, way: Way, sound: MediaStream): Promise<Line> {
  const url = new URL(me.sip.server, location.href)
  url.protocol = 'wss:'
  const ua = new UA({
    sockets: new SipSocket(url.href), uri: me.sip.uri, authorization_user: me.sip.username, password: me.sip.password,
    realm: me.sip.realm, register: false, session_timers: false, user_agent: 'Dialtone web phone, check'
  })
  try {
    const connected = new Promise<true>((done) => ua.on('connected', () => done(true)))
    ua.start()
    if (!(await within(patience, connected))) throw new NoLine('socket')
    const session = ua.call(address(target, me.domain), {
      mediaStream: sound,
      pcConfig: { iceServers: way === 'relay' ? me.ice.servers : [], iceTransportPolicy: way === 'relay' ? 'relay' : 'all', bundlePolicy: 'max-bundle' }
    })
    mend(session)
    const pc = await answered(session, way)
    if (!(await within(patience, flows(pc)))) {
      session.terminate()
      throw new NoLine('unreachable')
    }
    return { pc, hangUp: () => end(ua, session) }
  } catch (e) {
    ua.stop()
    throw e
  }
}

function answered(session: RTCSession, way: Way): Promise<RTCPeerConnection> {
  let timer = 0
  session.on('icecandidate', (e) => {
    window.clearTimeout(timer)
    timer = window.setTimeout(e.ready, gathering)
  })
  session.on('sdp', (e) => {
    if (e.originator === 'remote') e.sdp = only(way, e.sdp)
  })
  return new Promise((done, failed) => {
    session.on('accepted', () => done(session.connection))
    session.on('failed', (e) => {
      const status = (e.message as { status_code?: number } | null)?.status_code ?? 0
      failed(new NoLine(status === 488 ? 'off' : 'refused'))
    })
  })
}

/** Leaves the candidates that are not of a way out of a description. */
export function only(way: Way, sdp: string): string {
  if (way === 'relay') return sdp
  return sdp.split('\r\n').filter((line) => !line.startsWith('a=candidate:') || line.split(' ')[2]?.toLowerCase() === way).join('\r\n')
}

function flows(pc: RTCPeerConnection): Promise<true> {
  return new Promise((done) => {
    const look = () => pc.connectionState === 'connected' && done(true)
    pc.addEventListener('connectionstatechange', look)
    look()
  })
}

function end(ua: UA, session: RTCSession): void {
  if (!session.isEnded()) session.terminate()
  ua.stop()
}
