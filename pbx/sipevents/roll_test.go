package sipevents

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"dialtone/config"
	"dialtone/pbx/call"
)

// A list that is too long for a datagram is told in several NOTIFYs, and all of it.
func TestALongListIsToldInParts(t *testing.T) {
	r := &roll{uri: "sip:all@pbx", domain: "pbx", kind: dialogType}
	for i := range config.MaxLampList {
		number := strconv.Itoa(1000 + i)
		d := &dialogs{extension: number, domain: "pbx", whole: true}
		for j := range 3 {
			d.list = append(d.list, call.Dialog{ID: fmt.Sprint(i, "-", j), State: call.Ringing, Remote: "200", RemoteName: strings.Repeat("Ü", 100)})
		}
		r.of = append(r.of, entry{number: number, name: strings.Repeat("N", 50), is: d})
	}
	var told State
	times := uint32(0)
	for ; told == nil || !r.Same(told); times++ {
		say := r.Say(told, times, true)
		if len(say.Body) > 64000 || times > 20 {
			t.Fatalf("NOTIFY %d has %d bytes", times, len(say.Body))
		}
		if full := strings.Contains(string(say.Body), `fullState="true"`); full != (told == nil) {
			t.Errorf("NOTIFY %d is full: %v", times, full)
		}
		if n := strings.Count(string(say.Body), "<resource "); told == nil && n != config.MaxLampList {
			t.Errorf("the first names %d members", n)
		}
		told = say.Knows
	}
	if times < 2 {
		t.Error("it was told at once")
	}
}
