package messages

import (
	"context"
	"slices"
	"strings"
	"time"

	"dialtone/pbx/registrar"
	"dialtone/storage"
)

// kick begins to send to the phones of an extension to which something is due.
func (s *Service) kick(extension string) {
	contacts := s.Registrar.Lookup(extension)
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.boxes[extension]
	if b == nil || !s.running() {
		return
	}
	for i := range contacts {
		name := nameOf(&contacts[i])
		if w := b.busy[name]; w != nil {
			w.again = true
			continue
		}
		if s.due(b, &contacts[i], time.Now()) == nil {
			continue
		}
		if s.sending >= maxSending {
			s.later[extension] = true
			return
		}
		s.sending++
		b.busy[name] = &work{}
		s.work.Go(func() { s.serve(extension, name) })
	}
}

// due is the first message for a phone, nil when there is none; mu is held.
func (s *Service) due(b *box, c *registrar.Contact, now time.Time) *entry {
	name, since := nameOf(c), s.since(c)
	for _, e := range b.entries {
		if now.Before(e.expires) && !slices.Contains(e.had, name) && (!e.taken || !e.at.Before(since)) {
			return e
		}
	}
	return nil
}

// serve sends to one phone what is due to it, one after the other, until nothing is or it
// does not answer.
func (s *Service) serve(extension, name string) {
	defer s.served()
	for s.next(extension, name) {
	}
}

// served gives the place to somebody who waits for one.
func (s *Service) served() {
	s.mu.Lock()
	s.sending--
	next := ""
	for extension := range s.later {
		next = extension
		delete(s.later, extension)
		break
	}
	s.mu.Unlock()
	if next != "" {
		s.kick(next)
	}
}

// next sends one message, and reports whether to go on. When it does not, the phone is not
// busy any more.
func (s *Service) next(extension, name string) bool {
	contact := s.contact(extension, name)
	s.mu.Lock()
	b, ctx, send := s.boxes[extension], s.ctx, s.send
	b.busy[name].again = false
	var e *entry
	if contact != nil && ctx.Err() == nil {
		e = s.due(b, contact, time.Now())
	}
	if e == nil {
		delete(b.busy, name)
		s.mu.Unlock()
		return false
	}
	s.mu.Unlock()
	t, err := s.read(e.id)
	switch {
	case err != nil:
		s.Log.Error("a message could not be read; it is tried again", "message", e.id, "error", err)
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(b.busy, name)
		return false
	case t.ID == "": // deleted
		s.mu.Lock()
		defer s.mu.Unlock()
		b.entries = slices.DeleteFunc(b.entries, func(x *entry) bool { return x == e })
		return true
	}
	ctx, cancel := context.WithTimeout(ctx, sendFor)
	status, err := send(ctx, *contact, &t)
	cancel()
	if s.heard(e, name, status, err) {
		s.receipt(e, contact, name, status)
		s.changed(t.From)
		return true
	}
	s.Log.Debug("a phone did not take a message", "extension", extension, "phone", contact.Peer.String(), "message", e.id, "status", status, "error", err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if b.busy[name].again && s.ctx.Err() == nil {
		return true
	}
	delete(b.busy, name)
	return false
}

// contact is how a phone is reached now, nil when it is not.
func (s *Service) contact(extension, name string) *registrar.Contact {
	for _, c := range s.Registrar.Lookup(extension) {
		if nameOf(&c) == name {
			return &c
		}
	}
	return nil
}

// read gives a message; one without an id is not there any more.
func (s *Service) read(id string) (t storage.Text, err error) {
	err = s.Store.Texts(storage.TextFilter{ID: id}, func(x storage.Text) bool {
		t = x
		return false
	})
	return t, err
}

// heard notes what a phone said, and reports whether that was its last word.
func (s *Service) heard(e *entry, name string, status int, err error) (last bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	last = err == nil && !passing(status)
	if err == nil && !last && status/100 == 5 {
		if e.tries == nil {
			e.tries = map[string]int{}
		}
		e.tries[name]++
		last = e.tries[name] >= maxTries
	}
	if last {
		e.had = append(e.had, name)
		e.taken = e.taken || status < 300
	}
	if f := e.first; f != nil {
		if last && status >= 300 && f.left[name] {
			f.refused, f.status = f.refused+1, status
		}
		delete(f.left, name)
		if (e.taken || len(f.left) == 0) && !f.over {
			f.over = true
			close(f.settled)
		}
	}
	return last
}

// passing reports whether a phone that answers with status may take the message another
// time.
func passing(status int) bool {
	switch status {
	case 408, 480, 481, 486, 491, 500, 502, 503, 504, 600:
		return true
	}
	return false
}

// receipt keeps the last word of a phone. A crash before this is on the disk has the phone
// get the message again, with the same Call-ID.
func (s *Service) receipt(e *entry, c *registrar.Contact, name string, status int) {
	r := storage.Receipt{Device: name, Agent: c.UserAgent, At: time.Now(), Status: status}
	if err := s.Store.ChangeText(e.id, func(t *storage.Text) { t.Receipts = append(t.Receipts, r) }); err != nil {
		s.Log.Error("it was not kept that a phone has a message; after a restart it gets it again", "extension", c.Extension, "message", e.id, "error", err)
	}
}

// nameOf is by what a phone is known: the name that it gives itself, when its binding is
// known by that, else its binding.
func nameOf(c *registrar.Contact) string {
	if c.Instance != "" && strings.HasPrefix(c.Binding, c.Instance+";reg-id=") {
		return c.Instance
	}
	return c.Binding
}
