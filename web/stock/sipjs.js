import { Web } from 'sip.js'

globalThis.SIP = { Web }
