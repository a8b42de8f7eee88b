package sipmwi

import (
	"slices"
	"time"

	"dialtone/pbx/registrar"
)

// subscriptions are all that there are. byMailbox has few each: a message that comes is
// told without a look at those of others.
type subscriptions struct {
	byKey     map[string]*subscription
	byMailbox map[string][]*subscription
}

func newSubscriptions() subscriptions {
	return subscriptions{byKey: map[string]*subscription{}, byMailbox: map[string][]*subscription{}}
}

func (l *subscriptions) add(u *subscription) {
	l.byKey[u.key] = u
	l.byMailbox[u.mailbox] = append(l.byMailbox[u.mailbox], u)
}

// remove may find it gone.
func (l *subscriptions) remove(u *subscription) {
	delete(l.byKey, u.key)
	rest := slices.DeleteFunc(l.byMailbox[u.mailbox], func(o *subscription) bool { return o == u })
	if l.byMailbox[u.mailbox] = rest; len(rest) == 0 {
		delete(l.byMailbox, u.mailbox)
	}
}

// admit keeps u, when there is room.
func (s *Service) admit(u *subscription) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if list := s.subs.byMailbox[u.mailbox]; len(list) >= maxOfOne { // a phone that was restarted does not end its old ones
		s.subs.remove(slices.MinFunc(list, func(a, b *subscription) int { return a.expires.Compare(b.expires) }))
	}
	if len(s.subs.byKey) >= maxAll {
		return false
	}
	s.subs.add(u)
	return true
}

// of are the subscriptions of a mailbox, and where their phones are.
func (s *Service) of(mailbox string) (list []*subscription, flows map[registrar.Flow]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	flows = map[registrar.Flow]bool{}
	for _, u := range s.subs.byMailbox[mailbox] {
		flows[registrar.Flow(u.flow)] = true
	}
	return slices.Clone(s.subs.byMailbox[mailbox]), flows
}

// expired takes those that are over.
func (s *Service) expired(now time.Time) (list []*subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.subs.byKey {
		if !now.Before(u.expires) {
			u.over = "timeout"
			s.subs.remove(u)
			list = append(list, u)
		}
	}
	return list
}
