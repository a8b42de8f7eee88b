package recording

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"dialtone/media"
	"dialtone/media/audio"
	"dialtone/media/record"
	"dialtone/media/resample"
	"dialtone/media/sealed"
	"dialtone/storage"
)

// machine is what records: a record.Stereo or a record.Mono.
type machine interface {
	Pause() bool
	Resume() bool
	Done() <-chan struct{}
	Stop() record.Result
}

// take is a recording that is being made. It implements Take.
type take struct {
	s    *Service
	path string
	file *os.File
	seal *sealed.Writer // nil when it is not sealed
	to   audio.Writer
	over chan struct{} // closed when it is stopping
	kept chan struct{} // closed when it has stopped

	mu      sync.Mutex
	r       storage.Recording
	machine machine // nil before the start
	detach  func()
	stopped bool
}

// begin makes the record and the file of a recording.
func (s *Service) begin(what Subject, rate, channels int) (*take, error) {
	if err := s.disk.Room(); err != nil {
		return nil, err
	}
	cfg, now := s.config().Recording, time.Now()
	r := storage.Recording{
		ID: newID(now), State: storage.RecordingMade, Call: what.Call, From: what.From, FromName: what.FromName, To: what.To, DID: what.DID,
		Parties: slices.Clone(what.Parties), Start: now, By: what.By, Consent: what.Consent, Format: cfg.Format, Sealed: len(cfg.SealTo) > 0, Keep: what.Keep,
	}
	suffix := "." + r.Format
	if r.Sealed {
		suffix += sealed.Suffix
	}
	r.File = fileOf(r.ID, now, suffix)
	t := &take{s: s, r: r, over: make(chan struct{}), kept: make(chan struct{})}
	var err error
	if t.path, err = s.path(&r); err != nil {
		return nil, err
	}
	if err := s.store.SaveRecording(r); err != nil {
		return nil, err
	}
	if err := t.open(cfg.SealKeys(), rate, channels); err != nil {
		t.drop()
		return nil, fmt.Errorf("a file for a recording: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		t.drop()
		return nil, errClosed
	}
	s.takes[r.ID] = t
	return t, nil
}

func (t *take) open(keys []sealed.Key, rate, channels int) (err error) {
	if err := os.MkdirAll(filepath.Dir(t.path), 0o700); err != nil {
		return err
	}
	if t.file, err = os.OpenFile(t.path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600); err != nil {
		return err
	}
	if err := t.s.syncFolders(t.path); err != nil {
		return err
	}
	var to io.Writer = t.file
	if t.r.Sealed {
		if t.seal, err = sealed.NewWriter(t.file, keys); err != nil {
			return err
		}
		to = t.seal
	}
	if t.r.Format == "opus" {
		t.to, err = audio.NewOpusWriter(to, audio.OpusOptions{Rate: rate, Channels: channels})
	} else {
		t.to, err = audio.NewWAVWriter(to, rate, channels)
	}
	return err
}

// errEnded says that a recording was over before it began: the disk is full, or the server
// stops.
var errEnded = errors.New("it was ended before it began")

// record lets a machine record from now on.
func (t *take) record(start func() (m machine, detach func())) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped {
		return errEnded
	}
	m, detach := start()
	t.machine, t.detach = m, detach
	t.r.Start = time.Now()
	t.s.tasks.Go(func() {
		select {
		case <-m.Done():
			t.stop("it is as long as a recording can be")
		case <-t.over:
		}
	})
	return nil
}

// ID implements Take.
func (t *take) ID() string { return t.r.ID }

// Pause implements Take.
func (t *take) Pause() bool { return t.pause(machine.Pause) }

// Resume implements Take.
func (t *take) Resume() bool { return t.pause(machine.Resume) }

func (t *take) pause(how func(machine) bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.machine != nil && !t.stopped && how(t.machine)
}

// Done implements Take.
func (t *take) Done() <-chan struct{} { return t.over }

// Joined implements Take.
func (t *take) Joined(party string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if party != "" && !slices.Contains(t.r.Parties, party) {
		t.r.Parties = append(t.r.Parties, party)
	}
}

// Stop implements Take.
func (t *take) Stop() { t.stop("") }

// stop ends it and says why it is not complete, "" when it is.
func (t *take) stop(why string) {
	t.mu.Lock()
	first := !t.stopped
	t.stopped = true
	m, detach := t.machine, t.detach
	t.mu.Unlock()
	if !first {
		<-t.kept
		return
	}
	defer close(t.kept)
	close(t.over)
	defer t.s.gone(t)
	if m == nil {
		t.drop()
		return
	}
	detach()
	t.finish(m.Stop(), why)
}

