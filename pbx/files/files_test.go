package files_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dialtone/config"
	"dialtone/internal/testclamd"
	"dialtone/pbx/disk"
	"dialtone/pbx/files"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shelf is a store with what a test changes of its world.
type shelf struct {
	*testing.T
	*files.Store
	folder string
	cfg    config.Config
	free   uint64
	told   chan files.File
}

func openShelf(t *testing.T) *shelf {
	t.Helper()
	s := &shelf{T: t, folder: filepath.Join(t.TempDir(), "files"), cfg: config.Default(), free: 1 << 40, told: make(chan files.File, 100)}
	s.start()
	return s
}

func (s *shelf) start() {
	s.Helper()
	store, err := files.Open(files.Options{
		Folder: s.folder, Config: func() *config.Config { return &s.cfg }, Log: slog.New(slog.DiscardHandler),
		Changed: func(f files.File) { s.told <- f }, Free: func(string) (uint64, error) { return s.free, nil },
	})
	if err != nil {
		s.Fatal(err)
	}
	s.Store = store
}

func (s *shelf) take(name, content string) (files.File, error) {
	return s.Take(s.Context(), files.New{From: "100", Readers: []string{"101"}, Name: name, Size: int64(len(content))}, strings.NewReader(content))
}

// left are the files in the folder.
func (s *shelf) left() (names []string) {
	list, err := os.ReadDir(s.folder)
	if err != nil {
		s.Fatal(err)
	}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

func TestAFileIsForTheTwoOnly(t *testing.T) {
	s := openShelf(t)
	const page = "<!doctype html><script>alert(1)</script>"
	f, err := s.take("../../etc/pass\u202ewd.html", page)
	if err != nil {
		t.Fatal(err)
	}
	if f.Name != "passwd.html" || f.Type != "application/octet-stream" || f.Size != int64(len(page)) {
		t.Errorf("it is known as %+v", f)
	}
	for _, name := range s.left() {
		if !strings.HasPrefix(name, f.ID+".") {
			t.Errorf("%s lies in the folder", name)
		}
	}
	s.start() // again
	for _, who := range []string{"100", "101"} {
		_, in, err := s.Open(f.ID, who)
		if err != nil {
			t.Fatalf("%s does not get it: %v", who, err)
		}
		got, _ := io.ReadAll(in)
		_ = in.Close()
		if string(got) != page {
			t.Errorf("%s gets %q", who, got)
		}
	}
	for _, who := range []string{"102", ""} {
		if _, _, err := s.Open(f.ID, who); !errors.Is(err, files.ErrUnknown) {
			t.Errorf("%q gets it: %v", who, err)
		}
	}
	if err := s.Delete(f.ID, "101"); !errors.Is(err, files.ErrUnknown) {
		t.Errorf("who got it deletes it: %v", err)
	}
	if err := s.Delete(f.ID, "100"); err != nil || len(s.left()) != 0 {
		t.Errorf("after its sender deletes it: %v, %v", err, s.left())
	}
}

func TestNamesCanBeShown(t *testing.T) {
	s := openShelf(t)
	for name, want := range map[string]string{
		"photo.jpg": "photo.jpg", `C:\Users\x\plan.pdf`: "plan.pdf", "": "file", "../..": "file", "a\r\nb\x00.txt": "ab.txt",
		"Été ✓.png": "Été ✓.png", strings.Repeat("x", 300) + ".pdf": strings.Repeat("x", 60) + "…" + strings.Repeat("x", 55) + ".pdf",
	} {
		if f, err := s.take(name, "x"); err != nil || f.Name != want {
			t.Errorf("%q is %q, %v", name, f.Name, err)
		}
	}
}

func TestBounds(t *testing.T) {
	s := openShelf(t)
	s.cfg.Web.Files = config.WebFiles{MaxSize: "10kB", Quota: "15kB", Keep: s.cfg.Web.Files.Keep}
	kept, err := s.take("a", strings.Repeat("x", 9000))
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what string, content string, want error) {
		t.Helper()
		if _, err := s.take("b", content); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", what, err, want)
		}
		if left := s.left(); len(left) != 2 {
			t.Errorf("%s leaves %v", what, left)
		}
	}
	refused("too large", strings.Repeat("x", 10_001), files.ErrTooLarge)
	refused("beyond the quota", strings.Repeat("x", 9000), files.ErrQuota)
	refused("empty", "", files.ErrEmpty)
	_, err = s.Take(t.Context(), files.New{From: "100", Size: 100}, strings.NewReader("too short"))
	if !errors.Is(err, files.ErrCutOff) {
		t.Errorf("one that ends early: %v", err)
	}
	s.free = 1000
	refused("a full disk", "x", disk.ErrFull)
	s.free = 1 << 40
	s.start() // the quota is known after a restart
	refused("beyond the quota, again", strings.Repeat("x", 9000), files.ErrQuota)
	if err := s.Delete(kept.ID, "100"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.take("b", strings.Repeat("x", 9000)); err != nil {
		t.Errorf("when there is room again: %v", err)
	}
	s.cfg.Web.Files.MaxSize = "0"
	refused("when files are off", "x", files.ErrOff)
}

