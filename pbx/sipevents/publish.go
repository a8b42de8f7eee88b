package sipevents

import (
	"context"
	"mime"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/pbx/sipedge"
)

const (
	maxPublished = 10      // publications of one extension
	maxDocument  = 8 << 10 // bytes of one

	statusConditionalRequestFailed = 412
)

// publication is what a phone says of whoever uses it (RFC 3903).
type publication struct {
	open           bool
	note, activity string

	since time.Time
	timer *time.Timer
}

// publications are those that have not expired, by extension and entity-tag.
type publications struct {
	mu    sync.Mutex
	ended bool
	all   map[string]map[string]*publication
}

// of is what was published last of an extension, nil for nothing.
func (p *publications) of(extension string) (last *publication) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range p.all[extension] {
		if last == nil || one.since.After(last.since) {
			last = one
		}
	}
	return last
}

// drop forgets one; mu is held.
func (p *publications) drop(extension, tag string) {
	if one := p.all[extension][tag]; one != nil {
		one.timer.Stop()
	}
	if delete(p.all[extension], tag); len(p.all[extension]) == 0 {
		delete(p.all, extension)
	}
}

// end forgets all.
func (p *publications) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	for extension, list := range p.all {
		for tag := range list {
			p.drop(extension, tag)
		}
	}
}

// publishing is a PUBLISH that was found good.
type publishing struct {
	extension string
	was       string       // SIP-If-Match, "" for something new
	says      *publication // nil refreshes what was
	lasts     time.Duration
}

// publish answers PUBLISH.
func (l *lamps) publish(_ context.Context, req *sip.Request, tx sip.ServerTransaction, flow sipedge.Flow) {
	a := asking{req: req, tx: tx, flow: flow}
	var ok bool
	if a.subscriber, ok = l.authenticate(req, tx, flow); !ok {
		return
	}
	p, ok := l.readPublish(a)
	if !ok {
		return
	}
	tag, status := l.take(p)
	switch status {
	case sip.StatusOK:
		res := sipedge.NewResponse(req, sip.StatusOK, "OK")
		res.AppendHeader(sip.NewHeader("SIP-ETag", tag))
		res.AppendHeader(sip.NewHeader("Expires", seconds(p.lasts)))
		l.respond(tx, res)
		l.Changed(presenceEvent, p.extension)
	case statusConditionalRequestFailed:
		l.refuse(a, status, "Conditional Request Failed")
	default:
		l.Log.Info("PUBLISH refused", "extension", p.extension, "because", "it has too many publications")
		l.refuse(a, status, "Too Many Publications", sip.NewHeader("Retry-After", "600"))
	}
}

// readPublish reads what is published; otherwise it has refused the request.
func (l *lamps) readPublish(a asking) (p publishing, ok bool) {
	p.extension = a.subscriber
	event, _, _ := strings.Cut(value(a.req, "Event"), ";")
	p.was = strings.TrimSpace(value(a.req, "SIP-If-Match"))
	switch {
	case strings.TrimSpace(event) != presenceEvent:
		l.refuse(a, 489, "Bad Event", sip.NewHeader("Allow-Events", presenceEvent))
		return p, false
	case user(a.req.Recipient) != a.subscriber: // each speaks for itself only
		l.refuse(a, sip.StatusForbidden, "Forbidden")
		return p, false
	case p.was != "" && !isToken(p.was), len(a.req.GetHeaders("SIP-If-Match")) > 1:
		l.refuse(a, sip.StatusBadRequest, "Bad SIP-If-Match")
		return p, false
	}
	if p.lasts, ok = expiry(a.req); !ok {
		l.refuse(a, sip.StatusBadRequest, "Bad Expires")
		return p, false
	}
	if p.lasts > 0 && p.lasts < minExpires {
		l.refuse(a, sip.StatusIntervalToBrief, "Interval Too Brief", sip.NewHeader("Min-Expires", seconds(minExpires)))
		return p, false
	}
	if p.was != "" && (p.lasts == 0 || len(a.req.Body()) == 0) {
		return p, true
	}
	p.says, ok = l.readDocument(a)
	return p, ok
}

// readDocument reads the body of a PUBLISH; otherwise it has refused the request.
func (l *lamps) readDocument(a asking) (*publication, bool) {
	kind, _, err := mime.ParseMediaType(value(a.req, "Content-Type"))
	switch {
	case len(a.req.Body()) == 0:
		l.refuse(a, sip.StatusBadRequest, "Missing Body")
		return nil, false
	case err != nil || kind != presenceType:
		l.refuse(a, sip.StatusUnsupportedMediaType, "Unsupported Media Type", sip.NewHeader("Accept", presenceType))
		return nil, false
	case len(a.req.Body()) > maxDocument:
		l.refuse(a, sip.StatusRequestEntityTooLarge, "Request Entity Too Large")
		return nil, false
	}
	said, err := readPIDF(a.req.Body())
	if err != nil {
		l.Log.Info("PUBLISH refused", "extension", a.subscriber, "because", err)
		l.refuse(a, sip.StatusBadRequest, "Bad Presence Document")
		return nil, false
	}
	return &said, true
}

// take keeps what is published under a new entity-tag.
func (l *lamps) take(p publishing) (tag string, status int) {
	l.said.mu.Lock()
	defer l.said.mu.Unlock()
	was, known := l.said.all[p.extension][p.was]
	switch {
	case p.was != "" && !known:
		return "", statusConditionalRequestFailed
	case !known && p.lasts > 0 && len(l.said.all[p.extension]) >= maxPublished, l.said.ended:
		return "", sip.StatusServiceUnavailable
	}
	if known {
		l.said.drop(p.extension, p.was)
	}
	if p.says == nil {
		p.says = was
	} else {
		p.says.since = time.Now()
	}
	tag = randomID()
	if p.lasts == 0 {
		return tag, sip.StatusOK
	}
	now := *p.says
	now.timer = time.AfterFunc(p.lasts, func() { l.expire(p.extension, tag) })
	if l.said.all[p.extension] == nil {
		l.said.all[p.extension] = map[string]*publication{}
	}
	l.said.all[p.extension][tag] = &now
	return tag, sip.StatusOK
}

// expire forgets what was not refreshed in time.
func (l *lamps) expire(extension, tag string) {
	l.said.mu.Lock()
	l.said.drop(extension, tag)
	l.said.mu.Unlock()
	l.Changed(presenceEvent, extension)
}
