package call

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/media"
	"dialtone/pbx/recording"
)

// Recordings makes recordings. It is safe for concurrent use.
type Recordings interface {
	// Begin makes the file for a recording of a call whose caller is at e.
	Begin(what recording.Subject, e media.Endpoint) (recording.CallTake, error)
	// BeginRoom begins to record a conference.
	BeginRoom(what recording.Subject) (recording.RoomTake, error)
}

// EventRecording is what the attribute event says of recordings that failed.
const EventRecording = "recording"

// taping is what of a call is recorded. mu guards it; who stops it waits elsewhere.
type taping struct {
	mu      sync.Mutex
	take    recording.Take // nil while nothing is recorded
	told    bool           // who joins hears the announcement
	refused bool           // the caller does not agree
	ended   bool           // somebody stopped it: no rule begins again
	paused  bool           // by key, step or operator
	private int            // conversations with a party that is never recorded
	behind  bool           // somebody else is in the caller's place, who does not know of it
	ids     []string
	as      starting // how take began
	// story is of the call that a party came from.
	story story
}

// starting is who wants a recording, and how.
type starting struct {
	by       string
	consent  string // "" is as the configuration says
	keep     time.Duration
	language string
	paused   bool // from its beginning
}

// did is the number of ours that was called from outside.
func (c *Call) did() string {
	if c.facts.Trunk == "" {
		return ""
	}
	return c.board.plan().Inbound(c.facts.Trunk, c.facts.To)
}

// rule is the policy of an extension, "" when it is none.
func (c *Call) rule(extension string) string {
	if extension == "" {
		return ""
	}
	return c.board.config().Extensions[extension].Record
}

// extensionOf is the extension that a leg is, "" for others.
func (c *Call) extensionOf(leg Leg) string {
	switch i := leg.Info(); {
	case c.person() != nil && leg == Leg(c.caller):
		return ""
	case leg == Leg(c.caller) && c.origin == nil: // who was transferred is not who pays
		return c.facts.Extension
	case i.Trunk == "":
		return i.Party
	}
	return ""
}

// forbidden says why the call must not be recorded with the others in it, "" when it may.
func (c *Call) forbidden(others ...Leg) string {
	if c.urgent { // which no announcement may delay
		return "emergency calls are not recorded"
	}
	for _, leg := range append([]Leg{c.caller}, others...) {
		if e := c.extensionOf(leg); c.rule(e) == config.RecordNever {
			return "extension " + e + " is never recorded"
		}
	}
	if did := c.did(); c.board.config().Numbers[did].Record == config.RecordNever {
		return "calls to " + did + " are never recorded"
	}
	return ""
}

// recording reports whether something is recorded, or never will be.
func (c *Call) recording() (take recording.Take, told, over bool) {
	c.tape.mu.Lock()
	defer c.tape.mu.Unlock()
	return c.live(), c.tape.told, c.tape.refused || c.tape.ended
}

// live is the recording that is being made, nil when there is none, or it has ended without
// us: the disk is full. The lock of the tape is held.
func (c *Call) live() recording.Take {
	if c.tape.take == nil {
		return nil
	}
	select {
	case <-c.tape.take.Done():
		c.log.Warn("is not recorded any more: the recording has ended by itself", "recording", c.tape.take.ID())
		c.tape.take = nil
	default:
	}
	return c.tape.take
}

var errNoRecordings = errors.New("nothing is recorded here")

// begin makes a recording, lets tell see to the consent, and begins. why says what kept it
// from that.
func (c *Call) begin(ctx context.Context, s starting, others []Leg, tell func(context.Context, string) (bool, error)) (why string, err error) {
	if take, _, _ := c.recording(); take != nil {
		return "", nil
	}
	if why := c.forbidden(others...); why != "" {
		return why, nil
	}
	did := c.did()
	consent := cmp.Or(s.consent, c.board.config().Consent(did, c.facts.Trunk))
	if consent == config.ConsentAsk && c.refusedBefore() {
		return "the caller did not agree", nil
	}
	what := recording.Subject{
		Call: c.id, From: c.facts.From, FromName: c.facts.FromName, To: c.facts.To, DID: did, Parties: []string{c.facts.From},
		By: s.by, Keep: s.keep, Paused: s.paused, Consent: map[string]string{config.ConsentAsk: recording.Agreed, config.ConsentSilent: recording.Silent}[consent],
	}
	what.Consent = cmp.Or(what.Consent, recording.Announced)
	for _, leg := range others {
		what.Parties = append(what.Parties, leg.Info().Party)
	}
	take, err := c.openTake(ctx, what)
	if err != nil {
		return c.unrecorded(ctx, err)
	}
	if agreed, err := tell(ctx, consent); err != nil || !agreed {
		take.Stop()
		if err != nil {
			return c.unrecorded(ctx, err)
		}
		c.tape.mu.Lock()
		defer c.tape.mu.Unlock()
		c.tape.refused = true
		return "the caller does not agree", nil
	}
	if err := take.Start(c.caller.Media()); err != nil {
		take.Stop()
		return c.unrecorded(ctx, err)
	}
	c.taken(take, s, consent != config.ConsentSilent)
	return "", nil
}

