package main

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"dialtone/pbx/api"
)

func TestCtlTables(t *testing.T) {
	data := start(t, &fakeServer{})
	for _, c := range []struct{ command, want string }{
		{"calls", `
ID        FROM  TO   STATE    DURATION  CODEC  LOSS       JITTER
7f3a9c21  100   101  up       1:04      PCMA   0.1% 0.0%  1.4ms 0.3ms
0b        102   600  ringing  2s        -      -          -
`},
		{"registrations", `
EXTENSION  CONTACT                TRANSPORT  FLOW            EXPIRES  LATENCY  USER AGENT
100        sip:100@10.0.0.7:5060  udp        192.0.2.7:5060  58:59    8.2ms    Evil?[2JPhone xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
101        sip:101@10.0.0.8       tls        10.0.0.8:4711   29s      lost     -
`},
		{"subscriptions", `
EVENT   OF         BY   PHONE              EXPIRES  UNANSWERED
dialog  100        101  udp 10.0.0.8:5060  58:59    -
dialog  sales (3)  102  tcp 10.0.0.9:4711  29s      2
`},
		{"subscriptions 199", "\nNobody watches anything.\n"},
		{"trunks", `
TRUNK                     STATE       SINCE    CALLS   EXPIRES  LATENCY
backup                    down        1:00:00  1 of 4  -        -
  udp 203.0.113.7:5060    dead        1:00:00                   -
sipgate                   registered  2:00     0       8:59     -
  tls 203.0.113.9:5061    answers     2:00                      11.4ms
  tls [2001:db8::9]:5061  not asked   -                         -

backup: udp 203.0.113.7:5060: no answer to OPTIONS?[2J; tried again in 29s
`},
		{"parked", `
SLOT  FROM         NAME  PARKED BY  FOR   CALL
701   +4930123456  Anna  101        1:30  7hq2kw4xj3na
`},
		{"list vip", "\nNobody is on list vip.\n"},
		{"list", `
LIST   ENTRIES  WHAT IT IS FOR
block  1        Callers who are refused.
vip    0        -
`},
		{"features", `
DIAL  NAME  WHAT IT DOES
600   echo  sends back what it hears
`},
	} {
		code, out, errOut := dialtone(t, append([]string{"ctl", "--data", data}, strings.Fields(c.command)...)...)
		if code != 0 || errOut != "" {
			t.Errorf("%s: exit code %d, %s", c.command, code, errOut)
		}
		if out != strings.TrimPrefix(c.want, "\n") {
			t.Errorf("%s printed\n%s\nwant%s", c.command, out, c.want)
		}
	}
}

func TestCtlStatus(t *testing.T) {
	data := start(t, &fakeServer{})
	code, out, _ := dialtone(t, "ctl", "status", "--data", data)
	for _, want := range []string{
		"version     v1.2.3\n", "up          3:12:00 (process ", "config      none: the accounts are in /var/lib/dialtone/extensions.yaml\n",
		"listens on  udp port 5060 of every address\n            tls port 5061 of every address\n",
		"calls       1 of 1000 (17 since the start)\n", "phones      2 registered, 10 extensions\n",
		"rtp ports   4 of 16384 in use\n", "log         info, trace off\n", "reload      none yet\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("status has no line %q:\n%s", want, out)
		}
	}
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestCtlStatusTellsOfStalls(t *testing.T) {
	data := start(t, &fakeServer{stalls: api.Stalls{Times: 3, TotalMS: 420, LongestMS: 290, Last: time.Date(2026, 5, 4, 9, 30, 0, 0, time.Local)}})
	_, out, _ := dialtone(t, "ctl", "status", "--data", data)
	if want := "stalls      3, 290 ms at most, last 2026-05-04 09:30:00: gaps in the audio of all calls, see dialtone doctor\n"; !strings.Contains(out, want) {
		t.Errorf("status has no line %q:\n%s", want, out)
	}
}

func TestCtlStatusShowsTheNewestAlerts(t *testing.T) {
	alert := api.Alert{
		At: time.Date(2026, 5, 4, 9, 30, 0, 0, time.Local), Level: "warn", Event: "toll-limit", Text: "call to the outside refused",
		Values: map[string]string{"extension": "101", "number": "+43\x1b[2J1", "reason": "too much of it", "call": "x"},
	}
	data := start(t, &fakeServer{alerts: slices.Repeat([]api.Alert{alert}, 9)})
	_, out, _ := dialtone(t, "ctl", "status", "--data", data)
	want := "2026-05-04 09:30:00 toll-limit: call to the outside refused, extension 101, number +43?[2J1, reason too much of it\n"
	if strings.Count(out, want) != 5 || !strings.Contains(out, "alerts      "+want) {
		t.Errorf("status says\n%s", out)
	}
}

