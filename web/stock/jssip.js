import JsSIP from 'jssip'

globalThis.JsSIP = JsSIP
