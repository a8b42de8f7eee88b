// Package sipauth says who sent a request: digest authentication (RFC 3261 §22,
// RFC 8760) of the extensions in the configuration. It knows header values only,
// no SIP stack.
//
// Phones that leave out qop, as RFC 2069 had it, are let in with MD5, but each
// nonce is good for one request only, since there is no count that would tell a
// replay. No opaque is sent: the nonce carries all there is.
package sipauth
