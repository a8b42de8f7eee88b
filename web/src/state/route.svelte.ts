export const screens = ['phone', 'calls', 'contacts', 'voicemail', 'messages', 'settings', 'check'] as const
export type Screen = (typeof screens)[number]

const wideScreen = window.matchMedia('(min-width: 1000px)')

/** Which screen is shown, and of whom: "#/messages/101". */
class Route {
  /** There is room for the phone beside every other screen. */
  wide = $state(wideScreen.matches)
  private hash = $state(location.hash)

  constructor() {
    window.addEventListener('hashchange', () => (this.hash = location.hash))
    wideScreen.addEventListener('change', (e) => (this.wide = e.matches))
  }

  private get parts(): string[] {
    return this.hash.replace(/^#\//, '').split('/')
  }

  get screen(): Screen {
    const wanted = screens.find((s) => s === this.parts[0]) ?? 'phone'
    return this.wide && wanted === 'phone' ? 'calls' : wanted
  }

  get detail(): string {
    try {
      return decodeURIComponent(this.parts[1] ?? '')
    } catch {
      return '' // somebody typed it
    }
  }

  go(screen: Screen, detail = ''): void {
    location.hash = to(screen, detail)
  }
}

/** The address of a screen. */
export function to(screen: Screen, detail = ''): string {
  return `#/${screen}` + (detail ? '/' + encodeURIComponent(detail) : '')
}

export const route = new Route()
