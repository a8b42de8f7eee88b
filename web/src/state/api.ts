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

/** What is needed to check the connection. */
export interface About {
  certificate: 'own' | 'file' | 'acme'
  /** Where a phone hears itself; '' for who is not logged in. */
  target: string
}

/** "unknown": who asks may not know. */
export type Presence = 'free' | 'ringing' | 'talking' | 'offline' | 'dnd' | 'away' | 'unknown'

export interface Person {
  extension: string
  name: string
  state: Presence
  note: string // what somebody says of himself
  picture: string // changes with the picture; '' is none
}

/** Somebody outside, as one has written him down. */
export interface Contact {
  id: string
  name: string
  company?: string
  email?: string
  numbers: string[]
}

/** What one keeps, the same on all devices. */
export interface Own {
  contacts: Contact[]
  favourites: string[] // extensions, and ids of contacts
  note: string
  away: boolean
  picture: string
  /** Up to when calls and each chat were looked at. */
  seen: { calls?: string; chats?: Record<string, string> }
}

/** A file that a message brings. */
export interface Attachment {
  id: string
  name: string
  type: string
  size: number
  state: '' | 'held' | 'infected'
  width: number // of the small picture; 0 is none
  height: number
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
  conference: boolean // calls were merged into it
  cause: string
}

/** How far a call is encrypted: not, as far as the exchange, or to the others. */
export type Lock = 'none' | 'here' | 'both'

/** Somebody in a conference. */
export interface Member {
  id: string
  number: string
  name: string
  me: boolean
  muted: boolean
}

/** What the exchange knows of a call that is up. */
export interface CallNow {
  call: string // its Call-ID
  since: string
  lock: Lock
  recording: { state: 'off' | 'on' | 'paused'; may: boolean }
  alone: boolean // with the exchange, which may be silent: a mailbox listens
  room: { leads: boolean; members: Member[] } | null
}

export type Recording = 'start' | 'stop' | 'pause' | 'resume'

export interface Voice {
  id: string
  from: string
  name: string
  at: string
  seconds: number
  heard: boolean
  urgent: boolean
  transcript?: string
}

export interface Chat {
  with: string
  name: string
  last: string // when the last message was
  text: string // of it
  file: string // the name of the one that it brought
  mine: boolean // it is one's own
}

export interface Text {
  id: string
  mine: boolean
  at: string
  text: string // '' when it is no text
  state: 'waits' | 'delivered' | 'refused' | 'expired' | 'told' | 'read'
  file?: Attachment
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
    const plain = body === undefined || body instanceof Blob
    answer = await fetch('/api/phone/' + path, {
      method,
      headers: { 'X-Dialtone': '1', ...(plain ? {} : { 'Content-Type': 'application/json' }) },
      body: plain ? body : JSON.stringify(body),
      keepalive: method === 'DELETE' // what is deleted as the page is closed is deleted
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
  about: () => ask<About>('GET', 'check'),
  directory: () => ask<Person[]>('GET', 'directory'),
  calls: () => ask<PastCall[]>('GET', 'calls?limit=200'),
  callsNow: () => ask<CallNow[]>('GET', 'calls/now'),
  merge: (calls: string[]) => ask<void>('POST', 'calls/merge', { calls }),
  member: (call: string, member: string, what: 'mute' | 'unmute' | 'remove') => ask<void>('POST', 'calls/member', { call, member, do: what }),
  record: (call: string, what: Recording) => ask<void>('POST', 'calls/record', { call, do: what }),
  voicemail: () => ask<Voice[]>('GET', 'voicemail'),
  voiceAudio: (id: string) => `/api/phone/voicemail/${one(id)}/audio`,
  heard: (id: string, heard: boolean) => ask<void>('PUT', `voicemail/${one(id)}/heard`, { heard }),
  deleteVoice: (id: string) => ask<void>('DELETE', `voicemail/${one(id)}`),
  settings: () => ask<OwnSettings>('GET', 'settings'),
  change: (settings: OwnSettings) => ask<OwnSettings>('PUT', 'settings', settings),
  chats: () => ask<Chat[]>('GET', 'chats'),
  texts: (number: string, before = '') => ask<Text[]>('GET', `chats/${one(number)}?limit=50${before && '&before=' + one(before)}`),
  fileAddress: (to: string, name: string) => `/api/phone/files?to=${one(to)}&name=${one(name)}`,
  thumb: (id: string, picture: Blob) => ask<void>('PUT', `files/${one(id)}/thumb`, picture),
  deleteFile: (id: string) => ask<void>('DELETE', `files/${one(id)}`),
  own: () => ask<Own>('GET', 'own'),
  status: (note: string, away: boolean) => ask<void>('PUT', 'own/status', { note, away }),
  seen: (seen: Own['seen']) => ask<void>('PUT', 'own/seen', seen),
  favour: (whom: string, on: boolean) => ask<void>(on ? 'PUT' : 'DELETE', `favourites/${one(whom)}`),
  addContacts: (contacts: Omit<Contact, 'id'>[]) => ask<Contact[]>('POST', 'contacts', contacts),
  putContact: (contact: Contact) => ask<void>('PUT', `contacts/${one(contact.id)}`, contact),
  deleteContact: (id: string) => ask<void>('DELETE', `contacts/${one(id)}`),
  setPicture: (picture: Blob | null) => (picture ? ask<void>('PUT', 'picture', picture) : ask<void>('DELETE', 'picture')),
  picture: (extension: string, tag: string) => `/api/phone/pictures/${one(extension)}?${tag}`
}
