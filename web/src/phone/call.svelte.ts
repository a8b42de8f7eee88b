import type { EndEvent, IncomingEvent, OutgoingEvent, RTCSession } from 'jssip/lib/RTCSession'
import { whyEnded } from './ending.ts'
import { Gathering } from './gathering.ts'
import { Gauge } from './gauge.ts'
import type { Quality } from './judge.ts'
import { keep, type Kept } from './kept.ts'
import { Loudspeaker } from './loudspeaker.ts'
import { press } from './keys.ts'
import { asserted } from './identity.ts'
import type { Call, Ending, Phase } from './phone.ts'
import { Reoffer } from './reoffer.ts'
import { destination, refer } from './refer.ts'
import { callId, replaces } from './replaces.ts'
import { SipVideo } from './video.svelte.ts'
import { findCamera, type Pictures } from './videoline.ts'
import { changeMicrophone } from './voice.ts'

/** What a call needs of its phone. */
export interface Exchange extends Pictures {
  readonly domain: string
  readonly speaker: string
  microphone(): Promise<MediaStream>
  answering(): RTCConfiguration
}

/** A call of JsSIP. It owns the microphone's stream and what is heard. */
export class SipCall implements Call {
  readonly id: string
  direction: 'in' | 'out'
  number = $state('')
  name = $state('')
  phase = $state<Phase>('calling')
  since = $state(0)
  held = $state(false)
  heldThere = $state(false)
  muted = $state(false)
  ending = $state<Ending>('normal')
  transfer = $state<'' | 'asked' | 'refused'>('')
  returning = $state(false)

  readonly video: SipVideo

  private readonly sound = new Loudspeaker()
  private readonly reoffer: Reoffer
  private readonly gauge = new Gauge()
  private readonly gathering: Gathering

  constructor(
    readonly session: RTCSession,
    private readonly exchange: Exchange,
    private stream: MediaStream | null,
    offer = '',
    readonly answerAfter = -1,
    readonly toVoicemail = false
  ) {
    this.id = session.id
    this.direction = session.direction === 'incoming' ? 'in' : 'out'
    this.phase = this.direction === 'in' ? 'ringing' : 'calling'
    this.number = session.remote_identity.uri.user // decoded
    this.name = session.remote_identity.display_name ?? ''
    this.video = new SipVideo(session, exchange, () => this.stream, () => this.reoffer.ask(), offer)
    this.reoffer = new Reoffer(session, this.video, (held) => (this.held = held))
    this.gathering = new Gathering(session)
    this.listen(session)
  }

  get sip(): string {
    return callId(this.session)
  }

  /** What the next page has to know to go on with the call. */
  get kept(): Kept | null {
    if (this.phase !== 'talking' || this.returning) return null
    return { ...keep(this, replaces(this.session)), held: this.reoffer.held } // as it is to be
  }

  /** It is a call of an earlier page, as that one kept it. */
  resumes({ sip: _, replaces: __, film, ...shown }: Kept): void {
    this.video.resumes(film)
    Object.assign(this, shown, { phase: 'talking', returning: true })
    this.reoffer.begin(shown.held)
    this.stream?.getAudioTracks().forEach((track) => (track.enabled = !shown.muted))
  }

  /** Leaves the call to another page. */
  leave(): void {
    this.end(null)
    this.session.connection?.close()
  }

  private listen(session: RTCSession): void {
    if (session.connection) this.connection(session.connection)
    session.on('peerconnection', (e) => this.connection(e.peerconnection))
    session.on('progress', (e: IncomingEvent | OutgoingEvent) => {
      if (this.direction === 'out' && 'response' in e && e.response.body) this.phase = 'early'
    })
    for (const up of ['accepted', 'confirmed'] as const) session.on(up, () => this.talk())
    session.on('hold', (e) => e.originator === 'remote' && (this.heldThere = true))
    session.on('unhold', (e) => {
      if (e.originator !== 'remote') return
      this.heldThere = false
      this.reoffer.resumed()
    })
    for (const offer of ['update', 'reinvite'] as const) session.on(offer, (e) => Object.assign(this, asserted(e.request))) // who, after a transfer
    for (const over of ['ended', 'failed'] as const) session.on(over, (e) => this.end(e))
  }

  private connection(pc: RTCPeerConnection): void {
    this.video.follow(pc)
    pc.addEventListener('track', (e) => {
      if (e.track.kind !== 'audio') return
      this.sound.hear(e.streams[0] ?? new MediaStream([e.track]))
      this.listenOn(this.exchange.speaker)
    })
  }

  private talk(): void {
    if (this.returning) {
      this.returning = false
      this.reoffer.up()
      if (this.muted) this.mute(true)
    }
    if (this.phase === 'talking' || this.phase === 'ended') return
    Object.assign(this, { phase: 'talking', since: Date.now() })
  }

  private end(e: EndEvent | null): void {
    if (this.phase === 'ended') return
    if (e) this.ending = whyEnded(e, this.direction, this.phase === 'talking')
    this.phase = 'ended'
    this.reoffer.stop()
    this.video.end()
    this.gathering.stop()
    this.stream?.getTracks().forEach((track) => track.stop())
    this.sound.hear(null)
  }

  listenOn(speaker: string): void {
    this.sound.on(speaker)
  }

  async answer(video = false): Promise<void> {
    if (this.phase !== 'ringing' || this.stream) return
    this.stream = await this.exchange.microphone()
    if (video) this.video.begin(await findCamera(this.exchange, this.stream))
    if (this.session.isEnded()) this.stream.getTracks().forEach((track) => track.stop())
    else this.session.answer({ mediaStream: this.stream, pcConfig: this.exchange.answering() })
  }

  /** The microphone is another, or sounds another way. */
  async change(): Promise<void> {
    const { connection } = this.session
    if (connection && this.stream) await changeMicrophone(connection, this.stream, () => this.exchange.microphone())
  }

  decline(busy = false): void {
    if (!this.session.isEnded()) this.session.terminate({ status_code: busy ? 486 : 603 })
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

  key(digit: string): void {
    press(this.session, digit)
  }

  transferTo(number: string): void {
    this.refer(number)
  }

  connectTo(other: Call): void {
    if (other instanceof SipCall) this.refer(other.number, other.session)
  }

  private refer(number: string, other?: RTCSession): void {
    this.transfer = 'asked'
    refer(this.session, destination(number, this.exchange.domain, other), () => this.hangUp(), () => (this.transfer = 'refused'))
  }

  measure(others: boolean): Promise<Quality | null> {
    return this.gauge.read(this.session, this, others)
  }

  /** The network came back: the call asks for new paths. */
  reconnect(): void {
    if (this.session.isEstablished()) this.reoffer.reconnected()
  }
}
