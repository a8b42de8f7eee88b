// Package web is the origin of the web phone: one HTTPS server for its page, for SIP over
// WebSocket (/ws, RFC 7118) and for what the page asks (/api/phone/...).
//
//	server.go       sockets, order of start and stop
//	entrance.go     who speaks TLS, and who is sent to https; how many of them
//	unlock.go       what is spoken in it: HTTP, or STUN, which is for the relay
//	proxy.go        who has sent a request that a web server has passed on
//	turn.go         relays that pages are told of
//	authority.go    a certificate authority of our own
//	certificate.go  which certificate is shown, renewed while running
//	acme.go         one signed by an authority that browsers know: when it is made and renewed;
//	                acme_order.go how, acme_door.go port 80, acme_tries.go what went wrong
//	trust.go        how people have their browsers trust it
//	guard.go        headers, origins, sizes and times of every request
//	files.go        the page
//	websocket.go    /ws
//	session.go      who is logged in, for how long; what their page registers with
//	login.go        passwords
//	routes.go       the table of /api/phone
//	attachments.go  files that are sent in chats
//	own.go          what people keep: contacts, status, picture, what they have seen
//	directory.go, calls.go, voicemail.go, settings.go, chats.go, events.go
//
// Errors are {"code": "..."}: the page has the words.
package web
