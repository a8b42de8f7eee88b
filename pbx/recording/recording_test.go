package recording

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"filippo.io/age"

	"dialtone/config"
	"dialtone/media"
	"dialtone/media/audio"
	"dialtone/media/codec"
	"dialtone/media/record"
	"dialtone/pbx/disk"
	"dialtone/storage"
	"dialtone/storage/memory"
)

// phone is a caller's end of a call.
type phone struct {
	media.Endpoint
	media.Monitors
	seq uint16
}

func (*phone) Formats() []codec.Format { return []codec.Format{codec.PCMU} }

// talks lets both sides be heard for so long.
func (p *phone) talks(d time.Duration) {
	payload := bytes.Repeat([]byte{0x90, 0x10}, 80)
	for range d / (20 * time.Millisecond) {
		p.seq++
		f := codec.PCMU
		packet := &media.Packet{Payload: payload, Format: &f, SSRC: 1, Seq: p.seq, Time: uint32(p.seq) * 160}
		p.Received(packet)
		p.Sent(packet)
		time.Sleep(20 * time.Millisecond)
	}
}

// house is a service with a disk of its own.
type house struct {
	*Service
	cfg   *config.Config
	store storage.Store
	data  string
	free  atomic.Uint64
	log   *bytes.Buffer
}

func newHouse(t *testing.T) *house {
	t.Helper()
	cfg := config.Default()
	h := &house{cfg: &cfg, store: memory.New(), data: t.TempDir(), log: &bytes.Buffer{}}
	h.free.Store(1e12)
	h.open(t)
	return h
}

func (h *house) open(t *testing.T) {
	t.Helper()
	s, err := Open(Options{
		Store: h.store, Config: func() *config.Config { return h.cfg }, Data: h.data, Log: slog.New(slog.NewTextHandler(h.log, nil)),
		Free: func(string) (uint64, error) { return h.free.Load(), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	h.Service = s
}

func (h *house) begin(t *testing.T, p *phone) CallTake {
	t.Helper()
	take, err := h.Begin(Subject{Call: "c1", From: "100", To: "101", Parties: []string{"100"}, By: ByRule, Consent: Announced}, p)
	if err != nil {
		t.Fatal(err)
	}
	if err := take.Start(p); err != nil {
		t.Fatal(err)
	}
	return take
}

func (h *house) list(t *testing.T) (all []storage.Recording) {
	t.Helper()
	err := h.Recordings(storage.RecordingFilter{}, func(r storage.Recording) bool {
		all = append(all, r)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (h *house) only(t *testing.T) storage.Recording {
	t.Helper()
	all := h.list(t)
	if len(all) != 1 {
		t.Fatalf("there are %d recordings", len(all))
	}
	return all[0]
}

func (h *house) verified(t *testing.T) []Fault {
	t.Helper()
	_, faults, err := h.Verify(func() bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	return faults
}

// files are those in the folder of recordings.
func (h *house) files(t *testing.T) (names []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(h.folder), ".", func(name string, d fs.DirEntry, err error) error {
		info, _ := d.Info()
		if want := map[bool]fs.FileMode{true: 0o700, false: 0o600}[d.IsDir()]; info.Mode().Perm() != want {
			t.Errorf("%s has mode %o", name, info.Mode().Perm())
		}
		if !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestCall(t *testing.T) {
	for _, format := range []string{"wav", "opus"} {
		t.Run(format, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h, p := newHouse(t), &phone{}
				h.cfg.Recording.Format = format
				take := h.begin(t, p)
				p.talks(2 * time.Second)
				if r := h.only(t); r.State != storage.RecordingMade || !take.Pause() || take.Pause() {
					t.Errorf("while it is made it is %+v", r)
				}
				p.talks(3 * time.Second)
				if !take.Resume() {
					t.Error("it was not paused")
				}
				p.talks(time.Second)
				take.Joined("102")
				take.Joined("102")
				take.Stop()
				take.Stop()
				r := h.only(t)
				if d := r.Length - 3*time.Second + record.Lag; d.Abs() > 100*time.Millisecond {
					t.Errorf("it lasts %s", r.Length)
				}
				if len(r.Pauses) != 1 || (r.Pauses[0].For-3*time.Second-record.Lag).Abs() > 100*time.Millisecond || (r.Pauses[0].At-2*time.Second).Abs() > 100*time.Millisecond {
					t.Errorf("the pauses are %+v", r.Pauses)
				}
				if r.State != storage.RecordingKept || r.Incomplete != "" || r.By != ByRule || r.Consent != Announced || !reflect.DeepEqual(r.Parties, []string{"100", "102"}) {
					t.Errorf("it is %+v", r)
				}
				if files := h.files(t); !reflect.DeepEqual(files, []string{r.File}) || !strings.HasSuffix(r.File, r.ID+"."+format) || r.File[:11] != r.Start.UTC().Format("2006/01/02/") {
					t.Errorf("the files are %q, it is in %q", files, r.File)
				}
				clip, err := audio.OpenPath(filepath.Join(h.folder, r.File), 8000)
				if err != nil {
					t.Fatal(err)
				}
				if d := clip.Length() - r.Length; d.Abs() > 20*time.Millisecond {
					t.Errorf("the file lasts %s, the record says %s", clip.Length(), r.Length)
				}
				_ = clip.Close()
				if f := h.verified(t); len(f) > 0 {
					t.Errorf("faults: %+v", f)
				}
				h.Close()
			})
		})
	}
}

func TestNothingIsLeftOfWhatDidNotBegin(t *testing.T) {
	h := newHouse(t)
	take, err := h.Begin(Subject{}, &phone{})
	if err != nil {
		t.Fatal(err)
	}
	take.Stop()
	if all, files := h.list(t), h.files(t); len(all)+len(files) > 0 || take.Pause() {
		t.Errorf("there are %v and %v", all, files)
	}
	h.Close()
	if _, err := h.Begin(Subject{}, &phone{}); !errors.Is(err, errClosed) {
		t.Errorf("after the end: %v", err)
	}
	if files := h.files(t); len(files) > 0 {
		t.Errorf("there are %v", files)
	}
}

func TestEndedBeforeItBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p := newHouse(t), &phone{}
		take, err := h.Begin(Subject{}, p)
		if err != nil {
			t.Fatal(err)
		}
		h.Close() // while the caller is asked
		if err := take.Start(p); !errors.Is(err, errEnded) || p.Any() {
			t.Errorf("it began: %v", err)
		}
		take.Stop()
		if all, files := h.list(t), h.files(t); len(all)+len(files) > 0 {
			t.Errorf("there are %v and %v", all, files)
		}
	})
}

func TestRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		take, err := h.BeginRoom(Subject{Call: "team", By: ByConference})
		if err != nil {
			t.Fatal(err)
		}
		for _, rate := range []int{8000, 16000, 48000} {
			for range 50 {
				take.Frame(make([]int16, rate/50), rate)
			}
		}
		take.Stop()
		if r := h.only(t); (r.Length-3*time.Second).Abs() > 100*time.Millisecond || r.By != ByConference {
			t.Errorf("it is %+v", r)
		}
		h.Close()
	})
}

func TestDiskFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p := newHouse(t), &phone{}
		ctx, stop := context.WithCancel(t.Context())
		ran := make(chan error)
		go func() { ran <- h.Run(ctx) }()
		take := h.begin(t, p)
		p.talks(time.Second)
		select {
		case <-take.Done():
			t.Error("it has ended")
		default:
		}
		h.free.Store(1e6)
		time.Sleep(watchEvery)
		synctest.Wait()
		<-take.Done()
		if r := h.only(t); r.State != storage.RecordingKept || r.Incomplete != disk.ErrFull.Error() || r.Length < 10*time.Second {
			t.Errorf("it is %+v", r)
		}
		for range 2 {
			if _, err := h.Begin(Subject{}, p); !errors.Is(err, disk.ErrFull) {
				t.Errorf("on a full disk: %v", err)
			}
		}
		if n := strings.Count(h.log.String(), "event=recording"); n != 1 {
			t.Errorf("the operator was told %d times:\n%s", n, h.log)
		}
		h.free.Store(1e12)
		h.begin(t, p).Stop()
		stop()
		if err := <-ran; err != nil {
			t.Error(err)
		}
		h.Close()
	})
}

func TestDiskFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p := newHouse(t), &phone{}
		begun := h.begin(t, p)
		p.talks(time.Second)
		_ = begun.(callTake).file.Close()
		p.talks(2 * time.Second)
		synctest.Wait()
		begun.Stop()
		if r := h.only(t); r.State != storage.RecordingKept || r.Incomplete == "" || !strings.Contains(h.log.String(), "event=recording") {
			t.Errorf("it is %+v\n%s", r, h.log)
		}
		h.Close()
	})
}

func TestSealed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p := newHouse(t), &phone{}
		key, err := age.GenerateX25519Identity()
		if err != nil {
			t.Fatal(err)
		}
		h.cfg.Recording.SealTo = []string{key.Recipient().String()}
		take := h.begin(t, p)
		p.talks(3 * time.Second)
		take.Stop()
		r := h.only(t)
		file, err := h.Audio(r.ID)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		plain, err := age.Decrypt(file, key)
		if err != nil {
			t.Fatal(err)
		}
		sound, err := io.ReadAll(plain)
		if err != nil || !r.Sealed || !strings.HasSuffix(r.File, ".wav.age") || len(sound) < 2*3*16000 || string(sound[:4]) != "RIFF" {
			t.Errorf("%d bytes are sealed in %s, %v", len(sound), r.File, err)
		}
		h.Close()
	})
}

