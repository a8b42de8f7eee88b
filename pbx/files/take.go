package files

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode"

	"dialtone/pbx/clamd"
)

const (
	comingAtOnce = 32   // senders
	comingEach   = 3    // files of one
	mostEach     = 5000 // files of one extension
	longestName  = 120  // letters
	headBytes    = 512  // that tell the kind
)

// New is a file that comes.
type New struct {
	From    string
	Readers []string
	Name    string
	Size    int64 // exactly
}

// Take takes a file: it is on the disk, and was looked at, when Take returns.
func (s *Store) Take(ctx context.Context, n New, r io.Reader) (File, error) {
	if err := s.admit(n); err != nil {
		return File{}, err
	}
	f := File{ID: strings.ToLower(rand.Text()), From: n.From, Readers: n.Readers, Name: nameOf(n.Name), Size: n.Size, At: time.Now()}
	err := s.receive(&f, r)
	if err == nil {
		err = s.scan(ctx, &f)
	}
	if err == nil {
		err = s.keep(f)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onWay -= n.Size
	if s.coming[n.From]--; s.coming[n.From] == 0 {
		delete(s.coming, n.From)
	}
	if err != nil {
		s.give(n.From, n.Size)
		s.remove(f.ID + ".part")
		s.remove(f.ID + ".data")
		return File{}, err
	}
	s.all[f.ID] = f
	return f, nil
}

// admit takes the room for a file, or says why there is none.
func (s *Store) admit(n New) error {
	set := s.Config().Web.Files
	switch {
	case set.MaxBytes() == 0:
		return ErrOff
	case n.Size <= 0:
		return ErrEmpty
	case n.Size > set.MaxBytes():
		return ErrTooLarge
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.room.RoomFor(uint64(s.onWay + n.Size)); err != nil {
		return err
	}
	switch {
	case s.coming[n.From] >= comingEach || len(s.coming) >= comingAtOnce && s.coming[n.From] == 0:
		return ErrBusy
	case s.used[n.From]+n.Size > set.QuotaBytes() || s.count[n.From] >= mostEach:
		return ErrQuota
	}
	s.coming[n.From]++
	s.onWay += n.Size
	s.used[n.From] += n.Size
	s.count[n.From]++
	return nil
}

// receive writes what comes, and tells its kind.
func (s *Store) receive(f *File, r io.Reader) error {
	out, err := os.OpenFile(s.path(f.ID, ".part"), os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("files: %w", err)
	}
	err = fill(out, f, r)
	err = errors.Join(err, out.Sync(), out.Close())
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return ErrFull
	case err != nil:
		return fmt.Errorf("files: %w", err)
	}
	return nil
}

func fill(out io.Writer, f *File, r io.Reader) error {
	in := &source{r: r}
	head := make([]byte, min(headBytes, f.Size))
	_, err := io.ReadFull(in, head)
	if err == nil {
		f.Type = kindOf(head)
		_, err = out.Write(head)
	}
	if err == nil {
		_, err = io.CopyN(out, in, f.Size-int64(len(head)))
	}
	if in.err != nil {
		return errors.Join(ErrCutOff, in.err)
	}
	return err
}

// source tells what went wrong at the sender's from what went wrong here.
type source struct {
	r   io.Reader
	err error
}

func (s *source) Read(p []byte) (n int, err error) {
	if n, err = s.r.Read(p); n == 0 && err != nil {
		s.err = err
	}
	return n, err
}

// scan has a file looked at when there is a scanner.
func (s *Store) scan(ctx context.Context, f *File) error {
	set := s.Config().Web
	if set.Clamd == "" {
		return nil
	}
	virus, err := s.look(ctx, s.path(f.ID, ".part"), set.Clamd)
	switch {
	case err == nil && virus == "":
		return nil
	case err == nil:
		s.Log.Warn("a file was refused: it has a virus", "virus", virus, "from", f.From, "to", f.Readers, "event", "file-infected")
		return ErrInfected
	case ctx.Err() != nil: // nobody waits for it any more
		return errors.Join(ErrCutOff, ctx.Err())
	}
	s.Log.Error("a file could not be looked at for viruses", "from", f.From, "error", err, "clamd_down", set.ClamdDown, "event", "clamd-down")
	// What it will never look at is not worth waiting for.
	if set.ClamdDown != "hold" || errors.Is(err, clamd.ErrTooLarge) {
		return ErrNoScan
	}
	f.State = Held
	return nil
}

func (s *Store) look(ctx context.Context, path, address string) (virus string, err error) {
	in, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return "", ErrUnknown
	}
	if err != nil {
		return "", err
	}
	defer func() { _ = in.Close() }()
	return clamd.Scan(ctx, address, in)
}

// keep puts a file in its place, and then what is known of it.
func (s *Store) keep(f File) error {
	if err := os.Rename(s.path(f.ID, ".part"), s.path(f.ID, ".data")); err != nil {
		return fmt.Errorf("files: %w", err)
	}
	return s.write(f)
}

// kinds are those that a browser may know; all others are bytes to it.
var kinds = []string{
	"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "audio/mpeg", "audio/wave", "application/ogg",
	"video/mp4", "video/webm", "application/zip", "text/plain",
}

func kindOf(head []byte) string {
	kind, _, _ := strings.Cut(http.DetectContentType(head), ";")
	if slices.Contains(kinds, kind) {
		return kind
	}
	return "application/octet-stream"
}

// nameOf is a name that can be shown, and saved to: no path, nothing that turns the text
// around or cannot be seen.
func nameOf(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && r != unicode.ReplacementChar && !strings.ContainsRune(`<>:"|?*`, r) {
			return r
		}
		return -1
	}, name)
	name = strings.Trim(name, ". ")
	if letters := []rune(name); len(letters) > longestName {
		name = string(letters[:longestName/2]) + "…" + string(letters[len(letters)-longestName/2+1:])
	}
	if name == "" {
		return "file"
	}
	return name
}
