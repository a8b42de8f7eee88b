import { NameAddrHeader } from 'jssip'
import type { IncomingRequest } from 'jssip/lib/SIPMessage'

/** Who is asserted to be at the far side (RFC 3325); undefined when nobody is. */
export function asserted(request: IncomingRequest): { number: string; name: string } | undefined {
  const who = NameAddrHeader.parse(request.getHeader('p-asserted-identity') ?? '')
  return who ? { number: who.uri.user, name: who.display_name ?? '' } : undefined
}
