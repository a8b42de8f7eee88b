// Package sipreg is the registrar as phones see it: it answers REGISTER
// (RFC 3261 §10.3, RFC 3327, RFC 5626) and asks registered phones by OPTIONS
// whether they are there.
package sipreg
