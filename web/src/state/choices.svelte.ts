export type Theme = 'auto' | 'light' | 'dark'

const kept = (name: string) => localStorage.getItem('dialtone.' + name) ?? ''

/** What is chosen for this browser, and kept there. */
class Choices {
  theme = $state<Theme>((kept('theme') || 'auto') as Theme)
  microphone = $state(kept('microphone'))
  speaker = $state(kept('speaker'))
  ringer = $state(kept('ringer'))
  /** How the voice is sent: '' is cleaned by the browser, "raw" as it is. */
  voice = $state(kept('voice'))

  set(name: 'theme' | 'microphone' | 'speaker' | 'ringer' | 'voice', value: string): void {
    localStorage.setItem('dialtone.' + name, value)
    if (name === 'theme') this.theme = value as Theme
    else this[name] = value
  }
}

export const choices = new Choices()
