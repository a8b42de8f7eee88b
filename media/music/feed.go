package music

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"dialtone/media"
	"dialtone/media/audio"
	"dialtone/media/resample"
)

// feed makes the music of a class. Its run owns all but what mu guards; there is one at
// a time.
type feed struct {
	service *Service
	class   string
	log     *slog.Logger

	mu      sync.Mutex
	wanted  Class
	changed bool
	playing string
	problem string
	decoded int64 // samples

	is     Class
	fader  fader
	folder folder
	radio  *radio
	tried  time.Time // when something better than the built-in music was last looked for
	makes  *builtInSource
}

const (
	// retry is how often a folder that has nothing to play is looked at again.
	retry = 10 * time.Second
	// patience is how long a live stream is waited for before there is other music.
	patience = 1500 * time.Millisecond
)

func newFeed(s *Service, class string, c Class) *feed {
	f := &feed{service: s, class: class, log: s.log.With("music", class), wanted: c, is: c}
	f.folder = folder{path: c.Folder, shuffled: c.Shuffled, log: f.log}
	f.fader.next = f.next
	return f
}

func (f *feed) setClass(c Class) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c != f.wanted {
		f.wanted, f.changed = c, true
	}
}

// adopt follows a change of the class; it reports whether there was one.
func (f *feed) adopt() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.changed {
		return false
	}
	f.changed, f.is, f.problem = false, f.wanted, ""
	f.folder = folder{path: f.is.Folder, shuffled: f.is.Shuffled, log: f.log}
	return true
}

// run fills what comes from spent and puts it to frames, until ctx is done.
func (f *feed) run(ctx context.Context, frames chan<- []int16, spent <-chan []int16) {
	defer f.tuneOut()
	f.tune(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case pcm := <-spent:
			if f.adopt() {
				f.tune(ctx)
				f.fader.switchTo(f.next())
			}
			f.improve()
			f.fader.fill(pcm)
			f.note()
			select {
			case frames <- pcm:
			case <-ctx.Done():
				return
			}
		}
	}
}

// tune begins to fetch a live stream, if there is one, and waits for it a little.
func (f *feed) tune(ctx context.Context) {
	f.tuneOut()
	if f.is.URL == "" {
		return
	}
	f.radio = newRadio(ctx, f.service.client, f.is.URL, f.trouble)
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-f.radio.settled:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// tuneOut ends the fetching.
func (f *feed) tuneOut() {
	if f.radio == nil {
		return
	}
	f.radio.stop()
	f.radio = nil
	if _, ok := f.fader.cur.(radioSource); ok {
		f.fader.close()
	}
}

// improve changes from the built-in music to what the class says, once it is there.
func (f *feed) improve() {
	if _, instead := f.fader.cur.(*builtInSource); !instead || f.is.Folder == "" && f.is.URL == "" {
		return
	}
	if f.radio != nil {
		if f.radio.ready() {
			f.fader.switchTo(f.next())
		}
		return
	}
	if time.Since(f.tried) < retry {
		return
	}
	if s, ok := f.piece(); ok {
		f.fader.switchTo(s)
	}
}

// next gives what is heard next.
func (f *feed) next() source {
	if err := f.fader.err; err != nil {
		f.log.Warn("a file of the music is left before its end", "file", f.heard(), "error", err)
	}
	switch {
	case f.is.Folder != "":
		if s, ok := f.piece(); ok {
			return s
		}
	case f.is.URL != "" && f.radio != nil && f.radio.ready():
		f.well(redacted(f.is.URL))
		return radioSource{f.radio}
	}
	f.setPlaying(builtIn)
	if f.makes == nil {
		f.makes = newBuiltIn()
	}
	return f.makes
}

// piece opens the next file of the folder.
func (f *feed) piece() (source, bool) {
	f.tried = time.Now()
	clip, err := f.folder.next()
	if err != nil {
		f.trouble(err)
		return nil, false
	}
	f.well(clip.Name())
	return clipSource{clip}, true
}

// trouble notes why there is other music than that of the class, and logs it once.
func (f *feed) trouble(err error) {
	f.mu.Lock()
	first := f.problem == ""
	f.problem = err.Error()
	f.mu.Unlock()
	if first {
		f.log.Warn("the music of a class is not heard; the built-in music is, instead", "error", err)
	}
}

// well notes what is heard.
func (f *feed) well(what string) {
	f.mu.Lock()
	before := f.problem
	f.problem, f.playing = "", what
	f.mu.Unlock()
	if before != "" {
		f.log.Info("the music of a class is heard again", "playing", what)
	}
}

func (f *feed) setPlaying(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.playing = what
}

// heard is what is heard now.
func (f *feed) heard() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.playing
}

func (f *feed) note() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.decoded = f.fader.read
}

func (f *feed) status(s *Status) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s.Playing, s.Problem = f.playing, f.problem
	if s.Listeners == 0 {
		s.Playing = ""
	}
	s.Decoded = time.Duration(f.decoded/rate)*time.Second + time.Duration(f.decoded%rate)*time.Second/rate
}

// close gives back what is open, when run is over.
func (f *feed) close() { f.fader.close() }

// clipSource is a file.
type clipSource struct{ clip *audio.Clip }

func (c clipSource) read(pcm []int16) (int, error) { return c.clip.Read(pcm) }
func (c clipSource) close()                        { _ = c.clip.Close() }

// builtInSource is the music that is made here. It goes on where it was.
type builtInSource struct {
	at   int
	re   *resample.Resampler
	buf  []int16
	rest []int16 // of buf: what is still to be read
}

// builtInRate is the rate of the built-in music, in Hz.
const builtInRate = 8000

func newBuiltIn() *builtInSource {
	re, err := resample.New(builtInRate, rate)
	if err != nil {
		panic(fmt.Sprintf("resampling from %d to %d Hz: %v", builtInRate, rate, err))
	}
	return &builtInSource{re: re, buf: make([]int16, re.Len(builtInRate/50))}
}

func (b *builtInSource) read(pcm []int16) (int, error) {
	for n := 0; ; {
		got := copy(pcm[n:], b.rest)
		b.rest = b.rest[got:]
		if n += got; n == len(pcm) {
			return n, nil
		}
		loop := media.Music()
		part := loop[b.at:min(len(loop), b.at+builtInRate/50)]
		b.at = (b.at + len(part)) % len(loop)
		b.rest = b.buf[:b.re.Process(b.buf, part)]
	}
}

func (*builtInSource) close() {}