func (s *Service) gone(t *take) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.takes, t.r.ID)
}

// finish keeps what was recorded.
func (t *take) finish(result record.Result, why string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	failed := t.close()
	r := &t.r
	r.Length = t.to.Length()
	for _, p := range result.Pauses {
		r.Pauses = append(r.Pauses, storage.Pause{At: p.At, For: p.For})
	}
	if r.Incomplete = why; result.Err != nil || failed != nil {
		failed = errors.Join(result.Err, failed)
		r.Incomplete = failed.Error()
		t.s.log.Error("a recording is not complete", eventKey, event, "recording", r.ID, "call", r.Call, "error", failed)
	}
	if err := t.s.keep(r); err != nil {
		t.s.log.Error("a recording is not kept before the next start", eventKey, event, "recording", r.ID, "call", r.Call, "file", t.path, "error", err)
		return
	}
	t.s.log.Info("recorded", "recording", r.ID, "call", r.Call, "by", r.By, "length", r.Length.Round(time.Millisecond), "bytes", r.Bytes)
}

// close ends the file.
func (t *take) close() error {
	err := t.to.Close()
	if t.seal != nil {
		err = errors.Join(err, t.seal.Close())
	}
	return errors.Join(err, t.file.Close())
}

// drop forgets a recording of nothing.
func (t *take) drop() {
	if t.file != nil {
		_ = t.file.Close()
	}
	if c, ok := t.to.(*audio.OpusWriter); ok && c != nil {
		_ = c.Close() // gives back its encoders
	}
	if err := t.s.forget(&t.r); err != nil {
		t.s.log.Error("a recording of nothing is still there", "recording", t.r.ID, "file", t.path, "error", err)
	}
}

// callTake is a take of a call. It implements CallTake.
type callTake struct {
	*take
	rate   int
	paused bool
}

// Begin makes the file for a recording of a call at whose end e its caller is.
func (s *Service) Begin(what Subject, e media.Endpoint) (CallTake, error) {
	if _, ok := e.(media.Monitored); !ok {
		return nil, errors.New("what is said on this leg cannot be recorded")
	}
	rate := record.RateFor(e.Formats())
	t, err := s.begin(what, rate, 2)
	if err != nil {
		return nil, err
	}
	return callTake{t, rate, what.Paused}, nil
}

// Start implements CallTake.
func (t callTake) Start(e media.Endpoint) error {
	m, ok := e.(media.Monitored)
	if !ok {
		return errors.New("what is said on this leg cannot be recorded")
	}
	return t.record(func() (machine, func()) {
		stereo := record.StartStereo(record.StereoOptions{To: t.to, Rate: t.rate, Max: maxLength, Clock: &t.s.clock})
		if t.paused {
			stereo.Pause()
		}
		return stereo, m.Monitor(stereo)
	})
}

// Follow implements CallTake.
func (t callTake) Follow(e media.Endpoint) error {
	m, ok := e.(media.Monitored)
	if !ok {
		return errors.New("what is said on this leg cannot be recorded")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	stereo, ok := t.machine.(*record.Stereo)
	if !ok || t.stopped {
		return errEnded
	}
	before := t.detach
	t.detach = m.Monitor(stereo)
	before()
	return nil
}

// roomTake is a take of a conference. It implements RoomTake.
type roomTake struct {
	*take
	mono *record.Mono

	from int // Hz of the last frame
	fit  *resample.Resampler
	pcm  []int16
}

// roomRate is that of recordings of conferences, in Hz.
const roomRate = record.Wideband

// BeginRoom begins to record a conference.
func (s *Service) BeginRoom(what Subject) (RoomTake, error) {
	t, err := s.begin(what, roomRate, 1)
	if err != nil {
		return nil, err
	}
	room := &roomTake{take: t}
	err = t.record(func() (machine, func()) {
		room.mono = record.StartMono(t.to, roomRate, maxLength)
		return room.mono, func() {}
	})
	if err != nil {
		return nil, err
	}
	return room, nil
}

// Frame implements RoomTake.
func (t *roomTake) Frame(pcm []int16, rate int) {
	if rate != roomRate {
		if t.fit == nil || t.from != rate {
			fit, err := resample.New(rate, roomRate)
			if err != nil {
				return
			}
			t.from, t.fit = rate, fit
			t.pcm = make([]int16, fit.Len(rate/50))
		}
		pcm = t.pcm[:t.fit.Process(t.pcm, pcm)]
	}
	if len(pcm) == roomRate/50 {
		t.mono.Frame(pcm)
	}
}
