// A phone as the first page of each library's manual makes it: who it is, a password,
// where the server is, and nothing else.
const out = new Audio()
out.autoplay = true

// A microphone that sends a tone as it is: it would be taken for noise.
const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices)
navigator.mediaDevices.getUserMedia = ({ video }) =>
  real({ video, audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false } })

const phone = { registered: false, registrations: 0, state: 'idle', held: false, log: [] }
const is = (state) => {
  phone.state = state
  phone.log.push(state)
}

const makers = {
  async jssip(server, extension, password) {
    const ua = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(server)],
      uri: `sip:${extension}@dialtone`,
      password
    })
    ua.on('registered', () => {
      phone.registered = true
      phone.registrations++
    })
    ua.on('registrationFailed', (e) => phone.log.push('refused: ' + e.cause))
    ua.on('disconnected', () => (phone.registered = false))
    let session
    ua.on('newRTCSession', (e) => {
      session = e.session
      is(e.originator === 'remote' ? 'rings' : 'calls')
      const listen = (pc) => pc.addEventListener('track', (t) => (out.srcObject = t.streams[0] ?? new MediaStream([t.track])))
      if (session.connection) listen(session.connection)
      else session.on('peerconnection', ({ peerconnection }) => listen(peerconnection))
      session.on('confirmed', () => is('talks'))
      session.on('ended', () => is('idle'))
      session.on('failed', (f) => {
        phone.log.push('failed: ' + f.cause)
        is('idle')
      })
      session.on('hold', () => (phone.held = true))
      session.on('unhold', () => (phone.held = false))
    })
    ua.start()
    return {
      call: (number) => ua.call(number, { mediaConstraints: { audio: true, video: false } }),
      answer: () => session.answer({ mediaConstraints: { audio: true, video: false } }),
      hangUp: () => session.terminate(),
      hold: () => session.hold(),
      resume: () => {
        // It says no while the hold is being agreed on.
        const again = () => session.unhold() || setTimeout(again, 50)
        again()
      },
      press: (keys) => session.sendDTMF(keys)
    }
  },

  async sipjs(server, extension, password) {
    const user = new SIP.Web.SimpleUser(server, {
      aor: `sip:${extension}@dialtone`,
      media: { remote: { audio: out } },
      userAgentOptions: { authorizationUsername: extension, authorizationPassword: password },
      delegate: {
        onRegistered: () => {
          phone.registered = true
          phone.registrations++
        },
        onUnregistered: () => (phone.registered = false),
        onServerDisconnect: () => (phone.registered = false),
        onCallCreated: () => is('calls'),
        onCallReceived: () => is('rings'),
        onCallAnswered: () => is('talks'),
        onCallHangup: () => is('idle'),
        onCallHold: (held) => (phone.held = held)
      }
    })
    await user.connect()
    await user.register()
    return {
      call: (number) => user.call(`sip:${number}@dialtone`),
      answer: () => user.answer(),
      hangUp: () => user.hangup(),
      hold: () => user.hold(),
      resume: () => user.unhold(),
      press: async (keys) => {
        for (const key of keys) await user.sendDTMF(key)
      }
    }
  }
}

window.phone = phone
window.begin = async (library, ...account) => {
  phone.does = await makers[library](...account)
}
