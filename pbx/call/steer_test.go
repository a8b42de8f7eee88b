package call

import (
	"errors"
	"io"
	"testing"
	"time"

	"dialtone/dialplan"
)

// ramp is a clip of ten seconds in which each sample says how many tenths of a second
// lie before it.
type ramp struct{ at int }

func (r *ramp) Read(pcm []int16) (int, error) {
	n := max(0, min(len(pcm), 80000-r.at))
	for i := range pcm[:n] {
		pcm[i] = int16((r.at + i) / 800)
	}
	if r.at += n; n == 0 {
		return 0, io.EOF
	}
	return n, nil
}
func (*ramp) Length() time.Duration { return 10 * time.Second }
func (*ramp) Close() error          { return nil }

// sought is a ramp that can be sought in.
type sought struct{ ramp }

func (s *sought) Seek(to time.Duration) error { s.at = int(to / (time.Second / 8000)); return nil }

func TestKeysMoveAboutInWhatIsPlayed(t *testing.T) {
	const end = -1
	for _, test := range []struct {
		name string
		clip openClip
		keys string
		want int // tenths of a second into it, after a second was heard
	}{
		{"nothing", &sought{}, "", 10},
		{"on", &sought{}, "6", 40},
		{"on twice", &sought{}, "66", 70},
		{"back behind the beginning", &sought{}, "4", 0},
		{"on and back", &sought{}, "6644", 10},
		{"pause", &sought{}, "5", 0},
		{"pause and on", &sought{}, "55", 10},
		{"moving ends a pause", &sought{}, "56", 40},
		{"behind the end", &sought{}, "666666", end},
		{"on without seeking", &ramp{}, "6", 40},
		{"not back without seeking", &ramp{}, "4", 10},
		{"behind the end without seeking", &ramp{}, "666666", end},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &steering{Skipping: dialplan.Skipping{Forward: "6", Back: "4", Pause: "5", By: 3 * time.Second}}
			p := s.steer(&prompt{openClip: test.clip})
			pcm := make([]int16, 8000)
			if n, err := p.Read(pcm); n != 8000 || err != nil || p.Rate() != 8000 {
				t.Fatal(n, err, p.Rate())
			}
			for i := range len(test.keys) {
				s.press(test.keys[i])
			}
			pcm = pcm[:80]
			_, err := p.Read(pcm)
			if test.want == end {
				if !errors.Is(err, io.EOF) {
					t.Errorf("heard %d, %v behind the end", pcm[0], err)
				}
				return
			}
			if err != nil || int(pcm[0]) != test.want {
				t.Errorf("heard %d tenths of a second, %v; want %d", pcm[0], err, test.want)
			}
		})
	}
	if p := (&prompt{openClip: &ramp{}}); (&steering{}).steer(p) != p || (*steering)(nil).steer(p) != p {
		t.Error("a clip that no key moves about in is another one")
	}
}
