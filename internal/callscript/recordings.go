package callscript

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"filippo.io/age"

	"dialtone/internal/testphone"
	"dialtone/internal/testwav"
)

// recording is one as "dialtone ctl recordings" shows it.
type recording struct {
	ID         string        `json:"id"`
	State      string        `json:"state"`
	Call       string        `json:"call"`
	From       string        `json:"from"`
	To         string        `json:"to"`
	Parties    []string      `json:"parties"`
	Pauses     []any         `json:"pauses"`
	By         string        `json:"by"`
	Consent    string        `json:"consent"`
	File       string        `json:"file"`
	Sealed     bool          `json:"sealed"`
	Incomplete string        `json:"incomplete"`
	Length     time.Duration `json:"length"`
	Format     string        `json:"format"`
	sides      [2][]int16    // what is in it, at 8 kHz
}

// findRecording waits for a recording with all the fields, and takes it.
func findRecording(s *stage) {
	s.until(func() (bool, string) {
		var list []recording
		if err := s.run.server.Ctl(s.ctx, &list, "recordings"); err != nil {
			return false, err.Error()
		}
		var seen []string
		for i := range list {
			r := &list[i]
			if r.State != "kept" || s.run.taken(r.ID, false) {
				continue
			}
			off := s.compareRecording(r)
			if off == "" {
				s.run.taken(r.ID, true)
				return true, ""
			}
			seen = append(seen, fmt.Sprintf("%s %s by=%s from=%s to=%s consent=%s parties=%v pauses=%d length=%s: %s", r.ID, r.Format, r.By, r.From, r.To, r.Consent, r.Parties, len(r.Pauses), r.Length, off))
		}
		return false, "the recordings are:\n\t" + strings.Join(seen, "\n\t")
	})
}

// compareRecording names the first field that is not as wanted, "" when all are.
func (s *stage) compareRecording(r *recording) string {
	read := false
	for _, f := range strings.Fields(s.args["FIELDS"]) {
		name, want, ok := strings.Cut(f, "=")
		if !ok {
			s.Fatalf("%q is no field=value", f)
		}
		switch name {
		case "left", "right", "without", "key", "atleast", "atmost":
			if !read {
				if err := s.readRecording(r); err != nil {
					return err.Error()
				}
				read = true
			}
			if off := r.lacks(name, want); off != "" {
				return off
			}
			continue
		}
		got := map[string]string{
			"from": r.From, "to": r.To, "by": r.By, "consent": r.Consent, "format": r.Format, "parties": strings.Join(r.Parties, ","),
			"pauses": strconv.Itoa(len(r.Pauses)), "sealed": yesNo(r.Sealed), "complete": yesNo(r.Incomplete == ""),
		}[name]
		if got != want {
			return fmt.Sprintf("%s is %q, not %q", name, got, want)
		}
	}
	return ""
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// lacks says what is not in a recording, or is and should not be.
func (r *recording) lacks(name, want string) string {
	switch name {
	case "key": // opens the file
		return ""
	case "atleast", "atmost":
		return r.lacksLength(name, want)
	}
	return r.lacksTone(name, want)
}

func (r *recording) lacksLength(name, want string) string {
	d, err := time.ParseDuration(want)
	if err != nil {
		return err.Error()
	}
	long := time.Duration(len(r.sides[0])) * time.Second / 8000
	if name == "atleast" && long < d || name == "atmost" && long > d {
		return fmt.Sprintf("its file has %s", long)
	}
	return ""
}

// lacksTone looks for tones, of which the frequencies are given, on a side or on none.
func (r *recording) lacksTone(name, tones string) string {
	for tone := range strings.SplitSeq(tones, ",") {
		hz, err := strconv.ParseFloat(tone, 64)
		if err != nil {
			return err.Error()
		}
		left, right := hears(r.sides[0], hz), hears(r.sides[1], hz)
		switch {
		case name == "left" && !left, name == "right" && !right:
			return fmt.Sprintf("%s Hz is not on the %s", tone, name)
		case name == "without" && (left || right):
			return tone + " Hz is in it"
		}
	}
	return ""
}

// hears looks for a tone that lasts 100 ms.
func hears(pcm []int16, hz float64) bool { return testphone.Sounds(pcm, hz, 800) }

// readRecording reads the audio of a recording by way of "dialtone ctl recordings export".
func (s *stage) readRecording(r *recording) error {
	dir, err := os.MkdirTemp("", "rec")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := s.run.server.Ctl(s.ctx, nil, "recordings", "export", r.ID, "--to", dir); err != nil {
		return err
	}
	data, err := os.ReadFile(filepath.Join(dir, filepath.Base(r.File)))
	if err != nil {
		return err
	}
	if r.Sealed {
		if data, err = s.unseal(data); err != nil {
			return err
		}
	}
	r.sides, err = Sides(data)
	return err
}

// unseal opens a sealed file with the private key of the line.
func (s *stage) unseal(data []byte) ([]byte, error) {
	_, key, _ := strings.Cut(s.args["FIELDS"], "key=")
	key, _, _ = strings.Cut(key, " ")
	if bytes.Contains(data, []byte("RIFF")) {
		return nil, errors.New("a sealed file can be read")
	}
	identity, err := age.ParseX25519Identity(key)
	if err != nil {
		return nil, err
	}
	plain, err := age.Decrypt(bytes.NewReader(data), identity)
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(plain)
	if errors.Is(err, io.ErrUnexpectedEOF) { // it was cut off
		err = nil
	}
	return out, err
}

// Sides are the channels of a WAV file of 16 bits, at 8 kHz; of one channel, both are that.
func Sides(data []byte) (out [2][]int16, err error) {
	format, channels, err := testwav.Read(data)
	if err != nil {
		return out, err
	}
	every := format.Rate / 8000
	if len(channels) > 2 || every < 1 {
		return out, fmt.Errorf("%d channels at %d Hz", len(channels), format.Rate)
	}
	for side := range out {
		pcm := channels[side%len(channels)]
		for at := 0; at < len(pcm); at += every {
			out[side] = append(out[side], pcm[at])
		}
	}
	return out, nil
}

// orderCall does something to the recording of the call of an extension.
func orderCall(s *stage) {
	var calls []struct{ ID, From string }
	id := ""
	s.until(func() (bool, string) {
		err := s.run.server.Ctl(s.ctx, &calls, "calls")
		for _, c := range calls {
			if c.From == s.args["NUMBER"] {
				id = c.ID
			}
		}
		return id != "", fmt.Sprintf("the calls are %v, %v", calls, err)
	})
	s.must(s.run.server.Ctl(s.ctx, nil, "record", id, s.args["DO"]))
}
