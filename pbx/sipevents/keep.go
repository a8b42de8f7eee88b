package sipevents

import (
	"fmt"
	"time"
)

// keep takes up u; s.mu is held.
func (s *Service) keep(u *subscription) {
	s.subs[u.key] = u
	u.timer = time.AfterFunc(time.Hour, func() { s.due(u) })
	u.timer.Stop()
	s.index(u, true)
	put(s.owned, u.subscriber, u)
}

// drop forgets u; s.mu is held.
func (s *Service) drop(u *subscription) {
	if s.subs[u.key] != u {
		return
	}
	delete(s.subs, u.key)
	u.timer.Stop()
	s.index(u, false)
	take(s.owned, u.subscriber, u)
	s.removed = append(s.removed, u.id)
}

// index has u found, or not any more, by what it watches; s.mu is held.
func (s *Service) index(u *subscription, on bool) {
	change, watched := put[topic], u.members
	if !on {
		change = take[topic]
	}
	if !u.list {
		watched = []string{u.resource}
	}
	for _, resource := range watched {
		change(s.topics, topic{u.event, resource}, u)
	}
	if on {
		s.load += u.weight()
	} else {
		s.load -= u.weight()
	}
}

// weight is how many resources a subscription counts for.
func (u *subscription) weight() int { return max(1, len(u.members)) }

func put[K comparable](m map[K]map[*subscription]struct{}, k K, u *subscription) {
	if m[k] == nil {
		m[k] = map[*subscription]struct{}{}
	}
	m[k][u] = struct{}{}
}

func take[K comparable](m map[K]map[*subscription]struct{}, k K, u *subscription) {
	if delete(m[k], u); len(m[k]) == 0 {
		delete(m, k)
	}
}

// admit keeps u, when there is room.
func (s *Service) admit(u *subscription) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, load := 0, u.weight()
	var oldest *subscription
	for o := range s.owned[u.subscriber] {
		load += o.weight()
		if o.event == u.event && o.resource == u.resource && o.list == u.list {
			if n++; oldest == nil || o.expires.Before(oldest.expires) {
				oldest = o
			}
		}
	}
	if n >= maxSame { // a phone that was restarted does not end its old ones
		load -= oldest.weight()
		s.drop(oldest)
	}
	if load > maxOfOne {
		return fmt.Errorf("extension %s has %d subscriptions already", u.subscriber, load-u.weight())
	}
	if s.load+u.weight() > maxAll {
		return fmt.Errorf("there are %d subscriptions already", s.load)
	}
	s.keep(u)
	return nil
}
