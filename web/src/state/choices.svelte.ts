import type { Devices } from '../phone/phone.ts'

/** What a browser does to a voice: takes out echo and noise, evens its level. */
export type Cleaning = 'echo' | 'noise' | 'gain'
export type Theme = 'auto' | 'light' | 'dark'

const kept = (name: string) => localStorage.getItem('dialtone.' + name) ?? ''

/** What is chosen for this browser, and kept there. */
class Choices {
  theme = $state<Theme>((kept('theme') || 'auto') as Theme)
  microphone = $state(kept('microphone'))
  speaker = $state(kept('speaker'))
  ringer = $state(kept('ringer'))
  camera = $state(kept('camera'))
  /** What the browser does not do to the voice: words of "echo noise gain". */
  voice = $state(kept('voice'))
  /** "off": letters are no shortcuts. */
  keys = $state(kept('keys'))
  /** After how many seconds calls are answered by themselves; '' is never. */
  answer = $state(kept('answer'))
  /** "on": calls are seen, and not heard. */
  silent = $state(kept('silent'))

  get devices(): Devices {
    const { microphone, speaker, camera } = this
    return { microphone, speaker, camera, echo: this.cleans('echo'), noise: this.cleans('noise'), gain: this.cleans('gain') }
  }

  /** Whether the browser does something to the voice. */
  cleans(what: Cleaning): boolean {
    return !this.voice.split(' ').includes(what)
  }

  clean(what: Cleaning, on: boolean): void {
    const left = this.voice.split(' ').filter((w) => w && w !== what)
    this.set('voice', (on ? left : [...left, what]).join(' '))
  }

  set(name: 'theme' | 'microphone' | 'speaker' | 'ringer' | 'camera' | 'voice' | 'keys' | 'answer' | 'silent', value: string): void {
    localStorage.setItem('dialtone.' + name, value)
    if (name === 'theme') this.theme = value as Theme
    else this[name] = value
  }
}

export const choices = new Choices()