func TestWhatACrashLeavesIsRemoved(t *testing.T) {
	s := openShelf(t)
	f, err := s.take("a", "x")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"zzz.part", "zzz.data", "zzz.jpg", f.ID + ".json.part", f.ID + ".part"} {
		if err := os.WriteFile(filepath.Join(s.folder, name), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.start()
	if left := s.left(); len(left) != 2 {
		t.Errorf("in the folder are %v", left)
	}
}

func TestFilesGoWhenTheirTimeIsOver(t *testing.T) {
	s := openShelf(t)
	if _, err := s.take("a", "x"); err != nil {
		t.Fatal(err)
	}
	s.cfg.Web.Files.Keep = config.Duration(time.Nanosecond)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.Store.Run(ctx)
	if left := s.left(); len(left) != 0 {
		t.Errorf("in the folder are %v", left)
	}
}

func TestTheScanner(t *testing.T) {
	s := openShelf(t)
	daemon := testclamd.Start(t, "unix", filepath.Join(t.TempDir(), "clamd.ctl"))
	s.cfg.Web.Clamd = daemon.Address
	if _, err := s.take("good", "hello"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.take("bad", "PK"+testclamd.Virus); !errors.Is(err, files.ErrInfected) || len(s.left()) != 2 {
		t.Errorf("a virus: %v; in the folder are %v", err, s.left())
	}
	daemon.Stop()
	if _, err := s.take("unknown", "hello"); !errors.Is(err, files.ErrNoScan) {
		t.Errorf("without a scanner: %v", err)
	}
	s.cfg.Web.ClamdDown = "hold"
	held, err := s.take("held", "hello")
	if err != nil || held.State != files.Held {
		t.Fatalf("held: %+v, %v", held, err)
	}
	bad, err := s.take("held too", testclamd.Virus)
	if err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{"100", "101"} {
		if _, _, err := s.Open(held.ID, who); !errors.Is(err, files.ErrHeld) {
			t.Errorf("%s gets what was not looked at: %v", who, err)
		}
	}
	s.start()
	s.cfg.Web.Clamd = testclamd.Start(t, "unix", filepath.Join(t.TempDir(), "again.ctl")).Address
	s.Release(t.Context())
	if _, in, err := s.Open(held.ID, "101"); err != nil {
		t.Errorf("once it was looked at: %v", err)
	} else {
		_ = in.Close()
	}
	if _, _, err := s.Open(bad.ID, "101"); !errors.Is(err, files.ErrInfected) {
		t.Errorf("once the virus was found: %v", err)
	}
	if _, err := os.Stat(filepath.Join(s.folder, bad.ID+".data")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the virus lies there: %v", err)
	}
	if len(s.told) != 2 {
		t.Errorf("%d changes were told of", len(s.told))
	}
}

func TestASmallPictureIsDrawnAnew(t *testing.T) {
	s := openShelf(t)
	f, err := s.take("photo.png", "x")
	if err != nil {
		t.Fatal(err)
	}
	encoded := func(w, h int, as string) []byte {
		var b bytes.Buffer
		picture := image.NewRGBA(image.Rect(0, 0, w, h))
		if as == "png" {
			_ = png.Encode(&b, picture)
		} else {
			_ = jpeg.Encode(&b, picture, nil)
		}
		return b.Bytes()
	}
	for name, bad := range map[string][]byte{
		"nothing": nil, "a text": []byte("hello"), "a huge one": encoded(2000, 10, "png"), "a part of one": encoded(300, 300, "jpeg")[:200],
		"too many bytes": append(encoded(10, 10, "png"), make([]byte, 600_000)...),
	} {
		if err := s.SetThumb(f.ID, "100", bytes.NewReader(bad)); !errors.Is(err, files.ErrPicture) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.SetThumb(f.ID, "101", bytes.NewReader(encoded(10, 10, "png"))); !errors.Is(err, files.ErrUnknown) {
		t.Errorf("somebody else sets it: %v", err)
	}
	hidden := append(encoded(40, 30, "png"), []byte("<script>")...)
	if err := s.SetThumb(f.ID, "100", bytes.NewReader(hidden)); err != nil {
		t.Fatal(err)
	}
	got, err := s.Thumb(f.ID, "101")
	if err != nil || bytes.Contains(got, []byte("<script>")) {
		t.Errorf("%v; what was hidden is there: %v", err, bytes.Contains(got, []byte("<script>")))
	}
	if head, kind, err := image.DecodeConfig(bytes.NewReader(got)); err != nil || kind != "jpeg" || head.Width != 40 || head.Height != 30 {
		t.Errorf("it is a %s of %dx%d, %v", kind, head.Width, head.Height, err)
	}
	if f, err := s.Get(f.ID, "101"); err != nil || f.Width != 40 || f.Height != 30 {
		t.Errorf("known is %+v, %v", f, err)
	}
}

// A JPEG may go over its pixels as often as it likes, with a few bytes each time.
func TestAPictureIsNotDrawnOverAndOver(t *testing.T) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8)), nil); err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(b.Bytes(), []byte{0xff, 0xda})
	head, scan := b.Bytes()[:at], b.Bytes()[at:b.Len()-2]
	times := func(n int) []byte {
		return append(append(bytes.Clone(head), bytes.Repeat(scan, n)...), 0xff, 0xd9)
	}
	if _, _, err := files.Picture(bytes.NewReader(times(10))); err != nil {
		t.Errorf("ten scans: %v", err)
	}
	if _, _, err := files.Picture(bytes.NewReader(times(1000))); !errors.Is(err, files.ErrPicture) {
		t.Errorf("a thousand scans: %v", err)
	}
}

