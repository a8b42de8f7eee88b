package messages

import (
	"slices"
	"time"

	"dialtone/pbx/registrar"
	"dialtone/storage"
)

// staleAfter is how old the last sight of a device on the disk may be.
const staleAfter = time.Hour

// of are the devices of an extension.
func (s *Service) of(extension string) map[string]*storage.Device {
	if s.devices[extension] == nil {
		s.devices[extension] = map[string]*storage.Device{}
	}
	return s.devices[extension]
}

// seen notes a phone that names itself.
func (s *Service) seen(c *registrar.Contact) {
	name := nameOf(c)
	if name == c.Binding {
		return
	}
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.of(c.Extension)
	d := list[name]
	switch {
	case d == nil:
		d = &storage.Device{Extension: c.Extension, Name: name, Since: c.Since, Seen: now}
		list[name] = d
		s.unsaved[d] = true
	case now.Sub(d.Seen) > staleAfter:
		d.Seen = now
		s.unsaved[d] = true
	}
	if len(list) > maxDevices {
		oldest := d
		for _, o := range list {
			if o.Seen.Before(oldest.Seen) {
				oldest = o
			}
		}
		s.forget(oldest)
	}
}

// forget has a device deleted; mu is held.
func (s *Service) forget(d *storage.Device) {
	delete(s.devices[d.Extension], d.Name)
	if len(s.devices[d.Extension]) == 0 {
		delete(s.devices, d.Extension)
	}
	s.unsaved[d] = false
}

// saveDevices writes what has changed of devices. What fails is tried again.
func (s *Service) saveDevices() {
	var changed, removed []storage.Device
	s.mu.Lock()
	pending := s.unsaved
	s.unsaved = map[*storage.Device]bool{}
	for d, keep := range pending {
		if keep {
			changed = append(changed, *d)
		} else {
			removed = append(removed, *d)
		}
	}
	s.mu.Unlock()
	if len(pending) == 0 {
		return
	}
	if err := s.Store.SaveDevices(changed, removed); err != nil {
		s.Log.Error("which phones there are was not kept", "error", err)
		s.mu.Lock()
		defer s.mu.Unlock()
		for d, keep := range pending {
			if _, newer := s.unsaved[d]; !newer {
				s.unsaved[d] = keep
			}
		}
	}
}

// registered are the contacts of all extensions, also of phones that do not answer now.
func (s *Service) registered() map[string][]registrar.Contact {
	out := map[string][]registrar.Contact{}
	for _, c := range s.Registrar.All() {
		out[c.Extension] = append(out[c.Extension], c)
	}
	return out
}

// since is from when on messages are for a phone also when another has them; mu is held.
func (s *Service) since(c *registrar.Contact) time.Time {
	if d := s.devices[c.Extension][nameOf(c)]; d != nil && d.Since.Before(c.Since) {
		return d.Since
	}
	return c.Since
}

// owed reports whether a phone that names itself, or one of contacts, is still to get a
// message; mu is held.
func (s *Service) owed(e *entry, contacts []registrar.Contact) bool {
	for i := range contacts {
		if c := &contacts[i]; !e.at.Before(c.Since) && !slices.Contains(e.had, nameOf(c)) {
			return true
		}
	}
	for name, d := range s.devices[e.extension] {
		if !e.at.Before(d.Since) && !slices.Contains(e.had, name) {
			return true
		}
	}
	return false
}
