package voicemail

import (
	"context"
	"testing"
	"time"

	"dialtone/dialplan"
)

// The owner takes over who is leaving a message; then there is none.
func TestPickUp(t *testing.T) {
	h := newHouse(t)
	owner := &line{facts: dialplan.Facts{Extension: "101", From: "101"}}
	picked := make(chan dialplan.Visited, 1)
	caller := &line{talks: 3 * time.Second, meet: func() {
		go func() {
			out, err := h.Visit(t.Context(), owner, dialplan.Visiting{Mailbox: "101", PickUp: true})
			if err != nil {
				t.Error(err)
			}
			picked <- out
		}()
	}}
	d := h.leave(t, "101", caller)
	if out := <-picked; !out.Talked || caller.joined != Line(owner) || len(owner.heard) != 0 {
		t.Errorf("%+v, with %v, the owner heard %q", out, caller.joined, owner.heard)
	}
	if d.Kept || d.Why != "it was picked up" || len(h.messages(t, "101")) != 0 || h.audio(t) != 0 {
		t.Errorf("%+v, %d files", d, h.audio(t))
	}
}

// Who comes too late hears the message; another mailbox is left alone.
func TestPickUpTooLate(t *testing.T) {
	h := newHouse(t)
	caller := &line{talks: 3 * time.Second}
	caller.keys = []string{"#", "1"}
	h.leave(t, "101", caller)
	l, out := h.visitBy(t, "101", dialplan.Visiting{Mailbox: "101", PickUp: true}, "1", "*", "*")
	if out.Talked || caller.joined != nil || len(l.heard) == 0 || h.messages(t, "101")[0].New() {
		t.Errorf("%+v, it heard %q", out, l.heard)
	}
}

// The owner hangs up in the moment in which it picks up: what was said is kept.
func TestPickUpByNobody(t *testing.T) {
	h := newHouse(t)
	gone, hangUp := context.WithCancel(t.Context())
	caller := &line{talks: 3 * time.Second}
	caller.meet = func() {
		hangUp()
		if !h.take("101", &pickUp{owner: caller, ctx: gone, over: make(chan struct{})}) {
			t.Error("nobody leaves a message")
		}
	}
	if d := h.leave(t, "101", caller); !d.Kept || caller.joined != nil || len(h.messages(t, "101")) != 1 {
		t.Errorf("%+v", d)
	}
	if len(h.leaving) != 0 {
		t.Errorf("%v", h.leaving)
	}
}
