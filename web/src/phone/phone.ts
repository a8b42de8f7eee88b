import type { Quality } from './judge.ts'
import type { Kept } from './kept.ts'

// What the page knows of telephony. How it is done is in jssip.ts alone.

/** How the phone stands with the exchange. */
export type Link = 'connecting' | 'ready' | 'offline' | 'refused'

/** Where a call is: "early" is ringing with sound from the far side. */
export type Phase = 'ringing' | 'calling' | 'early' | 'talking' | 'ended'

/** Why a call ended, for words["ended." + reason]. */
export type Ending =
  | 'normal' | 'cancelled' | 'elsewhere' | 'busy' | 'declined' | 'no-answer' | 'not-found'
  | 'unavailable' | 'forbidden' | 'network' | 'media' | 'microphone' | 'failed'

/** What is shown of this side. */
export type Source = '' | 'camera' | 'screen'

/** The pictures of a call. Its fields tell when they change. */
export interface Video {
  readonly source: Source
  /** What is shown of this side, to see oneself. */
  readonly own: MediaStream | null
  /** What the other side shows; null while it shows nothing. */
  readonly theirs: MediaStream | null
  /** The caller asked for a call with video. */
  readonly offered: boolean
  /** Why nothing is shown, for words["camera." + trouble]. */
  readonly trouble: string

  camera(on: boolean): Promise<void>
  screen(on: boolean): Promise<void>
}

/** One call. Its fields may be used in templates: they tell when they change. */
export interface Call {
  readonly id: string
  /** The Call-ID, by which the exchange knows it. */
  readonly sip: string
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
  /** Seconds after which the exchange wants it to be answered by itself; -1: it does not. */
  readonly answerAfter: number
  /** Who declines it leaves the caller to the voicemail. */
  readonly toVoicemail: boolean
  /** The page was loaded again, and the call comes back. */
  readonly returning: boolean
  readonly video: Video

  /** Rejects with a DOMException when there is no microphone. */
  answer(video?: boolean): Promise<void>
  /** Busy: as if one were in a call, so that it goes where those go. */
  decline(busy?: boolean): void
  hangUp(): void
  hold(on: boolean): void
  mute(on: boolean): void
  key(digit: string): void
  transferTo(number: string): void
  connectTo(other: Call): void
  /** How it fared since it was asked last; null when that is not known yet. */
  measure(others: boolean): Promise<Quality | null>
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
  renew(): Promise<{ account: Account; ice: RTCIceServer[] }>
}

/** Which devices are used, as getUserMedia and setSinkId name them; '' is the usual one. */
export interface Devices {
  microphone: string
  speaker: string
  camera: string
  /** The browser takes echo and noise out of the voice, and evens its level. */
  echo: boolean
  noise: boolean
  gain: boolean
}

export interface Phone {
  start(): void
  /** Ends all calls and the registration; comes back when that is ended, or soon. */
  stop(): Promise<void>
  call(number: string, video?: boolean): Promise<Call>
  /** What is to be kept of the calls that talk. */
  kept(): Kept[]
  /** Goes on with a call of an earlier page. */
  resume(kept: Kept): Promise<Call>
  /** Leaves calls to the page that comes after this one: none of them ends. */
  leave(): void
  /** Rejects when it was not taken. */
  send(number: string, text: string): Promise<void>
  use(devices: Devices): void
}

/** Makes the phone of this page. */
export type MakePhone = (account: Account, name: string, ice: RTCIceServer[], listener: Listener) => Phone
