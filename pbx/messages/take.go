package messages

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/storage"
)

// Message is what an extension sends.
type Message struct {
	From     string // the extension that proved to be
	FromName string
	To       string // the number that it is for
	Type     string // Content-Type
	Body     []byte
	CallID   string
	CSeq     uint32
	// Lasts is how long the sender wants it kept; negative is not said.
	Lasts time.Duration
}

// Answer is what its sender hears, as a status of SIP.
type Answer struct {
	Status     int
	Reason     string // the phrase of the status
	RetryAfter time.Duration
}

// typing is the type of what says that somebody is writing (RFC 3994): nobody wants it
// later.
const typing = "application/im-iscomposing+xml"

// Take takes a message. It answers 200 when a phone has it, 202 when it is kept, and then
// it is on the disk.
func (s *Service) Take(ctx context.Context, m Message) Answer {
	set := s.Config().Messages
	if len(m.Body) > set.MaxSize {
		return Answer{Status: 413, Reason: fmt.Sprintf("At Most %d Bytes", set.MaxSize)}
	}
	now := time.Now()
	d := s.Plan().Message(m.From, m.To)
	if d.Nobody() {
		return Answer{Status: 404, Reason: "Not Found"}
	}
	s.mu.Lock()
	again, wait := s.origins.knows(&m, now), s.rate(m.From, set.PerMinute, now)
	s.mu.Unlock()
	switch {
	case again:
		return Answer{Status: 202, Reason: "Accepted"}
	case wait > 0:
		return Answer{Status: 480, Reason: "Too Many Messages", RetryAfter: wait}
	case strings.EqualFold(mediaType(m.Type), typing):
		if d.Refuse == "" {
			s.relay(&m, d.Deliver)
		}
		return Answer{Status: 202, Reason: "Accepted"}
	}
	if d.Refuse != "" {
		s.tell(&m, &d, "", now)
		return Answer{Status: 403, Reason: d.Refuse}
	}
	return s.keep(ctx, &m, &d, set, now)
}

// keep stores a message for all who are to get it, tells webhooks, and waits a moment for
// phones.
func (s *Service) keep(ctx context.Context, m *Message, d *dialplan.MessageDecision, set config.Messages, now time.Time) Answer {
	texts, entries, refusal := s.admit(m, d, set, now)
	if refusal.Status != 0 {
		return refusal
	}
	if err := s.Store.SaveTexts(texts...); err != nil {
		s.withdraw(entries)
		s.Log.Error("a message was refused: it could not be kept", "from", m.From, "to", m.To, "error", err)
		return Answer{Status: 500, Reason: "Not Kept"}
	}
	told := s.tell(m, d, texts[0].ID, now)
	if len(d.Deliver) == 0 && !told {
		s.withdraw(entries)
		s.delete([]string{texts[0].ID})
		return Answer{Status: 503, Reason: "Not Told", RetryAfter: time.Minute}
	}
	s.mu.Lock()
	s.origins.note(m, now)
	s.mu.Unlock()
	if len(d.Deliver) == 0 {
		return Answer{Status: 202, Reason: "Accepted"}
	}
	s.changed(append(slices.Clone(d.Deliver), m.From)...)
	return s.first(ctx, entries)
}

// admit makes room for a message and gives what is to be stored. It counts as kept from
// now on.
func (s *Service) admit(m *Message, d *dialplan.MessageDecision, set config.Messages, now time.Time) (texts []storage.Text, entries []*entry, refusal Answer) {
	life := set.Keep.D()
	if m.Lasts >= 0 {
		life = min(max(m.Lasts, leastLife), life)
	}
	to := d.Deliver
	if len(to) == 0 {
		to = []string{""}
	}
	s.mu.Lock()
	for _, extension := range to {
		if extension != "" && s.waiting(extension, now) >= set.MaxWaiting {
			continue
		}
		e := &entry{id: s.newID(now), extension: extension, at: now, expires: now.Add(life)}
		if extension != "" {
			e.first = &first{settled: make(chan struct{})}
		}
		entries = append(entries, e)
		texts = append(texts, storage.Text{
			ID: e.id, Extension: extension, From: m.From, FromName: m.FromName, To: m.To, At: e.at, Expires: e.expires,
			Type: m.Type, Body: m.Body, Origin: originOf(m),
		})
	}
	gone, room := s.room(len(entries), set.MaxTotal, now)
	if room {
		s.all = append(s.all, entries...)
	}
	s.mu.Unlock()
	s.delete(gone)
	switch {
	case len(entries) == 0:
		return nil, nil, Answer{Status: 480, Reason: "Mailbox Full", RetryAfter: 10 * time.Minute}
	case !room:
		s.Log.Warn("a message was refused: too many are kept", "from", m.From, "to", m.To, "remedy", "raise messages.max_total")
		return nil, nil, Answer{Status: 503, Reason: "Too Many Messages", RetryAfter: 10 * time.Minute}
	}
	return texts, entries, Answer{}
}

