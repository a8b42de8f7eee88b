package dialplan_test

import (
	"errors"
	"strings"
	"testing"

	"dialtone/dialplan"
)

func TestRecord(t *testing.T) {
	plan := parsed(t, `
extensions: {"101": {password: kqvt-8mzn-3xwp-r5hc}}
voicemail: false
dialplan:
  phones:
    - name: all
      to: 200
      do: [record, {record: pause}, {record: resume}, {record: stop}, {record: start, consent: ask, keep: 7d}]
`)
	for name, cannot := range map[string]error{"it works": nil, "it fails, and the call goes on": errors.New("the disk is full")} {
		t.Run(name, func(t *testing.T) {
			w := &world{cannot: cannot}
			r := dialplan.NewRun(dialplan.Facts{Extension: "101", From: "101", To: "200"}, func() *dialplan.Plan { return plan }, w)
			r.Session = w
			e := r.Do(t.Context())
			want := "record start  0s; record pause  0s; record resume  0s; record stop  0s; record start ask 168h0m0s"
			if got := strings.Join(w.did, "; "); got != want || e.Cause != dialplan.CauseNormal {
				t.Errorf("did %q, ended %v", got, e)
			}
		})
	}
}
