import type { RTCSession } from 'jssip/lib/RTCSession'
import { hasVideo } from './devices.ts'
import type { Source, Video } from './phone.ts'
import { type Film, fit, type Found, lineOf, nameOf, only, type Pictures } from './videoline.ts'

const patience = 1500 // ms that nobody may see what is shown

/**
 * The pictures of a call: one line of the session description, whose direction says who
 * shows something. It owns the track that it sends.
 */
export class SipVideo implements Video {
  source = $state<Source>('')
  own = $state.raw<MediaStream | null>(null)
  theirs = $state.raw<MediaStream | null>(null)
  offered = $state(false)
  trouble = $state('')

  private track: MediaStreamTrack | null = null
  private before: Source = '' // what is shown again when the screen is not any more
  private over = false
  private sees = false // it is a call with video, whoever shows something
  private timer = 0
  private busy = false
  private doing: Source = '' // what is on its way, while busy
  private next: Source | null = null // what was wanted meanwhile

  /** "voice" is the stream that the pictures belong to; "ask" has the far side told of another direction. */
  constructor(
    private readonly session: RTCSession,
    private readonly pictures: Pictures,
    private readonly voice: () => MediaStream | null,
    private readonly ask: () => void,
    offer: string
  ) {
    this.offered = hasVideo(offer)
    session.on('connecting', () => this.connecting())
    session.on('accepted', () => this.look())
    session.on('confirmed', () => this.look())
  }

  /** Follows a connection: what was agreed on says who shows something. */
  follow(pc: RTCPeerConnection): void {
    pc.addEventListener('signalingstatechange', () => pc.signalingState === 'stable' && this.look())
  }

  private get line(): RTCRtpTransceiver | undefined {
    return this.session.connection && lineOf(this.session.connection)
  }

  private look(): void {
    const { line } = this
    if (this.over) return
    this.theirs = line && /recv/.test(line.currentDirection ?? '') ? only(this.theirs, line.receiver.track) : null
    window.clearTimeout(this.timer)
    // Who has no video refuses the line, or nobody looks at it.
    if (this.unseen) this.timer = window.setTimeout(() => this.unseen && this.refused(), patience)
  }

  /** Something is shown, and nobody sees it. */
  private get unseen(): boolean {
    const { session, line } = this
    if (!this.source || this.busy || this.over || !session.isEstablished() || session.connection.signalingState !== 'stable') return false
    const { local, remote } = session.isOnHold()
    return !line || (line.currentDirection === 'inactive' && !local && !remote)
  }

  /** The call begins with what was found. */
  begin({ track, trouble }: Found): void {
    this.trouble = trouble
    if (track) this.keep('camera', track)
  }

  /** What the next page has to know. A screen is shown to nobody without being asked for again. */
  get film(): Film {
    return this.source === 'camera' ? 'camera' : this.source || this.theirs ? 'seen' : ''
  }

  resumes(film: Film): void {
    this.sees = film !== ''
  }

  private connecting(): void {
    if (this.sees && !this.line) this.session.connection.addTransceiver('video', { direction: 'recvonly' })
    this.prepare()
  }

  camera(on: boolean): Promise<void> {
    return this.show(on ? 'camera' : '')
  }

  screen(on: boolean): Promise<void> {
    return this.show(on ? 'screen' : this.before)
  }

  /** Another camera is chosen. */
  async change(): Promise<void> {
    if (this.source === 'camera') await this.show('camera')
  }

  private async show(source: Source): Promise<void> {
    if (this.over) return
    if (this.busy) return void (this.next = source === this.doing ? null : source)
    this.busy = true
    this.doing = source
    this.trouble = ''
    try {
      const track = source ? await this.pictures[source]() : null
      if (this.over) return void track?.stop()
      const shown = this.source
      this.keep(source, track)
      await this.put(track)
      if (!shown !== !source) this.ask()
    } catch (e) {
      // Who closes the choice of screens has changed his mind.
      if (source === 'camera' || nameOf(e) !== 'NotAllowedError') this.trouble = nameOf(e)
      if (this.track?.readyState === 'ended') await this.nothing()
    } finally {
      this.busy = false
      const { next } = this
      this.next = null
      if (next !== null) void this.show(next)
    }
  }

  private async nothing(): Promise<void> {
    this.keep('', null)
    await this.put(null)
    this.ask()
  }

  /** Puts a track on the line, which is made at first; or nothing. */
  private async put(track: MediaStreamTrack | null): Promise<void> {
    const { line } = this
    const voice = this.voice()
    if (line) await line.sender.replaceTrack(track)
    // A line that is made so takes up the far side's, when both begin at once.
    else if (track && voice) this.session.connection.addTrack(track, voice)
    this.prepare()
  }

  private prepare(): void {
    const { line } = this
    if (line) fit(line, this.source, this.track, this.voice())
  }

  /** Says in the next offer who may show something. Who is held sees nothing, and is not seen. */
  direct(held: boolean): void {
    const { line } = this
    if (line) line.direction = held ? 'inactive' : this.source ? 'sendrecv' : 'recvonly'
  }

  /** The far side did not take the video: the call goes on as it was. */
  refused(): void {
    this.keep('', null)
    this.trouble = 'other'
    const { line } = this
    if (!line) return
    void line.sender.replaceTrack(null)
    if (line.currentDirection === null) line.stop() // it never was agreed on
    else this.ask()
  }

  private keep(source: Source, track: MediaStreamTrack | null): void {
    if (source === 'screen' && this.source !== 'screen') this.before = this.source
    this.track?.removeEventListener('ended', this.lost)
    this.track?.stop()
    this.track = track
    this.source = source
    this.own = track && new MediaStream([track])
    track?.addEventListener('ended', this.lost)
  }

  /** The browser's own button ended the sharing, or the camera was unplugged. */
  private readonly lost = (): void => {
    const unplugged = this.source === 'camera'
    void this.show(unplugged ? '' : this.before).then(() => {
      if (unplugged) this.trouble = 'lost'
    })
  }

  end(): void {
    this.over = true
    window.clearTimeout(this.timer)
    this.keep('', null)
    this.theirs = null
  }
}
