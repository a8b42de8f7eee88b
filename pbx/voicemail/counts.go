package voicemail

// Counts is how many messages a mailbox has.
type Counts struct {
	New, Old             int // heard, or not
	NewUrgent, OldUrgent int // of those
}

// Counts counts in the store.
func (s *Service) Counts(mailbox string) (c Counts, err error) {
	list, err := s.Messages(mailbox)
	for i := range list {
		n, u := &c.Old, &c.OldUrgent
		if list[i].New() {
			n, u = &c.New, &c.NewUrgent
		}
		*n++
		if list[i].Urgent {
			*u++
		}
	}
	return c, err
}
