import type { UA } from 'jssip'
import type { IncomingMessageEvent, OutgoingMessageEvent, RTCSessionEvent } from 'jssip/lib/UA'
import { type Exchange, SipCall } from './call.svelte.ts'
import { agent } from './agent.ts'
import { answerAfter } from './answerby.ts'
import { film, listen, share } from './capture.ts'
import { soundsOther } from './devices.ts'
import type { Kept } from './kept.ts'
import { forgetAck, mendRequests } from './mend.ts'
import { address } from './number.ts'
import type { Account, Call, Devices, Listener, MakePhone, Phone } from './phone.ts'
import { SipSocket } from './socket.ts'
import { findCamera } from './videoline.ts'

const farewell = 1000 // ms to unregister in

/** A phone on JsSIP. */
class SipPhone implements Phone, Exchange {
  readonly domain: string
  speaker = ''
  private wanted: Devices = { microphone: '', speaker: '', camera: '', echo: true, noise: true, gain: true }
  private readonly ua: UA
  private readonly socket: SipSocket
  private readonly calls = new Set<SipCall>()
  private lost = false // the connection was, since the last registration
  private renewing = false

  constructor(account: Account, name: string, private ice: RTCIceServer[], private readonly listener: Listener) {
    this.domain = account.uri.replace(/^sip:[^@]*@/, '')
    const server = new URL(account.server, location.href)
    server.protocol = server.protocol.replace('http', 'ws')
    this.socket = new SipSocket(server.href)
    this.ua = agent(account, name, this.socket)
    this.listen()
  }

  private listen(): void {
    const { ua, listener } = this
    ua.on('connecting', () => listener.link('connecting'))
    ua.on('disconnected', () => {
      this.lost = true
      for (const call of this.calls) forgetAck(call.session)
      listener.link('offline')
    })
    ua.on('registered', () => this.registered())
    ua.on('registrationFailed', () => this.refused())
    ua.on('registrationExpiring', () => void this.renew())
    ua.on('newRTCSession', (e: RTCSessionEvent) => {
      if (e.originator !== 'remote') return
      const after = answerAfter(e.request.getHeader('call-info') ?? '', e.request.getHeader('alert-info') ?? '')
      const toVoicemail = e.request.getHeader('x-decline') === 'voicemail'
      listener.call(this.keep(new SipCall(e.session, this, null, e.request.body ?? '', after, toVoicemail)))
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
      const { account, ice } = await this.listener.renew()
      this.ice = ice
      for (const { session } of this.calls) session.connection?.setConfiguration(this.answering())
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
    for (const over of ['ended', 'failed'] as const) call.session.on(over, () => this.calls.delete(call))
    return call
  }

  microphone(): Promise<MediaStream> {
    return listen(this.wanted)
  }

  camera(): Promise<MediaStreamTrack> {
    return film(this.wanted)
  }

  screen(): Promise<MediaStreamTrack> {
    return share()
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

  async call(number: string, video = false): Promise<Call> {
    const stream = await this.microphone()
    const found = video ? await findCamera(this, stream) : undefined
    const session = this.ua.call(address(number, this.domain), { mediaStream: stream, pcConfig: this.answering() })
    const call = new SipCall(session, this, stream)
    if (found) call.video.begin(found)
    return this.keep(call)
  }

  kept(): Kept[] {
    return [...this.calls].map((call) => call.kept).filter((kept) => kept !== null)
  }

  async resume(kept: Kept): Promise<Call> {
    const stream = await this.microphone()
    const found = kept.film === 'camera' ? await findCamera(this, stream) : undefined
    const target = address(kept.number || 'anonymous', this.domain)
    const extraHeaders = [`Replaces: ${kept.replaces}`]
    const session = this.ua.call(target, { mediaStream: stream, pcConfig: this.answering(), extraHeaders })
    const call = new SipCall(session, this, stream)
    call.resumes(kept)
    if (found) call.video.begin(found)
    return this.keep(call)
  }

  leave(): void {
    for (const call of this.calls) {
      if (call.kept) call.leave()
      else call.hangUp()
    }
    this.calls.clear()
    this.socket.abandon()
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
    const before = this.wanted
    this.wanted = devices
    this.speaker = devices.speaker
    for (const call of this.calls) {
      call.listenOn(this.speaker)
      if (soundsOther(before, devices)) void call.change().catch(() => {}) // the one it has goes on
      if (before.camera !== devices.camera) void call.video.change()
    }
  }
}

mendRequests()

export const makePhone: MakePhone = (account, name, ice, listener) => new SipPhone(account, name, ice, listener)