// What callers did in menus, and since when that is counted.
func TestCtlMenus(t *testing.T) {
	server := &fakeServer{}
	data := start(t, server)
	const want = `MENU    CHOICE            CALLERS
main    (entered)         9
main    *                 0
main    1                 4
main    (an extension)    2
main    (nothing)         3
main    (no choice)       1
main    (too many tries)  1
main    (hung up)         2
unused  (entered)         0
unused  1                 0
Counted since `
	if code, out, errOut := dialtone(t, "ctl", "menus", "--data", data); code != 0 || !strings.HasPrefix(out, want) {
		t.Errorf("exit code %d, %s, printed\n%s\nwant\n%s", code, errOut, out, want)
	}
	if code, out, _ := dialtone(t, "ctl", "menus", "--reset", "--data", data); code != 0 || out != "Counting begins anew.\n" || !slices.Contains(server.told, "reset menus") {
		t.Errorf("exit code %d, printed %s, the server was told %q", code, out, server.told)
	}
}

func TestCtlJSON(t *testing.T) {
	data := start(t, &fakeServer{records: []api.CDR{{ID: "1"}, {ID: "2"}}})
	for command, want := range map[string]int{"calls": 2, "registrations": 2, "trunks": 2, "features": 1, "cdr": 2} {
		_, out, _ := dialtone(t, "ctl", command, "--data", data, "--json")
		var items []map[string]any
		if err := json.Unmarshal([]byte(out), &items); err != nil || len(items) != want {
			t.Errorf("%s --json gives %v, %v:\n%s", command, items, err, out)
		}
	}
}

// age is how long ago something began, in a table; here all did just now.
var age = regexp.MustCompile(`\b\ds\b`)

func TestCtlTells(t *testing.T) {
	server := &fakeServer{}
	data := start(t, server)
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"hangup 7f3a9c21", 0, "Call 7f3a9c21 is hung up."},
		{"hangup nine 7f3a9c21", 1, `there is no call "nine" (any more)`},
		{"log-level debug", 0, "debug until the server stops"},
		{"log-level loud", 2, "must be one of"},
		{"trace on", 0, "is on"},
		{"block 030123456 +49180. --note windows", 0, "+49180. is on list block."},
		{"block alice anonymous", 1, "dialtone: alice: not a number"},
		{"unblock +49 +4930123456", 1, "dialtone: +49 on list block: not found"},
		{"blocked", 0, "sells?[2J windows"},
		{"list add vip +4930123456", 0, "+4930123456 is on list vip."},
		{"list remove vip +4930123456", 0, "+4930123456 is off list vip."},
		{"list show friends", 1, "list friends: not found"},
		{"conferences", 0, "team  2        100       0s     locked"},
		{"conferences team", 0, "100    Reception?[2J  0s     yes       -21    leader              a1"},
		{"conferences other", 1, `nobody is in a conference "other"`},
		{"conference team mute 101", 0, "Done."},
		{"conference team kick nobody", 1, "not found"},
		{"conference team kick", 1, "conference team kick 101"},
		{"conference team end 101", 1, "for the whole conference"},
		{"conference team call 102", 0, "Done."},
		{"conference team call +4930123456 --as 101", 0, "Done."},
		{"conference team call", 1, "conference team call 101"},
		{"conference team mute 101 --as 102", 1, "--as is for call only"},
		{"conference team play menu/welcome", 0, "Done."},
		{"reload", 0, "extensions.104.dnd: false -> true"},
	} {
		code, out, errOut := dialtone(t, append([]string{"ctl", "--data", data}, strings.Fields(c.args)...)...)
		said := age.ReplaceAllString(out+errOut, "0s")
		if code != c.code || !strings.Contains(said, c.says) {
			t.Errorf("%s: exit code %d, %s", c.args, code, said)
		}
	}
	want := []string{
		"hangup 7f3a9c21", "hangup 7f3a9c21", "level debug", "trace on",
		"add block 030123456 windows", "add block +49180. windows", "add block anonymous ", "remove block +4930123456",
		"add vip +4930123456 ", "remove vip +4930123456", "team mute 101", "team call 102", "team call +4930123456 as 101", "team play menu/welcome",
	}
	if !slices.Equal(server.told, want) {
		t.Errorf("the server was told %q", server.told)
	}
}

