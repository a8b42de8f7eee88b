package peers

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"

	"dialtone/internal/callscript"
)

// lasting is how many samples a tone has to be heard for: 200 ms. Of a beep that nothing follows,
// the last does not leave Twinkle's buffer.
const lasting = 1600

// softphone is a phone of some maker, told what to do as its users tell it.
type softphone struct {
	maker
	t      *testing.T // of the scenario that it takes part in
	number string
	hz     float64 // it speaks
	server *callscript.Server
	screen *screen
	types  func(command string)
	hears  func(ctx context.Context, hz float64) // nil when it cannot tell
	log    func() string                         // has the messages in writing
}

// maker is what the phones of one maker take and what they print, as regular expressions.
// In what they take, $NUMBER is a number, $SERVER the server, $TEXT a text, and $FIRST and
// $SECOND are the phone's last two calls.
type maker struct {
	name                                           string
	dial, answer, hangUp                           string
	hold, resume                                   string
	transfer                                       string // the call, to a number
	consult                                        string // calls a number while the call waits
	join                                           string // lets both others talk
	asksFirst                                      bool   // hold has to come before consult
	byKeys                                         bool   // consult is done by the server, which tells nothing of an answer
	write, read                                    string // read is printed for $TEXT of $NUMBER
	rings, answered, held, resumed, ended, refused string
}

// tell types a command, with what stands for the marks in it.
func (p *softphone) tell(command string, marks ...string) {
	first, second := "", ""
	for _, id := range regexp.MustCompile(`assigned id (\d+)`).FindAllStringSubmatch(p.screen.String(), -1) {
		first, second = second, id[1]
	}
	marks = append(marks, "$SERVER", fmt.Sprintf("127.0.0.1:%d", p.server.Port("udp")), "$FIRST", first, "$SECOND", second)
	p.types(strings.NewReplacer(marks...).Replace(command))
}

// expect waits until the phone prints what fits, after what was waited for before.
func (p *softphone) expect(ctx context.Context, what, pattern string) {
	p.t.Helper()
	if !p.screen.expect(ctx, regexp.MustCompile(pattern)) {
		p.t.Fatalf("%s %s is expected %s, it printed:\n%s", p.name, p.number, what, p.screen.rest())
	}
}

func (p *softphone) calls(number string) { p.tell(p.dial, "$NUMBER", number) }

func (p *softphone) isRung(ctx context.Context) { p.t.Helper(); p.expect(ctx, "to ring", p.rings) }

func (p *softphone) isAnswered(ctx context.Context) {
	p.t.Helper()
	p.expect(ctx, "to talk", p.answered)
}

// answers waits until the phone rings, and until it talks.
func (p *softphone) answers(ctx context.Context) {
	p.t.Helper()
	p.isRung(ctx)
	p.tell(p.answer)
	p.isAnswered(ctx)
}

func (p *softphone) holds(ctx context.Context) {
	p.t.Helper()
	p.tell(p.hold)
	p.expect(ctx, "to hold its call", p.held)
}

func (p *softphone) resumes(ctx context.Context) {
	p.t.Helper()
	p.tell(p.resume)
	p.expect(ctx, "to talk again", p.resumed)
}

func (p *softphone) transfers(number string) { p.tell(p.transfer, "$NUMBER", number) }

// consults calls a number while its call waits.
func (p *softphone) consults(ctx context.Context, number string) {
	p.t.Helper()
	if p.asksFirst {
		p.holds(ctx)
	}
	p.tell(p.consult, "$NUMBER", number)
}

// hasAsked waits until the phone knows that whom it consults has answered: join does nothing before.
func (p *softphone) hasAsked(ctx context.Context) {
	p.t.Helper()
	if !p.byKeys {
		p.isAnswered(ctx)
	}
}

// listens waits until it hears a tone, when it can tell.
func (p *softphone) listens(ctx context.Context, hz float64) {
	p.t.Helper()
	if p.hears != nil {
		p.hears(ctx, hz)
	}
}

func (p *softphone) hangsUp() { p.tell(p.hangUp) }

// isLeft waits until a call of the phone is over.
func (p *softphone) isLeft(ctx context.Context) {
	p.t.Helper()
	p.expect(ctx, "to be hung up", p.ended)
}

func (p *softphone) writes(number, text string) {
	p.tell(p.write, "$NUMBER", number, "$TEXT", text)
}

// reads waits until a message in writing has come, as often as it is expected.
func (p *softphone) reads(ctx context.Context, number, text string, times int) {
	p.t.Helper()
	pattern := regexp.MustCompile(strings.NewReplacer("$NUMBER", number, "$TEXT", regexp.QuoteMeta(text)).Replace(p.read))
	n := 0
	if !callscript.Until(ctx, func() bool { n = len(pattern.FindAllString(p.log(), -1)); return n >= times }) || n > times {
		p.t.Fatalf("%s %s read %q of %s %d times, want %d; it printed:\n%s", p.name, p.number, text, number, n, times, callscript.Tail(p.log(), 40))
	}
}

// screen is what a program prints, and how much of that was read.
type screen struct {
	mu      sync.Mutex
	text    bytes.Buffer
	at      int
	changed chan struct{} // nil, or closed by the next Write
}

func (s *screen) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
	return s.text.Write(b)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// rest is what was not read.
func (s *screen) rest() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.text.Bytes()[s.at:])
}

// forget takes all that is there for read.
func (s *screen) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at = s.text.Len()
}

// expect reads on to the end of what fits; false when that has not come when ctx ends.
func (s *screen) expect(ctx context.Context, pattern *regexp.Regexp) bool {
	for {
		s.mu.Lock()
		if found := pattern.FindIndex(s.text.Bytes()[s.at:]); found != nil {
			s.at += found[1]
			s.mu.Unlock()
			return true
		}
		if s.changed == nil {
			s.changed = make(chan struct{})
		}
		changed := s.changed
		s.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}

// has says whether something fits that was not read.
func (s *screen) has(pattern string) bool { return regexp.MustCompile(pattern).MatchString(s.rest()) }
