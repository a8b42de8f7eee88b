import type { Account } from '../phone/phone.ts'

// What the exchange answers under /api/phone. Times are ISO 8601.

export interface Me {
  extension: string
  name: string
  domain: string
  language: string
  sip: Account
  ice: { servers: RTCIceServer[] }
}

/** "unknown": who asks may not know. */
export type Presence = 'free' | 'ringing' | 'talking' | 'offline' | 'dnd' | 'unknown'

export interface Person {
  extension: string
  name: string
  state: Presence
}

export interface PastCall {
  id: string
  direction: 'in' | 'out'
  number: string // '' when the caller hid it
  name: string
  at: string
  seconds: number
  answered: boolean
  missed: boolean
  cause: string
}

export interface Voice {
  id: string
  from: string
  name: string
  at: string
  seconds: number
  heard: boolean
  transcript?: string
}

export interface Chat {
  with: string
  name: string
  last: string // when the last message was
  text: string // of it
  mine: boolean // it is one's own
}

export interface Text {
  id: string
  mine: boolean
  at: string
  text: string // '' when it is no text
  state: 'waits' | 'delivered' | 'refused' | 'expired' | 'told'
}

/** The settings of an extension by name, as "dialtone ctl" has them. */
export type OwnSettings = Record<string, string>

/** A refusal: words["error." + code] says it. */
export class Refused extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    /** Seconds until it is worth another try. */
    readonly after: number
  ) {
    super(code)
  }
}

async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  let answer: Response
  try {
    answer = await fetch('/api/phone/' + path, {
      method,
      headers: { 'X-Dialtone': '1', ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
      body: body === undefined ? undefined : JSON.stringify(body)
    })
  } catch {
    throw new Refused('unreachable', 0, 0)
  }
  if (!answer.ok) {
    const said = (await answer.json().catch(() => ({}))) as { code?: string }
    throw new Refused(said.code ?? 'failed', answer.status, Number(answer.headers.get('Retry-After') ?? 0))
  }
  return (answer.status === 204 ? undefined : await answer.json()) as T
}

const one = encodeURIComponent

export const api = {
  logIn: (extension: string, password: string) => ask<void>('POST', 'login', { extension, password }),
  logOut: () => ask<void>('POST', 'logout'),
  session: () => ask<Me>('GET', 'session'),
  directory: () => ask<Person[]>('GET', 'directory'),
  calls: () => ask<PastCall[]>('GET', 'calls?limit=200'),
  voicemail: () => ask<Voice[]>('GET', 'voicemail'),
  voiceAudio: (id: string) => `/api/phone/voicemail/${one(id)}/audio`,
  heard: (id: string, heard: boolean) => ask<void>('PUT', `voicemail/${one(id)}/heard`, { heard }),
  deleteVoice: (id: string) => ask<void>('DELETE', `voicemail/${one(id)}`),
  settings: () => ask<OwnSettings>('GET', 'settings'),
  change: (settings: OwnSettings) => ask<OwnSettings>('PUT', 'settings', settings),
  chats: () => ask<Chat[]>('GET', 'chats'),
  texts: (number: string) => ask<Text[]>('GET', `chats/${one(number)}?limit=200`)
}