func TestCtlReloadRefused(t *testing.T) {
	data := start(t, &fakeServer{reloadErr: errors.New("dialtone.yaml:3:1: unknown key")})
	code, out, errOut := dialtone(t, "ctl", "--data", data, "reload")
	if want := "dialtone.yaml:3:1: unknown key\nRefused; the old configuration stays.\n"; code != 1 || out != "" || errOut != want {
		t.Errorf("exit code %d, %s%s", code, out, errOut)
	}
}

func TestCtlWithoutServer(t *testing.T) {
	code, _, errOut := dialtone(t, "ctl", "--data", t.TempDir(), "calls")
	if code != 1 || !strings.HasPrefix(errOut, "dialtone: no Dialtone is running: nobody answers on /") {
		t.Errorf("exit code %d, %s", code, errOut)
	}
}

func TestCtlFindsTheSocket(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("other.yaml", "data: elsewhere\n")
	write("broken.yaml", "data: \"here\" # it is\nsipp: 3\n")
	for _, c := range []struct {
		ctl  ctlCommand
		want string
	}{
		{ctlCommand{Socket: "/s", Data: "d"}, "/s"},
		{ctlCommand{Data: "d"}, "d/dialtone.sock"},
		{ctlCommand{Config: "other.yaml"}, "elsewhere/dialtone.sock"},
		{ctlCommand{Config: filepath.Join(dir, "broken.yaml")}, filepath.Join(dir, "here/dialtone.sock")},
	} {
		if got, err := c.ctl.socketPath(); err != nil || got != c.want {
			t.Errorf("%+v: %s, %v", c.ctl, got, err)
		}
	}
	if got, err := (&ctlCommand{}).socketPath(); err != nil || got != "dialtone-data/dialtone.sock" && got != systemData+"/dialtone.sock" {
		t.Errorf("without anything: %s, %v", got, err)
	}
	write("dialtone.yaml", "data: mine\n")
	if got, err := (&ctlCommand{}).socketPath(); err != nil || got != "mine/dialtone.sock" {
		t.Errorf("with dialtone.yaml: %s, %v", got, err)
	}
	if _, err := (&ctlCommand{Config: "none.yaml"}).socketPath(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("with a configuration that is not there: %v", err)
	}
}

func exampleRecords() []api.CDR {
	start := time.Date(2026, 5, 4, 9, 30, 0, 0, time.Local)
	return []api.CDR{{
		ID: "7f3a9c21", From: "100", FromName: `Ann "The, Boss"`, To: "101", Start: start, Answer: start.Add(4 * time.Second),
		End: start.Add(68 * time.Second), Cause: "normal", Blame: "nobody", SIP: 200, Q850: 16,
		Legs: []api.CDRLeg{
			{ID: "a", Inbound: true, Party: "100", Remote: "udp 192.0.2.7:5060", Codec: "PCMA", RxPackets: 3200, RxLost: 2, JitterMS: 1.5, MOS: 4.4},
			{ID: "lost", Party: "101", Remote: "udp 192.0.2.9:5060", Cause: "answered-elsewhere"},
			{ID: "b", Party: "101", Remote: "tls 192.0.2.8:49152", Answer: start.Add(4 * time.Second), Codec: "PCMU", RxPackets: 3100, MOS: 4.3},
		},
	}, {ID: "8", From: "101", To: "999", Start: start.Add(-time.Minute), End: start.Add(-time.Minute), Cause: "not-found", Blame: "caller", SIP: 404, Q850: 1}}
}

func TestCtlCDRTable(t *testing.T) {
	data := start(t, &fakeServer{records: exampleRecords()})
	_, out, errOut := dialtone(t, "ctl", "cdr", "--data", data)
	want := `
START (local time)   FROM  TO   TALKED  CAUSE      CODEC      MOS      ID
2026-05-04 09:30:00  100   101  1:04    normal     PCMA PCMU  4.4 4.3  7f3a9c21
2026-05-04 09:29:00  101   999  -       not-found  -          -        8
`
	if out != want[1:] || errOut != "" {
		t.Errorf("cdr printed\n%s%s", out, errOut)
	}
}

