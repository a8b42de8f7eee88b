package messages

import (
	"slices"
	"time"

	"dialtone/pbx/registrar"
)

// pruneChunk is how many are deleted in one transaction.
const pruneChunk = 1000

// prune forgets messages whose time is over, and phones that have not come back.
func (s *Service) prune(now time.Time) {
	set := s.Config().Messages
	history, contacts := set.History.D(), s.registered()
	s.mu.Lock()
	for _, list := range s.devices {
		for _, d := range list {
			if now.Sub(d.Seen) > max(set.Keep.D(), staleAfter) && !isAmong(contacts[d.Extension], d.Name) {
				s.forget(d)
			}
		}
	}
	var gone []string
	s.all = slices.DeleteFunc(s.all, func(e *entry) bool {
		over := !now.Before(e.expires) || e.extension == "" || e.taken && !s.owed(e, contacts[e.extension])
		if e.first != nil || !over || now.Before(e.at.Add(history)) {
			return false
		}
		gone = append(gone, e.id)
		s.drop(e)
		return true
	})
	s.origins.prune(now)
	for from, r := range s.rates {
		if r.idle(now) {
			delete(s.rates, from)
		}
	}
	s.mu.Unlock()
	s.delete(gone)
}

func isAmong(contacts []registrar.Contact, name string) bool {
	return slices.ContainsFunc(contacts, func(c registrar.Contact) bool { return nameOf(&c) == name })
}

// drop takes a message out of its box; mu is held.
func (s *Service) drop(e *entry) {
	if b := s.boxes[e.extension]; b != nil {
		b.entries = slices.DeleteFunc(b.entries, func(x *entry) bool { return x == e })
	}
}

// delete forgets messages on the disk.
func (s *Service) delete(ids []string) {
	for chunk := range slices.Chunk(ids, pruneChunk) {
		if err := s.Store.DeleteTexts(chunk...); err != nil {
			s.Log.Error("old messages were not deleted; they are at the next start", "messages", len(chunk), "error", err)
			return
		}
	}
}
