package browser

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"dialtone/internal/callscript"
	"dialtone/internal/testphone"
)

// always records what 101 says and hears.
const always = `recording:
  min_free: "0"
extensions:
  "101": {password: phone-101-key, name: "Bruno Lefèvre", record: always}
`

// TestACallWithAPageIsRecorded calls who is always recorded: the file has the page on the
// left, which called, and what it heard on the right.
func TestACallWithAPageIsRecorded(t *testing.T) {
	t.Parallel()
	ctx := soon(t)
	o := openOfficeWith(t, "", always)
	phone := o.phone(ctx, "101")
	page := o.logIn(o.chromium(alice), "100")
	page.Fill("Name or number", "101")
	page.Press("Enter")
	call := takes(ctx, phone, desk)
	call.Hears(ctx, alice) // after the announcement
	hears(page, desk)
	page.Click("button", "Hang up")
	call.WaitEnded(ctx)

	sides := o.recording(ctx)
	for side, hz := range []float64{alice, desk} {
		if !sounds(sides[side], hz) {
			t.Errorf("channel %d of the recording does not have %v Hz", side, hz)
		}
		if other := alice + desk - hz; sounds(sides[side], other) {
			t.Errorf("channel %d of the recording has %v Hz, which belongs to the other", side, other)
		}
	}
	o.quiet(page)
}

// recording waits for the one recording and gives its channels.
func (o *office) recording(ctx context.Context) [2][]int16 {
	o.t.Helper()
	var list []struct{ ID, State, File string }
	if !callscript.Until(ctx, func() bool {
		return o.server.Ctl(ctx, &list, "recordings") == nil && len(list) == 1 && list[0].State == "kept"
	}) {
		o.t.Fatalf("there is no recording: %v", list)
	}
	dir := o.t.TempDir()
	if err := o.server.Ctl(ctx, nil, "recordings", "export", list[0].ID, "--to", dir); err != nil {
		o.t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, filepath.Base(list[0].File)))
	if err != nil {
		o.t.Fatal(err)
	}
	sides, err := callscript.Sides(data)
	if err != nil {
		o.t.Fatal(err)
	}
	return sides
}

// sounds reports whether there is a tone anywhere in pcm, for 100 ms.
func sounds(pcm []int16, hz float64) bool { return testphone.Sounds(pcm, hz, 800) }
