import type { Call, Ending, Link, Listener, MakePhone, Phase, Phone } from '../src/phone/phone.ts'

// A phone that is played, to look at screens with: window.mock makes it ring.

let last = 0

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
  async answer() {
    this.talk()
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
  use() {}
  link(link: Link) {
    this.listener.link(link)
  }
  ring(number: string) {
    const call = new PlayedCall('in', number)
    this.calls.push(call)
    this.listener.call(call)
    return call
  }
  async call(number: string) {
    const call = new PlayedCall('out', number)
    this.calls.push(call)
    return call
  }
  async send() {}
}

export const makePhone: MakePhone = (_account, _name, _ice, listener) => new PlayedPhone(listener)
