package sipua

import (
	"sync"

	"github.com/emiago/sipgo/sip"
)

// dialogKey names a dialog (RFC 3261 §12).
type dialogKey struct{ callID, local, remote string }

// table knows the legs by their dialogs. It holds what the calls in progress
// need, and is bounded by their limits.
type table struct {
	mu   sync.Mutex
	legs map[dialogKey]*leg
}

func newTable() *table { return &table{legs: map[dialogKey]*leg{}} }

func (t *table) add(l *leg) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.legs[l.key()] = l
}

func (t *table) remove(l *leg) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if k := l.key(); t.legs[k] == l {
		delete(t.legs, k)
	}
}

// of finds the leg that a request within a dialog belongs to.
func (t *table) of(req *sip.Request) *leg {
	id := req.CallID()
	if id == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.legs[dialogKey{id.Value(), toTag(req), fromTag(req)}]
}

// answered finds the leg that a 2xx to our INVITE belongs to.
func (t *table) answered(res *sip.Response) *leg {
	id := res.CallID()
	if id == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.legs[dialogKey{id.Value(), fromTag(res), toTag(res)}]
}

func (t *table) all() []*leg {
	t.mu.Lock()
	defer t.mu.Unlock()
	legs := make([]*leg, 0, len(t.legs))
	for _, l := range t.legs {
		legs = append(legs, l)
	}
	return legs
}

// key is fixed from the moment the leg exists: tags never change.
func (l *leg) key() dialogKey {
	return dialogKey{l.dialog.callID, l.dialog.localTag(), l.dialog.remoteTag()}
}
