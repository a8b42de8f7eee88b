package conference

import (
	"io"
	"strings"
	"time"

	"dialtone/media/tone"
	"dialtone/prompts/say"
)

// The prompts of rooms.
const (
	promptAlone         = "conference/alone"
	promptWaitLeader    = "conference/wait-leader"
	promptLeaderArrived = "conference/leader-arrived"
	promptLeaderLeft    = "conference/leader-left"
	promptThereAre      = "conference/there-are"
	promptParticipant   = "conference/participant"
	promptParticipants  = "conference/participants"
	promptRollCall      = "conference/roll-call"
	promptNowLocked     = "conference/now-locked"
	promptNowUnlocked   = "conference/now-unlocked"
	promptMuted         = "conference/muted"
	promptUnmuted       = "conference/unmuted"
	promptAllMuted      = "conference/all-muted"
	promptAllUnmuted    = "conference/all-unmuted"
	promptDeaf          = "conference/deaf"
	promptUndeaf        = "conference/hears"
	promptKicked        = "conference/kicked"
	promptEndsSoon      = "conference/ends-soon"
	promptEnded         = "conference/ended"
	promptMenu          = "conference/menu"
	promptLeaderMenu    = "conference/leader-menu"
	promptJoined        = "conference/has-joined"
	promptLeft          = "conference/has-left"
	promptSomeoneJoined = "conference/someone-joined"
	promptEnterNumber   = "gather/enter-number"
	promptFinishHash    = "gather/finish-hash"
	promptFull          = "conference/full"
	promptOneMoment     = "menu/one-moment"
	promptBusy          = "call/busy"
	promptNoAnswer      = "call/no-answer"
	promptNotPermitted  = "call/not-permitted"
	promptNotInUse      = "call/not-found"
	promptNotDisturbed  = "call/do-not-disturb"
	promptUnavailable   = "call/unavailable"
	promptCallFailed    = "call/failed"
	promptSomeoneLeft   = "conference/someone-left"
)

// named is the folder of the names that people have recorded, by their number.
const named = "names/"

// clips opens what is said. What cannot be opened is left out.
func (r *Rooms) clips(language string, n news) (out []Clip) {
	if n.sound != 0 {
		out = append(out, n.sound.clip())
	}
	if n.who != nil {
		out = append(out, r.phrases(language, r.introduce(language, n.who, n.in))...)
	}
	return append(out, r.phrases(language, words(n.names...))...)
}

// phrase is a prompt, or what somebody has said himself.
type phrase struct {
	prompt string
	spoken []int16
}

// words are prompts.
func words(names ...string) (out []phrase) {
	for _, name := range names {
		out = append(out, phrase{prompt: name})
	}
	return out
}

// phrases opens them. What cannot be opened is left out.
func (r *Rooms) phrases(language string, list []phrase) (out []Clip) {
	for _, p := range list {
		if p.spoken != nil {
			out = append(out, newVoiced(p.spoken))
			continue
		}
		clip, err := r.o.Open(language, p.prompt)
		if err != nil {
			r.o.Log.Warn("a prompt is not played", "prompt", p.prompt, "error", err)
			continue
		}
		out = append(out, clip)
	}
	return out
}

// introduce says who has come or gone.
func (r *Rooms) introduce(language string, who *Seat, in bool) []phrase {
	has, someone := promptLeft, promptSomeoneLeft
	if in {
		has, someone = promptJoined, promptSomeoneJoined
	}
	name := r.nameOf(language, who)
	if name == nil {
		return words(someone)
	}
	return append(name, phrase{prompt: has})
}

// longest is how many digits of a number are said.
const longest = 20

// nameOf says who it is: by the file of his name, as he said it himself, or by his
// number; nil when that is none.
func (r *Rooms) nameOf(language string, who *Seat) []phrase {
	if file := r.fileOf(language, who.Party); file != "" {
		return words(file)
	}
	if who.SpokenName != nil {
		return []phrase{{spoken: who.SpokenName}}
	}
	number := digits(who.Party)
	if number == "" {
		return nil
	}
	names, err := say.Text(say.For(language), say.Digits, number, say.Options{})
	if err != nil {
		return nil
	}
	return words(names...)
}

// digits is a number that can be said, "" for what is none.
func digits(party string) string {
	number := strings.TrimPrefix(party, "+")
	if len(number) > longest || strings.Trim(number, "0123456789") != "" {
		return ""
	}
	return number
}

// fileOf is the recording of a name, "" when there is none.
func (r *Rooms) fileOf(language, party string) string {
	number := digits(party)
	if number == "" {
		return ""
	}
	clip, err := r.o.Open(language, named+number)
	if err != nil {
		return ""
	}
	_ = clip.Close()
	return named + number
}

// sound is a tone that all hear.
type sound uint8

const (
	soundJoined sound = iota + 1
	soundLeft
)

const (
	soundRate  = 16000
	soundLevel = -22 // dBm0
	soundNote  = 120 * time.Millisecond
)

// clip is the sound: two notes, up for one who comes and down for one who goes.
func (s sound) clip() Clip {
	low, high := 523.25, 783.99
	notes, name := [2]float64{low, high}, "tone joined"
	if s == soundLeft {
		notes, name = [2]float64{high, low}, "tone left"
	}
	t := tone.Tone{Once: true}
	for _, hz := range notes {
		t.Parts = append(t.Parts, tone.Part{Sines: []tone.Sine{{Hz: hz, Level: soundLevel}}, For: soundNote})
	}
	return &tones{Reader: tone.NewGenerator(t, soundRate), name: name, length: 2 * soundNote}
}

// tones are a Clip.
type tones struct {
	Reader interface {
		Read(pcm []int16) (int, error)
	}
	name   string
	length time.Duration
}

// Read implements media.Clip.
func (t *tones) Read(pcm []int16) (int, error) { return t.Reader.Read(pcm) }

// Length implements media.Clip.
func (t *tones) Length() time.Duration { return t.length }

// Rate is that of what is read.
func (*tones) Rate() int { return soundRate }

// Name implements Clip.
func (t *tones) Name() string { return t.name }

// Close implements io.Closer.
func (*tones) Close() error { return nil }

var _ io.Closer = (*tones)(nil)
