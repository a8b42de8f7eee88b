package sipua

import (
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/dialplan"
)

// sessionTimer is the state of RFC 4028 for one dialog; the leg's mutex guards
// it.
type sessionTimer struct {
	asked    time.Duration // what the far side's last request asked for; 0 for nothing
	askedFor string        // the refresher that it named: "uac", "uas" or ""
	least    time.Duration // its Min-SE; 0 for none
	known    bool          // the far side supports timers

	interval time.Duration // in force; 0 when there is none
	ours     bool          // we refresh
	due      bool          // it is time to
	alone    bool          // the far side has no timer: ours finds out whether it is there
	refresh  *time.Timer
	expire   *time.Timer
}

// vetSession refuses a session interval that is too short (RFC 4028 §9).
func (u *UA) vetSession(req *sip.Request, tx sip.ServerTransaction) bool {
	se, ok := decimal(req, "Session-Expires")
	if !ok || time.Duration(se)*time.Second >= u.minSE || !hasToken(req, "Supported", "timer") {
		return true
	}
	u.reply(tx, req, 422, "Session Interval Too Small", sip.NewHeader("Min-SE", seconds(u.minSE)))
	return false
}

// maxSessionExpires is the longest interval, in seconds, that says anything of
// whether the far side is there.
const maxSessionExpires = 86400

func asInterval(seconds uint32) time.Duration {
	return time.Duration(min(seconds, maxSessionExpires)) * time.Second
}

func seconds(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }

// read takes from a request of the far side what it asks for.
func (s *sessionTimer) read(u *UA, req *sip.Request) {
	s.known = hasToken(req, "Supported", "timer") || hasToken(req, "Require", "timer")
	s.asked, s.askedFor = 0, ""
	least, _ := decimal(req, "Min-SE")
	s.least = asInterval(least)
	if se, ok := decimal(req, "Session-Expires"); ok {
		s.asked = max(asInterval(se), u.minSE)
		s.askedFor = refresher(value(req, "Session-Expires"))
	}
}

// refresher reads the parameter of that name.
func refresher(v string) string {
	for _, p := range split(v, ';')[1:] {
		if k, who, _ := strings.Cut(p, "="); strings.EqualFold(strings.TrimSpace(k), "refresher") {
			return strings.ToLower(strings.TrimSpace(who))
		}
	}
	return ""
}

// answer decides on interval and refresher as UAS (RFC 4028 §9), says so in the
// 2xx and starts the timer.
func (s *sessionTimer) answer(l *leg, res *sip.Response) {
	interval, ours := l.ua.config().SIP.SessionExpires.D(), true
	if s.asked > 0 {
		interval = s.asked
		ours = !s.known || s.askedFor == "uas"
	}
	if interval <= 0 {
		s.stop()
		return
	}
	interval = max(interval, l.ua.minSE, s.least)
	who := "uac"
	if ours {
		who = "uas"
	}
	if s.alone = !s.known; s.known {
		res.AppendHeader(sip.NewHeader("Require", "timer"))
	}
	res.AppendHeader(sip.NewHeader("Session-Expires", seconds(interval)+";refresher="+who))
	s.start(l, interval, ours)
}

// ask adds to a request of ours what we want (RFC 4028 §7.1); in a dialog the
// refresher stays who it is.
func (s *sessionTimer) ask(req *sip.Request, u *UA) {
	interval := s.interval
	if interval == 0 {
		interval = u.config().SIP.SessionExpires.D()
	}
	if interval <= 0 {
		return
	}
	interval = max(interval, u.minSE)
	v := seconds(interval)
	switch {
	case s.refresh != nil || s.ours:
		v += ";refresher=uac"
	case s.expire != nil:
		v += ";refresher=uas"
	}
	req.AppendHeader(sip.NewHeader("Session-Expires", v))
	req.AppendHeader(sip.NewHeader("Min-SE", seconds(u.minSE)))
}

// agreed takes the decision of the far side from its 2xx (RFC 4028 §7.2): without
// one, we refresh by ourselves.
func (s *sessionTimer) agreed(l *leg, res *sip.Response) {
	s.due = false
	interval, ours := s.interval, true
	if interval == 0 {
		interval = l.ua.config().SIP.SessionExpires.D()
	}
	se, ok := decimal(res, "Session-Expires")
	if s.alone = !ok; ok {
		interval = asInterval(se)
		ours = refresher(value(res, "Session-Expires")) != "uas"
	}
	if interval <= 0 {
		s.stop()
		return
	}
	s.start(l, max(interval, l.ua.minSE), ours)
}

// start runs the timer anew: we refresh at half time, and the session ends a
// while before it expires at the far side (RFC 4028 §10).
func (s *sessionTimer) start(l *leg, interval time.Duration, ours bool) {
	s.stop()
	if l.phase == over {
		return
	}
	s.interval, s.ours = interval, ours
	if ours {
		s.refresh = time.AfterFunc(interval/2, l.refreshDue)
	}
	s.expire = time.AfterFunc(interval-min(32*time.Second, interval/3), func() {
		l.finish(&dialplan.Ended{Cause: dialplan.CauseSessionExpired, Detail: "no refresh within " + interval.String()}, true)
	})
}

func (s *sessionTimer) stop() {
	for _, t := range []*time.Timer{s.refresh, s.expire} {
		if t != nil {
			t.Stop()
		}
	}
	s.refresh, s.expire, s.due = nil, nil, false
}

func (l *leg) refreshDue() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.phase == over {
		return
	}
	l.session.due = true
	l.modify()
}

// refused takes the refusal of a refresh. To a timer that is ours alone it is as
// good as any answer; else there is time for another try.
func (s *sessionTimer) refused(l *leg) {
	switch {
	case !s.due:
	case s.alone:
		s.start(l, s.interval, true)
	default:
		s.due = false
		s.refresh.Reset(s.interval / 16)
	}
}

// longerSession takes the Min-SE of a 422, for another try at once; negative when
// it asks for more than a day.
func (l *leg) longerSession(res *sip.Response) time.Duration {
	n, ok := decimal(res, "Min-SE")
	l.mu.Lock()
	defer l.mu.Unlock()
	if !ok || n > maxSessionExpires || time.Duration(n)*time.Second <= l.session.interval {
		l.session.refused(l)
		return -1
	}
	l.session.interval = time.Duration(n) * time.Second
	return 0
}