// What people read and write is in the zone of the site, wherever they are.
func TestTimesOfTheSite(t *testing.T) {
	records := []api.CDR{{ID: "1", From: "100", To: "101", Start: time.Date(2026, 5, 3, 23, 30, 0, 0, time.UTC), Cause: "busy"}}
	alert := api.Alert{At: records[0].Start, Event: "trunk-down", Text: "a trunk is down"}
	server := &fakeServer{records: records, zone: "Asia/Tokyo", alerts: []api.Alert{alert}}
	data := start(t, server)
	tokyo := time.FixedZone("", 9*3600)
	for command, want := range map[string]string{
		"status":  "times       Asia/Tokyo\nreload      none yet\nalerts      2026-05-04 08:30:00 trunk-down",
		"cdr":     "START (Asia/Tokyo)   FROM  TO   TALKED  CAUSE  CODEC  MOS  ID\n2026-05-04 08:30:00  100",
		"blocked": "NUMBER       SINCE (Asia/Tokyo) ",

		"messages 101": "2026-05-04 18:30:00",
		"menus":        "Counted since " + server.now.In(tokyo).Format(time.DateTime),
	} {
		if _, out, errOut := dialtone(t, append([]string{"ctl", "--data", data}, strings.Fields(command)...)...); !strings.Contains(out, want) {
			t.Errorf("%s printed\n%s%s", command, out, errOut)
		}
	}
	dialtone(t, "ctl", "cdr", "--data", data, "--since", "2026-05-04", "--until", "2026-05-04 09:30", "--missed")
	want := api.CDRFilter{Since: time.Date(2026, 5, 3, 15, 0, 0, 0, time.UTC), Until: time.Date(2026, 5, 4, 0, 30, 0, 0, time.UTC), Missed: true}
	if f := server.filter; !f.Since.Equal(want.Since) || !f.Until.Equal(want.Until) || !f.Missed {
		t.Errorf("asked for %+v", f)
	}
}

func TestCtlCDRTableSaysThatThereIsMore(t *testing.T) {
	data := start(t, &fakeServer{records: make([]api.CDR, tableLimit+1)})
	_, out, errOut := dialtone(t, "ctl", "cdr", "--data", data)
	if strings.Count(out, "\n") != tableLimit+1 || !strings.Contains(errOut, "--limit 0") {
		t.Errorf("%d lines, %s", strings.Count(out, "\n"), errOut)
	}
	_, out, errOut = dialtone(t, "ctl", "cdr", "--data", data, "--limit", "0")
	if strings.Count(out, "\n") != tableLimit+2 || errOut != "" {
		t.Errorf("with --limit 0: %d lines, %s", strings.Count(out, "\n"), errOut)
	}
}

func TestCtlCDRCSV(t *testing.T) {
	data := start(t, &fakeServer{records: exampleRecords()})
	_, out, _ := dialtone(t, "ctl", "cdr", "--data", data, "--format", "csv")
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll() // refuses rows of different length
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v:\n%s", len(rows), err, out)
	}
	got := map[string]string{}
	for i, name := range rows[0] {
		got[name] = rows[1][i]
	}
	for name, want := range map[string]string{
		"from_name": `Ann "The, Boss"`, "seconds": "64", "caller_codec": "PCMA", "caller_lost": "2",
		"callee": "101", "callee_remote": "tls 192.0.2.8:49152", "callee_codec": "PCMU", "callee_mos": "4.3",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
}

func TestCtlCDRCutOffIsNoExport(t *testing.T) {
	records := append(exampleRecords(), api.CDR{ID: "damaged"})
	data := start(t, &fakeServer{records: records})
	for _, format := range []string{"table", "json", "csv"} {
		code, out, errOut := dialtone(t, "ctl", "cdr", "--data", data, "--format", format)
		if code != 1 || errOut == "" || json.Valid([]byte(out)) {
			t.Errorf("%s: exit code %d, %s%s", format, code, out, errOut)
		}
	}
}

func TestTimes(t *testing.T) {
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.FixedZone("", 7200))
	for text, want := range map[string]string{
		"2026-05-01": "2026-05-01T00:00:00+02:00", "2026-05-01 09:30": "2026-05-01T09:30:00+02:00",
		"2026-05-01T09:30:00Z": "2026-05-01T09:30:00Z", "09:30": "2026-05-04T09:30:00+02:00",
		"today": "2026-05-04T00:00:00+02:00", "yesterday": "2026-05-03T00:00:00+02:00",
		"90m": "2026-05-04T10:30:00+02:00", "2d": "2026-05-02T12:00:00+02:00",
	} {
		if at, err := parseTime(text, now); err != nil || at.Format(time.RFC3339) != want {
			t.Errorf("%s is %v, %v, want %s", text, at, err, want)
		}
	}
	for _, text := range []string{"soon", "12", "2026-13-01", "-3h"} {
		if at, err := parseTime(text, now); err == nil {
			t.Errorf("%s passed as %v", text, at)
		}
	}
}

func TestElapsed(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 4 * time.Second: "4s", 64 * time.Second: "1:04", 7384 * time.Second: "2:03:04",
		75*time.Hour + 62*time.Second: "3d 03:01:02",
	} {
		if got := elapsed(d); got != want {
			t.Errorf("%v is %s, want %s", d, got, want)
		}
	}
}
