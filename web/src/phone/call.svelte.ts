import { NameAddrHeader, URI } from 'jssip'
import type { IncomingRequest } from 'jssip/lib/SIPMessage'
import type { EndEvent, IncomingEvent, OutgoingEvent, RTCSession } from 'jssip/lib/RTCSession'
import { endingOf, takenBack } from './ending.ts'
import { address } from './number.ts'
import type { Call, Ending, Phase } from './phone.ts'
import { Reoffer } from './reoffer.ts'
import { replaces } from './replaces.ts'

const gathering = 300 // ms after the last address was found, until the offer goes out
const keyLength = 120
const keyGap = 80

/** What a call needs of its phone. */
export interface Exchange {
  readonly domain: string
  readonly speaker: string
  microphone(): Promise<MediaStream>
  answering(): RTCConfiguration
}

/** A call of JsSIP. It owns the microphone's stream and what is heard. */
export class SipCall implements Call {
  readonly id: string
  readonly direction: 'in' | 'out'
  number = $state('')
  name = $state('')
  phase = $state<Phase>('calling')
  since = $state(0)
  held = $state(false)
  heldThere = $state(false)
  muted = $state(false)
  ending = $state<Ending>('normal')
  transfer = $state<'' | 'asked' | 'refused'>('')

  private readonly sound = new Audio()
  private readonly reoffer: Reoffer
  private gathered = 0

  constructor(
    readonly session: RTCSession,
    private readonly exchange: Exchange,
    private stream: MediaStream | null
  ) {
    this.id = session.id
    this.direction = session.direction === 'incoming' ? 'in' : 'out'
    this.phase = this.direction === 'in' ? 'ringing' : 'calling'
    this.number = session.remote_identity.uri.user // decoded
    this.name = session.remote_identity.display_name ?? ''
    this.reoffer = new Reoffer(session, (held) => (this.held = held))
    this.listen(session)
  }

  private listen(session: RTCSession): void {
    if (session.connection) this.connection(session.connection)
    session.on('peerconnection', (e) => this.connection(e.peerconnection))
    session.on('icecandidate', (e) => {
      window.clearTimeout(this.gathered)
      this.gathered = window.setTimeout(e.ready, gathering)
    })
    session.on('progress', (e: IncomingEvent | OutgoingEvent) => {
      if (this.direction === 'out' && 'response' in e && e.response.body) this.phase = 'early'
    })
    session.on('accepted', () => this.talk())
    session.on('confirmed', () => this.talk())
    session.on('hold', (e) => e.originator === 'remote' && (this.heldThere = true))
    session.on('unhold', (e) => e.originator === 'remote' && (this.heldThere = false))
    session.on('update', (e) => this.meet(e.request))
    session.on('reinvite', (e) => this.meet(e.request))
    session.on('ended', (e) => this.end(e))
    session.on('failed', (e) => this.end(e))
  }

  private connection(pc: RTCPeerConnection): void {
    pc.addEventListener('track', (e) => {
      this.sound.srcObject = e.streams[0] ?? new MediaStream([e.track])
      this.listenOn(this.exchange.speaker)
    })
  }

  /** The far side is another one now, after a transfer. */
  private meet(request: IncomingRequest): void {
    const who = NameAddrHeader.parse(request.getHeader('p-asserted-identity') ?? '')
    if (!who) return
    this.number = who.uri.user
    this.name = who.display_name ?? ''
  }

  private talk(): void {
    if (this.phase === 'talking' || this.phase === 'ended') return
    this.phase = 'talking'
    this.since = Date.now()
  }

  private end(e: EndEvent): void {
    if (this.phase === 'ended') return
    const answered = this.phase === 'talking'
    const message = e.message as { status_code?: number; getHeader?(name: string): string | undefined } | null
    if (answered) this.ending = e.cause === 'Connection Error' ? 'network' : 'normal'
    else if (e.originator === 'local') this.ending = e.cause === 'User Denied Media Access' ? 'microphone' : 'cancelled'
    else if (this.direction === 'in') this.ending = takenBack(message?.getHeader?.('reason') ?? '')
    else if (message?.status_code) this.ending = endingOf(message.status_code)
    else this.ending = e.cause === 'Connection Error' || e.cause === 'Request Timeout' ? 'network' : 'failed'
    this.phase = 'ended'
    this.reoffer.stop()
    window.clearTimeout(this.gathered)
    this.stream?.getTracks().forEach((track) => track.stop())
    this.sound.srcObject = null
  }

  listenOn(speaker: string): void {
    const { sound } = this
    if (!sound.srcObject) return
    // A speaker that was unplugged: the usual one is used.
    void (sound.setSinkId?.(speaker) ?? Promise.resolve()).catch(() => {}).then(() => sound.play()).catch(() => {})
  }

  async answer(): Promise<void> {
    if (this.phase !== 'ringing' || this.stream) return
    this.stream = await this.exchange.microphone()
    if (this.session.isEnded()) this.stream.getTracks().forEach((track) => track.stop())
    else this.session.answer({ mediaStream: this.stream, pcConfig: this.exchange.answering() })
  }

  decline(): void {
    if (!this.session.isEnded()) this.session.terminate({ status_code: 603 })
  }

  hangUp(): void {
    if (!this.session.isEnded()) this.session.terminate()
  }

  hold(on: boolean): void {
    this.reoffer.hold(on)
  }

  mute(on: boolean): void {
    if (on) this.session.mute({ audio: true })
    else this.session.unmute({ audio: true })
    this.muted = on
  }

  /** As an event in the audio (RFC 4733), or as INFO to those who take none. */
  key(digit: string): void {
    const dtmf = this.session.connection?.getSenders().find((s) => s.track?.kind === 'audio')?.dtmf
    if (dtmf?.canInsertDTMF) dtmf.insertDTMF(dtmf.toneBuffer + digit, keyLength, keyGap)
    else if (this.session.isEstablished()) this.session.sendDTMF(digit, { duration: keyLength })
  }

  transferTo(number: string): void {
    this.refer(URI.parse(address(number, this.exchange.domain)))
  }

  connectTo(other: Call): void {
    if (!(other instanceof SipCall)) return
    const target = URI.parse(address(other.number, this.exchange.domain))
    target?.setHeader('Replaces', encodeURIComponent(replaces(other.session)))
    this.refer(target)
  }

  private refer(target: URI | undefined): void {
    const refused = () => (this.transfer = 'refused')
    if (!target) return void refused()
    this.transfer = 'asked'
    this.session.refer(target, {
      eventHandlers: { accepted: () => this.hangUp(), failed: refused, requestFailed: refused }
    })
  }

  /** The network came back: the call asks for new paths. */
  reconnect(): void {
    if (this.session.isEstablished()) this.reoffer.restartIce()
  }
}
