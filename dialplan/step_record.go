package dialplan

import (
	"context"
	"time"
)

// Record starts to record the call, stops, or leaves out what is said from pause to resume.
// start answers the caller and sees to the consent; who joins the call later hears the
// announcement first. The recording goes on through the steps that follow, until stop or
// the end of the call. When nothing can be recorded, the next step is taken all the same.
//
// A caller who did not agree is not asked again.
type Record struct {
	Placed
	// Do is start, stop, pause or resume; without it, it is start.
	Do string `yaml:"record" main:"optional" enum:"start,stop,pause,resume"`
	// Consent is announce, ask or silent, as for numbers. The default is that of the number
	// that was called, of the trunk, and recording.announce.
	Consent string `yaml:"consent" enum:"announce,ask,silent"`
	// Keep is for how long the recording is kept, in place of recording.keep.
	Keep time.Duration `yaml:"keep" min:"1h" max:"10000d"`
}

// RecordStart and others are what the step record does.
const (
	RecordStart  = "start"
	RecordStop   = "stop"
	RecordPause  = "pause"
	RecordResume = "resume"
)

// Recording is what is to be done with the recording of a call.
type Recording struct {
	Do       string
	Consent  string        // "" is as the configuration says
	Keep     time.Duration // 0 is as the configuration says
	Language string
}

func (s *Record) do() string {
	if s.Do == "" {
		return RecordStart
	}
	return s.Do
}

// String implements Step.
func (s *Record) String() string { return "record " + s.do() }

// Run implements Step.
func (s *Record) Run(ctx context.Context, r *Run) error {
	why, err := r.Session.Record(ctx, Recording{Do: s.do(), Consent: s.Consent, Keep: s.Keep, Language: r.spoken()})
	if why != "" {
		r.note(why)
	}
	return r.excused(ctx, err)
}

func (s *Record) check(c *checker) {
	if s.do() != RecordStart && (s.Consent != "" || s.Keep != 0) {
		c.fail(s.Where(), "consent and keep belong to record: start", "remove them here")
	}
}

func (*Record) waits() bool { return true }