// Small pictures take room as well.
func TestSmallPicturesCount(t *testing.T) {
	s := openShelf(t)
	s.cfg.Web.Files.MaxSize, s.cfg.Web.Files.Quota = "10kB", "10kB"
	f, err := s.take("photo.jpg", "x")
	if err != nil {
		t.Fatal(err)
	}
	noise := image.NewGray(image.Rect(0, 0, 90, 90))
	for i := range noise.Pix {
		noise.Pix[i] = byte(i * i * 31)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, noise); err != nil {
		t.Fatal(err)
	}
	for range 3 { // in the place of the one before
		if err := s.SetThumb(f.ID, "100", bytes.NewReader(b.Bytes())); err != nil {
			t.Fatal(err)
		}
	}
	rest := strings.Repeat("x", 9_000)
	if _, err := s.take("rest", rest); !errors.Is(err, files.ErrQuota) {
		t.Errorf("beside the picture: %v", err)
	}
	s.start()
	if _, err := s.take("rest", rest); !errors.Is(err, files.ErrQuota) {
		t.Errorf("beside the picture, after another start: %v", err)
	}
	s.cfg.Web.Files.Quota = "1kB"
	if err := s.SetThumb(f.ID, "100", bytes.NewReader(b.Bytes())); err != nil {
		t.Errorf("the same one again: %v", err)
	}
	if err := s.Delete(f.ID, "100"); err != nil {
		t.Fatal(err)
	}
	if f, err = s.take("photo.jpg", "x"); err != nil {
		t.Errorf("when there is room again: %v", err)
	}
	if err := s.SetThumb(f.ID, "100", bytes.NewReader(b.Bytes())); !errors.Is(err, files.ErrQuota) {
		t.Errorf("one that is too much: %v", err)
	}
}

// What is on its way takes room of the disk before it is there.
func TestTheDiskHasRoomForTheWholeFile(t *testing.T) {
	s := openShelf(t)
	least := s.cfg.Recording.FreeBytes()
	s.free = least + 15
	if _, err := s.take("a", strings.Repeat("x", 16)); !errors.Is(err, files.ErrFull) {
		t.Errorf("one that is larger than what is free: %v", err)
	}
	r, w := io.Pipe()
	done := make(chan error)
	go func() {
		_, err := s.Take(t.Context(), files.New{From: "101", Readers: []string{"100"}, Size: 10}, r)
		done <- err
	}()
	if _, err := w.Write([]byte("12345")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.take("b", strings.Repeat("x", 10)); !errors.Is(err, files.ErrFull) {
		t.Errorf("one beside another: %v", err)
	}
	if _, err := w.Write([]byte("67890")); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if _, err := s.take("b", strings.Repeat("x", 10)); err != nil {
		t.Errorf("later: %v", err)
	}
}

// A file that the scanner never looks at, or that has gone, keeps no other from being given.
func TestFilesThatCannotBeLookedAtHoldNobodyUp(t *testing.T) {
	s := openShelf(t)
	s.cfg.Web.Clamd, s.cfg.Web.ClamdDown = "unix://"+filepath.Join(t.TempDir(), "nobody.ctl"), "hold"
	var large, good []files.File
	for range 8 {
		f, err := s.take("large", strings.Repeat("x", 1000))
		if err != nil {
			t.Fatal(err)
		}
		g, err := s.take("good", "hello")
		if err != nil {
			t.Fatal(err)
		}
		large, good = append(large, f), append(good, g)
	}
	if err := os.Remove(filepath.Join(s.folder, good[0].ID+".data")); err != nil {
		t.Fatal(err)
	}
	daemon := testclamd.Start(t, "unix", filepath.Join(t.TempDir(), "clamd.ctl"))
	daemon.Most(100)
	s.cfg.Web.Clamd = daemon.Address
	s.Release(t.Context())
	for _, f := range good[1:] {
		if got, err := s.Get(f.ID, "101"); err != nil || got.State != files.Ready {
			t.Errorf("a good one is %q, %v", got.State, err)
		}
	}
	for _, f := range large {
		if _, err := s.Get(f.ID, "101"); !errors.Is(err, files.ErrUnknown) {
			t.Errorf("one that is too large is there: %v", err)
		}
	}
	if n := len(large) + len(good) - 1; len(s.told) != n {
		t.Errorf("%d changes were told of, want %d", len(s.told), n)
	}
}
