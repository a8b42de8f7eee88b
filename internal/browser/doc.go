// Package browser drives headless Chromium and Firefox for tests of the web phone: it
// opens pages, clicks, types, evaluates and takes pictures. Chromium is spoken to by its
// DevTools protocol over a pair of pipes, so that it ends with those who started it, whatever
// happens to either; Firefox by WebDriver BiDi over a WebSocket.
package browser
