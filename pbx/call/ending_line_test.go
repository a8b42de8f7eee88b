package call

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"dialtone/storage"
)

func TestLogOfACallThatEnded(t *testing.T) {
	answer := time.Unix(1000, 0)
	for name, c := range map[string]struct {
		record storage.CDR
		want   string
	}{
		"hung up by the callee": {
			storage.CDR{
				From: "100", To: "101", Answer: answer, End: answer.Add(64*time.Second + 1234*time.Microsecond),
				Cause: "normal", Blame: "nobody", HungUpBy: "b",
				Legs: []storage.CDRLeg{{ID: "a", Inbound: true, Party: "100"}, {ID: "b", Party: "101", Answer: answer}},
			},
			"from=100 to=101 cause=normal blame=nobody talked=1m4.001s hung_up_by=101\n",
		},
		"only a menu answered": {
			storage.CDR{
				From: "+4930123456", To: "200", Answer: answer, End: answer.Add(10 * time.Second), Cause: "normal", Blame: "nobody",
				Legs: []storage.CDRLeg{{ID: "a", Inbound: true, Answer: answer}, {ID: "b", Party: "101"}},
			},
			"from=+4930123456 to=200 cause=normal blame=nobody talked=0s\n",
		},
		"refused": {
			storage.CDR{From: "100", To: "777", Cause: "not-found", Blame: "caller", Detail: "no such number"},
			"from=100 to=777 cause=not-found blame=caller talked=0s detail=\"no such number\"\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			slog.New(slog.NewTextHandler(&out, nil)).Info("call ended", ending(&c.record)...)
			if !strings.HasSuffix(out.String(), `msg="call ended" `+c.want) {
				t.Errorf("wrote %s", &out)
			}
		})
	}
}