// What a server leaves behind that is killed: a record without a hash, and a file that is
// longer than its head says.
func TestRecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p := newHouse(t), &phone{}
		take := h.begin(t, p)
		p.talks(3 * time.Second)
		take.Stop()
		whole := h.only(t)
		name := filepath.Join(h.folder, whole.File)
		sound, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		h.Close()
		killed := whole
		killed.State, killed.SHA256, killed.Bytes, killed.Length = storage.RecordingMade, "", 0, 0
		for what, tt := range map[string]struct {
			known  bool
			file   []byte
			length time.Duration // 0: there is nothing
			says   string
		}{
			"half of it is there":              {true, append(sound[:40:40], append([]byte{0, 0, 0, 0}, sound[44:44+32000]...)...), time.Second, interrupted},
			"the store knows nothing of it":    {false, sound, whole.Length, "the store knew nothing of it"},
			"there is no audio yet":            {true, sound[:44], 0, ""},
			"there is no file yet":             {true, nil, 0, ""},
			"what there is is no audio at all": {true, bytes.Repeat([]byte("x"), 5000), -1, interrupted},
		} {
			_ = h.store.DeleteRecordings(whole.ID)
			_ = os.Remove(name)
			if tt.known {
				if err := h.store.SaveRecording(killed); err != nil {
					t.Fatal(err)
				}
			}
			if tt.file != nil {
				if err := os.WriteFile(name, tt.file, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			h.open(t)
			all := h.list(t)
			switch {
			case tt.length == 0:
				if len(all)+len(h.files(t)) > 0 {
					t.Errorf("%s: there are %+v", what, all)
				}
				continue
			case len(all) != 1:
				t.Errorf("%s: there are %+v", what, all)
				continue
			}
			r := all[0]
			if r.State != storage.RecordingKept || !strings.HasPrefix(r.Incomplete, tt.says) || len(r.SHA256) != 64 || len(h.verified(t)) > 0 {
				t.Errorf("%s: it is %+v", what, r)
			}
			if tt.length > 0 && (r.Length-tt.length).Abs() > time.Millisecond {
				t.Errorf("%s: it lasts %s", what, r.Length)
			}
		}
	})
}

// The names of the file and of its folders are on the disk before anybody is heard.
func TestTheNewFileIsDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p := newHouse(t), &phone{}
		var synced []string
		h.sync = func(folder string) error {
			if len(h.files(t)) != 1 {
				t.Errorf("%s is synced without the file", folder)
			}
			synced = append(synced, folder)
			return nil
		}
		take := h.begin(t, p)
		day := filepath.Dir(filepath.Join(h.folder, h.list(t)[0].File))
		want := []string{day, filepath.Dir(day), filepath.Dir(filepath.Dir(day)), h.folder}
		if !slices.Equal(synced, want) {
			t.Errorf("synced %q, want %q", synced, want)
		}
		p.talks(time.Second)
		take.Stop()
		h.Close()
	})
}

func TestOldOnesGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p := newHouse(t), &phone{}
		h.cfg.Recording.Keep = config.Duration(48 * time.Hour)
		for _, keep := range []time.Duration{0, time.Hour, 1000 * time.Hour} {
			take, err := h.Begin(Subject{Keep: keep}, p)
			if err != nil {
				t.Fatal(err)
			}
			if err := take.Start(p); err != nil {
				t.Fatal(err)
			}
			p.talks(time.Second)
			take.Stop()
		}
		for _, tt := range []struct {
			after time.Duration
			left  int
		}{{time.Minute, 3}, {2 * time.Hour, 2}, {50 * time.Hour, 1}, {2000 * time.Hour, 0}} {
			h.retire(time.Now().Add(tt.after))
			if n := len(h.list(t)); n != tt.left || len(h.files(t)) != n {
				t.Errorf("after %s, %d are left", tt.after, n)
			}
		}
		h.Close()
	})
}

func TestVerify(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, p := newHouse(t), &phone{}
		for range 3 {
			take := h.begin(t, p)
			p.talks(time.Second)
			take.Stop()
		}
		all := h.list(t)
		if err := os.WriteFile(filepath.Join(h.folder, all[0].File), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(h.folder, all[1].File)); err != nil {
			t.Fatal(err)
		}
		want := []Fault{{all[0].ID, all[0].File, "the file was changed"}, {all[1].ID, all[1].File, "the file is gone"}}
		if got := h.verified(t); !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v", got)
		}
		h.Close()
	})
}

func TestNothingLeadsOutOfTheFolder(t *testing.T) {
	h := newHouse(t)
	secret := filepath.Join(h.data, "secret")
	if err := os.WriteFile(secret, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"", "..", "../secret", "../../etc/passwd", "%2e%2e", "a/b", strings.Repeat("a", 300)} {
		if _, err := h.Audio(id); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
		if err := h.Delete(id); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
	r := storage.Recording{ID: newID(time.Now()), State: storage.RecordingKept, File: "../secret"}
	if err := h.store.SaveRecording(r); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Audio(r.ID); err == nil {
		t.Error("a record led out of the folder")
	}
	if err := h.Delete(r.ID); err == nil {
		t.Error("a record deleted what is not in the folder")
	}
	if _, err := os.Stat(secret); err != nil {
		t.Error(err)
	}
	h.Close()
}
