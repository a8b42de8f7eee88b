// Package api is how a running Dialtone is asked and told things: HTTP with
// JSON over a unix socket that only the owner of the server may open. One table
// of routes makes the handlers and docs/ctl-api.md.
package api
