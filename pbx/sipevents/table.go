package sipevents

import (
	"cmp"
	"slices"
	"time"
)

// Row is a subscription as people are shown it.
type Row struct {
	Event, Of, By string
	Members       int // of the list that it is for, 0 for one resource
	Phone         string
	Expires       time.Time
	Failed        int // NOTIFYs in a row that the phone did not answer
}

// Table are all subscriptions, by event, what is watched, and who watches.
func (s *Service) Table() []Row {
	s.mu.Lock()
	rows := make([]Row, 0, len(s.subs))
	for _, u := range s.subs {
		rows = append(rows, Row{u.event, u.resource, u.subscriber, len(u.members), u.flow.Transport + " " + u.flow.Remote.String(), u.expires, u.failed})
	}
	s.mu.Unlock()
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Event, b.Event), cmp.Compare(a.Of, b.Of), cmp.Compare(a.By, b.By), cmp.Compare(a.Phone, b.Phone))
	})
	return rows
}
