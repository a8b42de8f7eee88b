package voicemail

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"time"

	"dialtone/dialplan"
	"dialtone/storage"
)

// How mail is tried: after a minute, then twice as long each time, up to an hour, for
// five days.
const (
	firstPause = time.Minute
	maxPause   = time.Hour
	mailFor    = 5 * 24 * time.Hour
)

// posting is the work of Run: transcripts and mail. Which messages are to be mailed is in
// the store; when one was tried is not, so that a restart tries them all.
type posting struct {
	s     *Service
	tried map[storage.MessageKey]*attempt
}

type attempt struct {
	pause time.Duration
	next  time.Time
}

func newPosting(s *Service) *posting {
	return &posting{s: s, tried: map[storage.MessageKey]*attempt{}}
}

// round does all that is due, and says when there is more to do; 0 is when somebody
// leaves a message.
func (p *posting) round(ctx context.Context) time.Duration {
	s := p.s
	s.mu.Lock()
	fresh := maps.Clone(s.fresh)
	clear(s.fresh)
	s.mu.Unlock()
	list, err := s.Messages("")
	if err != nil {
		s.log.Error("messages cannot be mailed", "error", err)
		return firstPause
	}
	var soonest time.Time
	waits := map[storage.MessageKey]bool{}
	for i := range list {
		m := &list[i]
		if ctx.Err() != nil {
			return 0
		}
		a := p.tried[m.MessageKey]
		if fresh[m.MessageKey] || m.Mail == storage.MailWaits && a == nil {
			if s.transcribe(ctx, m); ctx.Err() != nil {
				return 0
			}
		}
		if m.Mail != storage.MailWaits {
			continue
		}
		if a == nil {
			a = &attempt{pause: firstPause}
			p.tried[m.MessageKey] = a
		}
		waits[m.MessageKey] = true
		if !time.Now().Before(a.next) {
			if p.post(ctx, m, a) {
				delete(waits, m.MessageKey)
				continue
			}
		}
		if soonest.IsZero() || a.next.Before(soonest) {
			soonest = a.next
		}
	}
	maps.DeleteFunc(p.tried, func(k storage.MessageKey, _ *attempt) bool { return !waits[k] })
	if soonest.IsZero() {
		return 0
	}
	return max(time.Until(soonest), time.Second)
}

// post mails a message, and reports whether there is no more to do about it.
func (p *posting) post(ctx context.Context, m *storage.Message, a *attempt) (done bool) {
	s := p.s
	box := s.config().Extensions[m.Mailbox].Voicemail
	state := storage.MailSent
	if box.Email == "" || s.mailer == nil {
		state = ""
	} else if err := s.mailer.Send(ctx, s.letter(m, box.Email)); err != nil {
		if ctx.Err() != nil {
			return false
		}
		if !errors.Is(err, dialplan.ErrFinal) && time.Since(m.At) < mailFor {
			s.log.Warn("a message could not be mailed yet", "mailbox", m.Mailbox, "message", m.ID, "again_in", a.pause, "error", err)
			a.next = time.Now().Add(a.pause)
			a.pause = min(2*a.pause, maxPause)
			return false
		}
		s.log.Error("a message cannot be mailed; it can be heard by telephone", "event", "voicemail", "mailbox", m.Mailbox, "message", m.ID, "to", box.Email, "error", err)
		state = storage.MailLost
	}
	err := s.update(m.MessageKey, func(now *storage.Message) bool { now.Mail = state; return true })
	if err != nil && !errors.Is(err, ErrNotFound) {
		s.log.Error("it could not be noted that a message was mailed: it will be mailed again", "mailbox", m.Mailbox, "message", m.ID, "error", err)
		a.next = time.Now().Add(maxPause)
		return false
	}
	if state == storage.MailSent {
		s.log.Info("a message was mailed", "mailbox", m.Mailbox, "message", m.ID)
		if box.Delete {
			if err := s.Delete(m.MessageKey); err != nil && !errors.Is(err, ErrNotFound) {
				s.log.Error("a message that was mailed is still there", "mailbox", m.Mailbox, "message", m.ID, "error", err)
			}
		}
	}
	return true
}

// letter is the mail about a message.
func (s *Service) letter(m *storage.Message, to string) dialplan.Letter {
	who := cmp.Or(m.From, "a caller without a number")
	if m.FromName != "" && m.FromName != m.From {
		who = m.FromName + " (" + who + ")"
	}
	marks := ""
	if m.Urgent {
		marks = "Urgent: "
	}
	at := m.At.In(s.zone())
	var b strings.Builder
	fmt.Fprintf(&b, "Message for %s\n\nFrom:    %s\nCalled:  %s\nTime:    %s\nLength:  %s\n", m.Mailbox, who, cmp.Or(m.To, m.Mailbox), at.Format("Mon 2006-01-02 15:04 MST"), m.Length.Round(time.Second))
	if m.Forwarded != "" {
		fmt.Fprintf(&b, "Forwarded by %s\n", m.Forwarded)
	}
	if m.Recovered {
		b.WriteString("The recording was interrupted.\n")
	}
	if m.Transcript != "" {
		fmt.Fprintf(&b, "\n%s\n", m.Transcript)
	}
	return dialplan.Letter{
		Mail:  dialplan.Mail{CallID: m.CallID, To: []string{to}, Subject: marks + "Message from " + who + " for " + m.Mailbox, Text: b.String()},
		ID:    "voicemail-" + m.ID,
		Files: []dialplan.Enclosure{{Name: "message-" + at.Format("20060102-150405") + ".wav", Type: "audio/wav", Path: s.Path(m)}},
	}
}

// zone is that of the site.
func (s *Service) zone() *time.Location {
	if name := s.config().Site.Timezone; name != "" {
		if zone, err := time.LoadLocation(name); err == nil {
			return zone
		}
	}
	return time.Local
}

// transcribe has an engine write down what is said in a message.
func (s *Service) transcribe(ctx context.Context, m *storage.Message) {
	if s.writes == nil || !s.config().Voicemail.Transcript.Enabled() || m.Transcript != "" {
		return
	}
	text, err := s.transcript(ctx, m)
	if err == nil {
		m.Transcript = text
		err = s.update(m.MessageKey, func(now *storage.Message) bool { now.Transcript = text; return text != "" })
	}
	if err != nil && ctx.Err() == nil && !errors.Is(err, ErrNotFound) {
		s.log.Warn("a message has no transcript", "mailbox", m.Mailbox, "message", m.ID, "error", err)
	}
}

func (s *Service) transcript(ctx context.Context, m *storage.Message) (string, error) {
	file, err := os.Open(s.Path(m))
	if err != nil {
		return "", err
	}
	defer file.Close()
	return s.writes.Transcribe(ctx, file, s.config().Extensions[m.Mailbox].Language)
}
