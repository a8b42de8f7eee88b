package messages

import (
	"context"
	"time"
	"unicode/utf8"

	"dialtone/dialplan"
	"dialtone/storage"
)

// tell tells webhooks, and reports whether one of them will hear of it.
func (s *Service) tell(m *Message, d *dialplan.MessageDecision, id string, now time.Time) (told bool) {
	text := ""
	if utf8.Valid(m.Body) {
		text = string(m.Body)
	}
	outcome := "kept"
	switch {
	case d.Refuse != "":
		outcome = "refused"
	case len(d.Deliver) == 0:
		outcome = "told"
	}
	for _, name := range d.Webhooks {
		err := s.Webhook(dialplan.Notice{
			Webhook: name, Event: "message", At: now,
			Call:   map[string]string{"from": m.From, "from_name": m.FromName, "extension": m.From, "dialled": m.To, "to": m.To, "outcome": outcome},
			Values: map[string]string{"id": id, "type": m.Type, "text": text},
		})
		if err != nil {
			s.Log.Warn("a webhook is not told of a message", "webhook", name, "from", m.From, "to", m.To, "error", err)
		}
		told = told || err == nil
	}
	return told
}

// relay sends what is of use only now to the phones that are there, and forgets it.
func (s *Service) relay(m *Message, to []string) {
	now := time.Now()
	for _, extension := range to {
		for _, c := range s.Registrar.Lookup(extension) {
			s.mu.Lock()
			free := s.running() && s.sending < maxSending
			if !free {
				s.mu.Unlock()
				return
			}
			s.sending++
			t := storage.Text{ID: s.newID(now), Extension: extension, From: m.From, FromName: m.FromName, To: m.To, At: now, Type: m.Type, Body: m.Body}
			ctx, send := s.ctx, s.send
			s.work.Go(func() {
				defer s.served()
				ctx, cancel := context.WithTimeout(ctx, sendFor)
				defer cancel()
				_, _ = send(ctx, c, &t)
			})
			s.mu.Unlock()
		}
	}
}
