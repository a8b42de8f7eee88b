// What the page knows of telephony. How it is done is in jssip.ts alone.

/** How the phone stands with the exchange. */
export type Link = 'connecting' | 'ready' | 'offline' | 'refused'

/** Where a call is: "early" is ringing with sound from the far side. */
export type Phase = 'ringing' | 'calling' | 'early' | 'talking' | 'ended'

/** Why a call ended, for words["ended." + reason]. */
export type Ending =
  | 'normal' | 'cancelled' | 'elsewhere' | 'busy' | 'declined' | 'no-answer' | 'not-found'
  | 'unavailable' | 'forbidden' | 'network' | 'media' | 'microphone' | 'failed'

/** One call. Its fields may be used in templates: they tell when they change. */
export interface Call {
  readonly id: string
  readonly direction: 'in' | 'out'
  readonly number: string
  readonly name: string
  readonly phase: Phase
  /** When it was answered, as Date.now() counts. */
  readonly since: number
  readonly held: boolean
  /** The far side holds. */
  readonly heldThere: boolean
  readonly muted: boolean
  readonly ending: Ending
  /** A transfer is under way, or was refused. */
  readonly transfer: '' | 'asked' | 'refused'

  /** Rejects with a DOMException when there is no microphone. */
  answer(): Promise<void>
  decline(): void
  hangUp(): void
  hold(on: boolean): void
  mute(on: boolean): void
  key(digit: string): void
  transferTo(number: string): void
  connectTo(other: Call): void
}

/** Who the phone is. The password is short-lived: renew gets another. */
export interface Account {
  uri: string
  username: string
  password: string
  realm: string
  server: string
  /** When the password runs out. */
  expires: string
}

/** What a phone tells. */
export interface Listener {
  link(link: Link): void
  /** A call came in. */
  call(call: Call): void
  message(number: string, name: string, text: string): void
  renew(): Promise<Account>
}

/** Which devices are used, as getUserMedia and setSinkId name them; '' is the usual one. */
export interface Devices {
  microphone: string
  speaker: string
  /** The browser takes echo and noise out of the voice, and evens its level. */
  clean: boolean
}

export interface Phone {
  start(): void
  /** Ends all calls and the registration; comes back when that is ended, or soon. */
  stop(): Promise<void>
  call(number: string): Promise<Call>
  /** Rejects when it was not taken. */
  send(number: string, text: string): Promise<void>
  use(devices: Devices): void
}

/** Makes the phone of this page. */
export type MakePhone = (account: Account, name: string, ice: RTCIceServer[], listener: Listener) => Phone
