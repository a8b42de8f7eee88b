// Package registrar knows where each extension can be reached (RFC 3261 §10,
// RFC 5626). The truth is in memory; changes follow to storage within a second,
// so registering is never bound to the disk and survives a restart.
package registrar
