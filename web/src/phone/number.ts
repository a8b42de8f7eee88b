/** A number as it is dialled: what people write into numbers to read them is left out. */
export function dialled(text: string): string {
  const plain = text.trim().replace(/^tel:/i, '')
  return /\p{L}/u.test(plain) ? plain : plain.replace(/[\s().\/\u2010-\u2015-]/g, '')
}

/** The address of a number at this exchange. What SIP would read as something else is escaped. */
export function address(number: string, domain: string): string {
  const user = encodeURIComponent(number).replace(/%(2B|2A|24|26|3D|2C)/gi, (c) => decodeURIComponent(c))
  return `sip:${user}@${domain}`
}