// waiting is how many messages of an extension no phone has; mu is held.
func (s *Service) waiting(extension string, now time.Time) (n int) {
	if b := s.boxes[extension]; b != nil {
		for _, e := range b.entries {
			if !e.taken && now.Before(e.expires) {
				n++
			}
		}
	}
	return n
}

// room makes room for n more, by the oldest that wait for nobody, and reports whether there
// is; mu is held.
func (s *Service) room(n, most int, now time.Time) (gone []string, ok bool) {
	excess := len(s.all) + n - most
	if excess <= 0 {
		return nil, true
	}
	over := func(e *entry) bool {
		return e.first == nil && (e.taken || e.extension == "" || !now.Before(e.expires))
	}
	can := 0
	for _, e := range s.all {
		if over(e) {
			if can++; can == excess {
				break
			}
		}
	}
	if can < excess {
		return nil, false
	}
	s.all = slices.DeleteFunc(s.all, func(e *entry) bool {
		if len(gone) == excess || !over(e) {
			return false
		}
		gone = append(gone, e.id)
		s.drop(e)
		return true
	})
	return gone, true
}

// withdraw forgets messages that were not stored.
func (s *Service) withdraw(entries []*entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = slices.DeleteFunc(s.all, func(e *entry) bool { return slices.Contains(entries, e) })
}

// first sends to the phones that are there, and waits a moment for what they say.
func (s *Service) first(ctx context.Context, entries []*entry) Answer {
	for _, e := range entries {
		s.offer(e)
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	waiting := true
	for _, e := range entries {
		if !waiting {
			break
		}
		select {
		case <-e.first.settled:
			s.mu.Lock()
			waiting = !e.taken
			s.mu.Unlock()
		case <-timer.C:
			waiting = false
		case <-ctx.Done():
			waiting = false
		}
	}
	return s.outcome(entries)
}

// offer puts a message into its box and begins to send it.
func (s *Service) offer(e *entry) {
	left := map[string]bool{}
	for _, c := range s.Registrar.Lookup(e.extension) {
		left[nameOf(&c)] = true
	}
	s.mu.Lock()
	e.first.phones, e.first.left = len(left), left
	if len(left) == 0 || s.ctx == nil {
		e.first.over = true
		close(e.first.settled)
	}
	b := s.box(e.extension)
	i, _ := slices.BinarySearchFunc(b.entries, e, func(a, b *entry) int { return cmp.Compare(a.id, b.id) })
	b.entries = slices.Insert(b.entries, i, e)
	s.mu.Unlock()
	s.kick(e.extension)
}

// outcome is what the sender hears. What all phones of all have refused nobody gets later.
func (s *Service) outcome(entries []*entry) Answer {
	taken, status := false, 0
	var refused []*entry
	s.mu.Lock()
	for _, e := range entries {
		f := e.first
		taken = taken || e.taken
		if !e.taken && f.phones > 0 && f.refused >= f.phones && !s.owed(e, nil) {
			refused, status = append(refused, e), f.status
		}
	}
	ended := len(refused) == len(entries)
	for _, e := range entries {
		e.first = nil
		if ended {
			s.drop(e)
			e.expires = e.at
		}
	}
	s.mu.Unlock()
	switch {
	case taken:
		return Answer{Status: 200, Reason: "OK"}
	case !ended:
		return Answer{Status: 202, Reason: "Accepted"}
	}
	for _, e := range refused {
		if err := s.Store.ChangeText(e.id, func(t *storage.Text) { t.Refused = status }); err != nil {
			s.Log.Error("it was not kept that a message was refused", "message", e.id, "error", err)
		}
	}
	return Answer{Status: status, Reason: "Refused By The Phone"}
}

// mediaType is a Content-Type without its parameters.
func mediaType(s string) string {
	s, _, _ = strings.Cut(s, ";")
	return strings.TrimSpace(s)
}
