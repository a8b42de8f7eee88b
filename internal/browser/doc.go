// Package browser drives headless Chromium by its DevTools protocol, for tests of
// the web phone: it opens pages, clicks, types, evaluates and takes pictures. The
// protocol runs over a pair of pipes, so that a Chromium ends with its test whatever
// happens to either.
package browser
