package sipua

import (
	"context"
	"time"

	"dialtone/pbx/registrar"
	"dialtone/pbx/sipedge"
)

// How long a browser has to come back that is to hear of the end of its call, and how
// often it is looked whether it has.
const (
	comeBackWithin = 20 * time.Second
	comeBackLook   = 200 * time.Millisecond
)

// follow takes the flow of a phone that has registered from elsewhere since it
// was last heard in the dialog (RFC 5626 §4.3); mu is held.
func (l *leg) follow() {
	if l.trunk != "" {
		return
	}
	for _, c := range l.ua.registrar.Lookup(l.party) {
		if c.Status == registrar.Gone || !c.LastSeen.After(l.heard) {
			continue
		}
		k, err := readContact(c)
		if err != nil {
			continue
		}
		same := l.instance != "" && l.instance == c.Instance
		if same && k.flow.WebSocket() {
			l.dialog.target = k.uri
		}
		if same || sameTarget(k.uri, l.dialog.target) {
			l.move(k.flow)
			return
		}
	}
}

// cut reports whether the connection of a browser has closed. mu is held.
func (l *leg) cut() bool { return l.dialog.flow.WebSocket() && !l.ua.edge.Alive(l.dialog.flow) }

// comeBack waits, not for long, for a browser whose connection has closed: it may have
// lost its network for a moment, and registers again as soon as it can.
func (l *leg) comeBack(ctx context.Context) {
	end := time.Now().Add(l.ua.scaled(comeBackWithin))
	for time.Now().Before(end) {
		l.mu.Lock()
		if l.cut() {
			l.follow()
		}
		cut := l.cut()
		l.mu.Unlock()
		if !cut {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(l.ua.scaled(comeBackLook)):
		}
	}
}

// left says whether a browser has another connection now than flow: what was asked over
// that one may have died with it.
func (l *leg) left(flow sipedge.Flow) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.follow()
	return flow.WebSocket() && l.dialog.flow != flow
}

// hearing is closed at the next request of the far side.
func (l *leg) hearing() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.moved
}

// returned is flow, or the one that a browser has come back on whose connection had
// closed.
func (l *leg) returned(flow sipedge.Flow) sipedge.Flow {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.cut() {
		return flow
	}
	l.follow()
	return l.dialog.flow
}

// instanceAt is the name that the phone has given itself which an extension has
// registered over flow; "" when there is none (RFC 5626 §4.1).
func (u *UA) instanceAt(extension string, flow sipedge.Flow) string {
	for _, c := range u.registrar.Lookup(extension) {
		if sipedge.Flow(c.Peer) == flow {
			return c.Instance
		}
	}
	return ""
}
