package dialplan

import (
	"context"
	"time"
)

// Web answers requests of the step http.
type Web interface {
	// Fetch sends one request and gives the answer, whatever its status. It does
	// not follow redirections to other hosts, and gives an error for a body of
	// more than MaxReply bytes.
	Fetch(ctx context.Context, q Request) (Reply, error)
}

// MaxReply is how much of an answer is read, in bytes.
const MaxReply = 64 << 10

// Request is a request of the step http.
type Request struct {
	CallID      string
	Method, URL string
	Header      map[string]string
	Body        []byte
	Login       Login
}

// Login proves who asks: by a token, a user and password, or a header.
type Login struct {
	Bearer   Secret
	User     string
	Password Secret
	Header   string
	Secret   Secret // the value of Header
}

// Reply is the answer to a Request.
type Reply struct {
	Status int
	Body   []byte
}

// Outbox takes messages about a call to the world outside. It never waits: what
// it takes is delivered later, or lost with a line in the log.
type Outbox interface {
	// Webhook takes a message to one of the webhooks; the error says why not.
	Webhook(Notice) error
	// Email takes a mail; the error says why not.
	Email(Mail) error
}

// Notice is what a webhook is told.
type Notice struct {
	Webhook string // its name
	Event   string
	At      time.Time
	Call    map[string]string // what is known of the call, by the names of variables
	Values  map[string]string // chosen by the plan
}

// Mail is an email about a call.
type Mail struct {
	CallID  string // for the log
	To      []string
	Subject string
	Text    string
}

// Letter is a mail with files. Who sends one keeps it, and tries again, until that has
// worked.
type Letter struct {
	Mail
	// ID is the same in every try, so that who gets it twice can tell. It is unique.
	ID    string
	Files []Enclosure
}

// Enclosure is a file that goes with a Letter.
type Enclosure struct{ Name, Type, Path string }
