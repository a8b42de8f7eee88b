// What the types of JsSIP do not name. Its version is pinned.
declare module 'jssip/lib/Dialog/RequestSender' {
  export default class RequestSender {
    _reattempt: boolean
    _eventHandlers: { onTransportError(): void; onErrorResponse(response: { status_code: number }): void }
    send(): void
  }
}
