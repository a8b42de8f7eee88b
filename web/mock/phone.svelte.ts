import type { Call, Ending, Link, Listener, MakePhone, Phase, Phone, Source, Video } from '../src/phone/phone.ts'

// A phone that is played, to look at screens with: window.mock makes it ring.

let last = 0

/** A picture that moves: a face, or a page of text. */
function painted(hue: number, source: Source): MediaStream {
  const canvas = Object.assign(document.createElement('canvas'), { width: 1280, height: 720 })
  const c = canvas.getContext('2d')!
  const paint = () => {
    const at = Math.sin(Date.now() / 900) * 20
    c.fillStyle = source === 'screen' ? '#f4f4f2' : `hsl(${hue} 25% 62%)`
    c.fillRect(0, 0, 1280, 720)
    c.fillStyle = source === 'screen' ? '#444' : `hsl(${hue} 30% 28%)`
    if (source === 'screen') for (let y = 90; y < 660; y += 44) c.fillRect(120, y, 500 + ((y * 7919) % 540), 16)
    else {
      c.beginPath()
      c.ellipse(640, 760, 330, 300, 0, 0, 7)
      c.fill()
      c.fillStyle = `hsl(${hue} 35% 78%)`
      c.beginPath()
      c.ellipse(640 + at, 320, 130, 170, 0, 0, 7)
      c.fill()
    }
  }
  paint()
  window.setInterval(paint, 50)
  return canvas.captureStream(20)
}

class PlayedVideo implements Video {
  source = $state<Source>('')
  own = $state.raw<MediaStream | null>(null)
  theirs = $state.raw<MediaStream | null>(null)
  offered = $state(false)
  trouble = $state('')
  show(source: Source) {
    this.source = source
    this.own = source ? painted(210, source) : null
  }
  see(source: Source) {
    this.theirs = source ? painted(20, source) : null
  }
  async camera(on: boolean) {
    this.show(on ? 'camera' : '')
  }
  async screen(on: boolean) {
    this.show(on ? 'screen' : '')
  }
}

class PlayedCall implements Call {
  readonly id = String(++last)
  name = $state('')
  phase = $state<Phase>('calling')
  since = $state(0)
  held = $state(false)
  heldThere = $state(false)
  muted = $state(false)
  ending = $state<Ending>('normal')
  transfer = $state<'' | 'asked' | 'refused'>('')
  returning = false
  answerAfter = -1
  toVoicemail = false
  readonly video = new PlayedVideo()

  constructor(readonly direction: 'in' | 'out', readonly number: string) {
    this.phase = direction === 'in' ? 'ringing' : 'calling'
  }
  talk(seconds = 0) {
    this.phase = 'talking'
    this.since = Date.now() - seconds * 1000
  }
  end(ending: Ending) {
    this.ending = ending
    this.phase = 'ended'
  }
  async answer(video = false) {
    this.talk()
    if (video) this.video.show('camera')
    if (this.video.offered) this.video.see('camera')
  }
  decline() {
    this.end('declined')
  }
  hangUp() {
    this.end('normal')
  }
  hold(on: boolean) {
    this.held = on
  }
  mute(on: boolean) {
    this.muted = on
  }
  key() {}
  transferTo() {
    this.transfer = 'asked'
  }
  connectTo() {
    this.transfer = 'asked'
  }
  get sip() {
    return this.id
  }
  async measure() {
    return { verdict: 'fair' as const, why: ['jitter' as const] }
  }
}

class PlayedPhone implements Phone {
  calls: PlayedCall[] = []
  constructor(private readonly listener: Listener) {
    Object.assign(window, { mock: this })
  }
  start() {
    this.listener.link('ready')
  }
  async stop() {}
  kept() {
    return []
  }
  resume(): Promise<never> {
    return Promise.reject(new Error('nothing is kept'))
  }
  leave() {}
  use() {}
  link(link: Link) {
    this.listener.link(link)
  }
  ring(number: string, video = false) {
    const call = new PlayedCall('in', number)
    call.video.offered = video
    this.calls.push(call)
    this.listener.call(call)
    return call
  }
  async call(number: string, video = false) {
    const call = new PlayedCall('out', number)
    if (video) call.video.show('camera')
    this.calls.push(call)
    return call
  }
  async send() {}
  kept() {
    return []
  }
  leave() {}
}

export const makePhone: MakePhone = (_account, _name, _ice, listener) => new PlayedPhone(listener)
