package conference

import (
	"io"
	"time"
)

// spokenRate is that of Joining.SpokenName, in Hz.
const spokenRate = 8000

// AsksName reports whether who comes is to say his name first: names are announced, and
// there is no recording of his. The errors are those of Join.
func (r *Rooms) AsksName(j Joining) (bool, error) {
	set, known := r.o.Settings(j.Conference)
	r.mu.Lock()
	in := r.rooms[j.Room]
	var err error
	switch {
	case in != nil:
		set, err = in.set, in.admits(j)
	case !known:
		err = ErrUnknown
	case set.Locked && !j.Leader:
		err = ErrLocked
	}
	r.mu.Unlock()
	return err == nil && set.Announce == AnnounceName && r.fileOf(j.Language, j.Party) == "", err
}

// admits says why somebody does not get in; mu is held.
func (r *room) admits(j Joining) error {
	switch full := r.set.MaxMembers; {
	case r.over:
		return ErrEnded
	case full > 0 && len(r.seats) >= full && !j.Leader:
		return ErrFull
	case r.locked && !j.Leader && !j.Called:
		return ErrLocked
	case j.Paid && !r.ours():
		return ErrStrangers
	}
	return nil
}

// voiced is a name that somebody has said. It is a Clip.
type voiced struct {
	pcm []int16
	at  int
}

func newVoiced(pcm []int16) *voiced { return &voiced{pcm: pcm} }

// Read implements media.Clip.
func (v *voiced) Read(pcm []int16) (int, error) {
	n := copy(pcm, v.pcm[v.at:])
	if v.at += n; n == 0 && len(pcm) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// Length implements media.Clip.
func (v *voiced) Length() time.Duration {
	return time.Duration(len(v.pcm)) * time.Second / spokenRate
}

// Rate is that of what is read.
func (*voiced) Rate() int { return spokenRate }

// Name implements Clip.
func (*voiced) Name() string { return "a name" }

// Close implements io.Closer.
func (*voiced) Close() error { return nil }