func (c *Call) refusedBefore() bool {
	c.tape.mu.Lock()
	defer c.tape.mu.Unlock()
	return c.tape.refused
}

// taken notes that take records.
func (c *Call) taken(take recording.Take, as starting, told bool) {
	c.tape.mu.Lock()
	defer c.tape.mu.Unlock()
	c.tape.as = as
	c.tape.take, c.tape.told, c.tape.paused, c.tape.behind = take, told, as.paused, false
	c.tape.ids = append(c.tape.ids, take.ID())
	c.log.Info("is recorded", "recording", take.ID())
	c.touched()
}

// unrecorded says why nothing is recorded; an error is why the call is over.
func (c *Call) unrecorded(ctx context.Context, err error) (string, error) {
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	c.log.Warn("a call is not recorded", "event", EventRecording, "from", c.facts.From, "to", c.facts.To, "error", err)
	return err.Error(), nil
}

// diskPatience is how long a call waits for a file.
const diskPatience = 2 * time.Second

// openTake makes the file of a recording, without waiting for a disk that hangs.
func (c *Call) openTake(ctx context.Context, what recording.Subject) (recording.CallTake, error) {
	if c.board.recordings == nil {
		return nil, errNoRecordings
	}
	type made struct {
		take recording.CallTake
		err  error
	}
	done, gone := make(chan made), make(chan struct{})
	defer close(gone)
	c.tasks.Go(func() {
		take, err := c.board.recordings.Begin(what, c.caller.Media())
		select {
		case done <- made{take, err}:
		case <-gone:
			if err == nil {
				take.Stop()
			}
		}
	})
	timer := time.NewTimer(diskPatience)
	defer timer.Stop()
	select {
	case m := <-done:
		return m.take, m.err
	case <-timer.C:
		return nil, errors.New("the disk does not answer")
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// pause leaves out what is said from now on, or goes on. It reports whether that is new.
func (c *Call) pause(on bool) bool {
	c.tape.mu.Lock()
	defer c.tape.mu.Unlock()
	if c.live() == nil || c.tape.paused == on {
		return false
	}
	c.tape.paused = on
	c.tape.apply()
	c.touched()
	return true
}

// apply lets the recording pause, or go on; mu is held.
func (t *taping) apply() {
	switch {
	case t.take == nil:
	case t.paused || t.behind || t.private > 0:
		t.take.Pause()
	default:
		t.take.Resume()
	}
}

// stop ends the recording, and reports whether there was one. That it is kept is waited for
// at the end of the call.
func (c *Call) stop() bool {
	c.tape.mu.Lock()
	defer c.tape.mu.Unlock()
	take := c.live()
	c.tape.take, c.tape.ended = nil, true
	c.touched()
	if take != nil {
		c.tasks.Go(take.Stop) // the call itself stops before it waits
	}
	return take != nil
}

// recorded are the ids of the recordings of the call.
func (c *Call) recorded() []string {
	c.tape.mu.Lock()
	defer c.tape.mu.Unlock()
	return slices.Clone(c.tape.ids)
}

// Record implements dialplan.Session.
func (c *Call) Record(ctx context.Context, r dialplan.Recording) (why string, err error) {
	switch r.Do {
	case dialplan.RecordStart:
		if take, _, _ := c.recording(); take != nil {
			return "it is recorded already", nil
		}
		if err := c.audible(ctx, playable(c.caller.Far().Formats)); err != nil {
			return "", err
		}
		return c.begin(ctx, starting{by: recording.ByStep, consent: r.Consent, keep: r.Keep, language: r.Language}, nil, c.tellAlone(r.Language))
	default:
		return c.control(r.Do), nil
	}
}

// control stops, pauses or resumes, and says why it does not.
func (c *Call) control(do string) (why string) {
	done := false
	switch do {
	case dialplan.RecordStop:
		done = c.stop()
	case dialplan.RecordPause:
		done = c.pause(true)
	case dialplan.RecordResume:
		done = c.pause(false)
	}
	take, _, _ := c.recording()
	switch {
	case done:
		return ""
	case take == nil:
		return "nothing is recorded"
	case do == dialplan.RecordPause:
		return "it is paused already"
	}
	return "it is not paused"
}
