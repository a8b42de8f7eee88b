import type { Socket } from 'jssip'

const every = 20_000 // between two signs of life
const patience = 8_000 // for an answer to one
const doubt = 1_500 // for an answer when the network may be another one, or the computer slept
const slept = 3 * every // later than that, a sign of life was slept over

/**
 * The WebSocket that SIP goes over. A connection that died without a word (a laptop
 * that slept, another network) is found by asking: two line ends, to be answered by
 * one (RFC 5626 §4.4.1).
 */
export class SipSocket implements Socket {
  readonly via_transport: string
  readonly sip_uri: string
  onconnect: () => void = () => {}
  ondisconnect: (error: boolean, code?: number, reason?: string) => void = () => {}
  ondata: <T>(data: T) => void = () => {}
  private ws: WebSocket | null = null
  private timer = 0
  private heard = 0
  private abandoned = false
  private readonly look = () => this.probe(doubt)

  constructor(readonly url: string) {
    const { protocol, host } = new URL(url)
    this.via_transport = protocol === 'wss:' ? 'WSS' : 'WS'
    this.sip_uri = `sip:${host};transport=ws`
  }

  isConnected(): boolean {
    return this.ws?.readyState === WebSocket.OPEN
  }

  isConnecting(): boolean {
    return this.ws?.readyState === WebSocket.CONNECTING
  }

  connect(): void {
    if (this.ws || this.abandoned) return
    const ws = new WebSocket(this.url, 'sip')
    this.ws = ws
    ws.onopen = () => {
      this.heard = Date.now()
      this.timer = window.setInterval(() => this.beat(), every)
      window.addEventListener('online', this.look)
      document.addEventListener('visibilitychange', this.look)
      this.onconnect()
    }
    ws.onmessage = (e) => {
      this.heard = Date.now()
      if (typeof e.data === 'string') this.ondata(e.data)
    }
    ws.onclose = (e) => this.gone(ws, !e.wasClean, e.code, e.reason)
  }

  disconnect(): void {
    const ws = this.ws
    ws?.close()
    if (ws) this.gone(ws, false)
  }

  /** Closes for good, and tells nobody: what was registered stays for the page that comes next. */
  abandon(): void {
    const ws = this.ws
    this.abandoned = true
    this.ondisconnect = () => {}
    if (!ws) return
    ws.onmessage = null
    ws.close()
    this.gone(ws, false)
  }

  send(data: string): boolean {
    if (!this.isConnected()) return false
    this.ws?.send(data)
    return true
  }

  private beat(): void {
    this.probe(Date.now() - this.heard > slept ? doubt : patience)
  }

  private probe(patience: number): void {
    const asked = Date.now()
    const ws = this.ws
    if (!ws || !this.send('\r\n\r\n')) return
    window.setTimeout(() => {
      if (this.heard < asked && this.ws === ws) {
        ws.close()
        this.gone(ws, true)
      }
    }, patience)
  }

  private gone(ws: WebSocket, error: boolean, code?: number, reason?: string): void {
    if (this.ws !== ws) return
    this.ws = null
    window.clearInterval(this.timer)
    window.removeEventListener('online', this.look)
    document.removeEventListener('visibilitychange', this.look)
    this.ondisconnect(error, code, reason)
  }
}
