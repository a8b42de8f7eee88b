import { UA } from 'jssip'
import type { IncomingMessageEvent, OutgoingMessageEvent, RTCSessionEvent } from 'jssip/lib/UA'
import { type Exchange, SipCall } from './call.svelte.ts'
import { address } from './number.ts'
import type { Account, Call, Devices, Listener, MakePhone, Phone } from './phone.ts'
import { SipSocket } from './socket.ts'

const longestRing = 180 // seconds
const farewell = 1000 // ms to unregister in

/** A phone on JsSIP. */
class SipPhone implements Phone, Exchange {
  readonly domain: string
  speaker = ''
  private wanted: Devices = { microphone: '', speaker: '', clean: true }
  private readonly ua: UA
  private readonly calls = new Set<SipCall>()
  private lost = false // the connection was, since the last registration
  private renewing = false

  constructor(account: Account, name: string, private readonly ice: RTCIceServer[], private readonly listener: Listener) {
    this.domain = account.uri.replace(/^sip:[^@]*@/, '')
    const server = new URL(account.server, location.href)
    server.protocol = server.protocol.replace('http', 'ws')
    this.ua = new UA({
      sockets: new SipSocket(server.href),
      uri: account.uri,
      display_name: name,
      authorization_user: account.username,
      password: account.password,
      realm: account.realm,
      instance_id: instance(),
      register_expires: 300,
      no_answer_timeout: longestRing,
      session_timers: true,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 5,
      user_agent: 'Dialtone web phone'
    })
    this.listen()
  }

  private listen(): void {
    const { ua, listener } = this
    ua.on('connecting', () => listener.link('connecting'))
    ua.on('disconnected', () => {
      this.lost = true
      listener.link('offline')
    })
    ua.on('registered', () => this.registered())
    ua.on('registrationFailed', () => this.refused())
    ua.on('registrationExpiring', () => void this.renew())
    ua.on('newRTCSession', (e: RTCSessionEvent) => {
      if (e.originator !== 'remote') return
      listener.call(this.keep(new SipCall(e.session, this, null)))
    })
    ua.on('newMessage', (e: IncomingMessageEvent | OutgoingMessageEvent) => {
      if (e.originator !== 'remote') return
      const { uri, display_name } = e.message.remote_identity
      listener.message(uri.user, display_name ?? '', e.request.body ?? '')
    })
  }

  private registered(): void {
    this.renewing = false
    this.listener.link('ready')
    if (!this.lost) return
    this.lost = false
    for (const call of this.calls) call.reconnect()
  }

  /** A password that has run out is renewed once; what is refused then stays refused. */
  private refused(): void {
    if (!this.ua.isConnected()) return
    if (this.renewing) {
      this.renewing = false
      this.listener.link('refused')
      return
    }
    void this.renew()
  }

  private async renew(): Promise<void> {
    this.renewing = true
    try {
      const account = await this.listener.renew()
      this.ua.set('authorization_user', account.username)
      this.ua.set('password', account.password)
      this.ua.register()
    } catch {
      this.renewing = false
      this.listener.link('refused')
    }
  }

  private keep(call: SipCall): SipCall {
    this.calls.add(call)
    const forget = () => this.calls.delete(call)
    call.session.on('ended', forget)
    call.session.on('failed', forget)
    return call
  }

  microphone(): Promise<MediaStream> {
    if (!navigator.mediaDevices) return Promise.reject(new DOMException('', 'SecurityError'))
    const { microphone, clean } = this.wanted
    return navigator.mediaDevices.getUserMedia({
      audio: {
        deviceId: microphone ? { ideal: microphone } : undefined,
        echoCancellation: clean,
        noiseSuppression: clean,
        autoGainControl: clean
      }
    })
  }

  answering(): RTCConfiguration {
    return { iceServers: this.ice, bundlePolicy: 'max-bundle' }
  }

  start(): void {
    this.ua.start()
  }

  stop(): Promise<void> {
    const { ua } = this
    if (!ua.isRegistered()) {
      ua.stop()
      return Promise.resolve()
    }
    return new Promise((stopped) => {
      ua.on('unregistered', () => stopped())
      window.setTimeout(stopped, farewell)
      ua.stop()
    })
  }

  async call(number: string): Promise<Call> {
    const stream = await this.microphone()
    const session = this.ua.call(address(number, this.domain), { mediaStream: stream, pcConfig: this.answering() })
    return this.keep(new SipCall(session, this, stream))
  }

  send(number: string, text: string): Promise<void> {
    return new Promise((taken, refused) => {
      this.ua.sendMessage(address(number, this.domain), text, {
        contentType: 'text/plain;charset=utf-8',
        eventHandlers: { succeeded: () => taken(), failed: (e) => refused(new Error(e.cause)) }
      })
    })
  }

  use(devices: Devices): void {
    this.wanted = devices
    this.speaker = devices.speaker
    for (const call of this.calls) call.listenOn(this.speaker)
  }
}

/** The same browser is the same phone after a reload (RFC 5626 §4.1). */
function instance(): string {
  const kept = localStorage.getItem('dialtone.instance')
  if (kept) return kept
  const fresh = crypto.randomUUID()
  localStorage.setItem('dialtone.instance', fresh)
  return fresh
}

export const makePhone: MakePhone = (account, name, ice, listener) => new SipPhone(account, name, ice, listener)
