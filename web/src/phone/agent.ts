import { type Socket, UA } from 'jssip'
import { instance } from './instance.ts'
import type { Account } from './phone.ts'

const longestRing = 180 // seconds

/** The user agent of a phone. */
export function agent(account: Account, name: string, socket: Socket): UA {
  return new UA({
    sockets: socket,
    uri: account.uri,
    display_name: name,
    authorization_user: account.username,
    password: account.password,
    realm: account.realm,
    instance_id: instance(),
    register_expires: 300,
    no_answer_timeout: longestRing,
    session_timers: true,
    connection_recovery_min_interval: 1,
    connection_recovery_max_interval: 5,
    user_agent: 'Dialtone web phone'
  })
}
