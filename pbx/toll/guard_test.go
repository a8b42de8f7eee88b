package toll_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"dialtone/config"
	"dialtone/dialplan"
	"dialtone/pbx/call"
	"dialtone/pbx/toll"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// office is a site in Germany: 101 has the default permission, 102 that of the boss.
func office() *config.Config {
	cfg := config.Default()
	cfg.Site.Country = "DE"
	cfg.Trunks = map[string]config.Trunk{"line": {}, "vienna": {Country: "AT"}, "branch": {Internal: true}}
	cfg.Permissions = map[string]config.Permission{
		"boss": {
			Allow:     []string{"toll-free", "domestic", "mobile", "service", "international"},
			Countries: []string{"AT", "CH", "US"}, Deny: []string{"+4989", "0221", "49711"},
		},
		"world":   {Allow: []string{"domestic", "international"}},
		"premium": {Allow: []string{"domestic", "premium"}, Countries: []string{"FR"}},
		"none":    {},
	}
	cfg.Extensions = map[string]config.Extension{
		"101": {}, "102": {Permission: "boss"}, "103": {Permission: "world"}, "104": {Permission: "premium"},
		"105": {Permission: "none"}, "106": {Permission: "gone"},
	}
	return &cfg
}

// desk is a guard whose configuration and log a test can touch.
type desk struct {
	*toll.Guard
	cfg atomic.Pointer[config.Config]
	log bytes.Buffer
	n   int
}

func newDesk(cfg *config.Config) *desk {
	d := &desk{}
	d.cfg.Store(cfg)
	d.Guard = toll.New(toll.Options{Config: d.cfg.Load, Log: slog.New(slog.NewJSONHandler(&d.log, nil))})
	return d
}

// asks lets extension call number, in a call of its own.
func (d *desk) asks(extension, number string) (func(), error) {
	d.n++
	p, err := d.Permit(toll1(fmt.Sprint("call", d.n), extension, number))
	if err != nil {
		return nil, err
	}
	return p.Release, nil
}

func toll1(id, extension, number string) call.Toll {
	return call.Toll{
		CallID: id, Caller: extension, Extension: extension, From: extension,
		Outside: dialplan.Outside{Number: number, Via: []string{"line"}},
	}
}

// lines are what was logged.
func (d *desk) lines(t *testing.T) (out []map[string]any) {
	t.Helper()
	for line := range strings.Lines(d.log.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		out = append(out, m)
	}
	return out
}

func TestPermissions(t *testing.T) {
	tests := []struct {
		extension, number string
		refused           string // a part of the reason, "" is permitted
	}{
		{"101", "030123456", ""},
		{"101", "+49 30 123456", ""},
		{"101", "0049 30 123456", ""},
		{"101", "0170 1234567", ""},
		{"101", "0800 1234567", ""},
		{"101", "112", ""},
		{"101", "0900 5 123456", "number of the kind premium, which permission default does not allow"},
		{"101", "+43 1 5880", "number of the kind international, which permission default does not allow"},
		{"101", "0043 1 58800", "kind international"},
		{"101", "+881 6 12345678", "kind premium"}, // satellites
		{"101", "123", "what cannot be read is not called: \"123\": not a number of the public network"},
		{"101", "", "what cannot be read"},
		{"101", "sip:030123456@example.net", "what cannot be read"},
		{"101", "+999123456789", "no country has this code"},
		{"102", "+43 1 58858", ""},
		{"102", "+1 212 555 0123", ""},
		{"102", "+33 1 42 68 53 00", "is a number of FR, and permission boss allows abroad only AT, CH, US"},
		{"102", "089 123456", "permission boss denies numbers that begin with +4989"},
		{"102", "+49 221 123456", "permission boss denies numbers that begin with 0221"},
		{"102", "0711 123456", "permission boss denies numbers that begin with 49711"},
		{"102", "+1 900 555 0123", "kind premium"},
		{"102", "+1 767 225 1234", "is a number of DM"}, // Dominica looks like North America
		{"103", "+33 1 42 68 53 00", ""},
		{"103", "0170 1234567", "kind mobile"},
		{"103", "+49 199 1", "counts as premium"},
		{"104", "0900 5 123456", ""},
		{"104", "+33 899 123456", ""},
		{"104", "+1 900 555 0123", "allows abroad only FR"},
		{"104", "+881 6 12345678", "is a number of no country"},
		{"105", "030123456", "permission none does not allow"},
		{"105", "110", ""},
		{"106", "030123456", "permission gone of extension 106 does not exist"},
		{"199", "030123456", "extension 199, which is to pay, does not exist"},
	}
	for _, tt := range tests {
		d := newDesk(office())
		release, err := d.asks(tt.extension, tt.number)
		if tt.refused == "" {
			if err != nil {
				t.Errorf("%s calls %q: refused: %v", tt.extension, tt.number, err)
				continue
			}
			release()
			continue
		}
		var e *dialplan.Ended
		if !errors.As(err, &e) || e.Cause != dialplan.CauseForbidden || !strings.Contains(e.Detail, tt.refused) {
			t.Errorf("%s calls %q: %v, want forbidden: %s", tt.extension, tt.number, err, tt.refused)
		}
		lines := d.lines(t)
		if len(lines) != 1 || lines[0]["level"] != "WARN" || lines[0]["extension"] != tt.extension || lines[0]["number"] != tt.number || lines[0]["reason"] != e.Detail {
			t.Errorf("%s calls %q: logged %v", tt.extension, tt.number, lines)
		}
	}
}

func TestNamedDefaultReplacesTheBuiltInOne(t *testing.T) {
	cfg := office()
	cfg.Permissions["default"] = config.Permission{Allow: []string{"toll-free"}}
	d := newDesk(cfg)
	if _, err := d.asks("101", "030123456"); err == nil {
		t.Error("the built-in permission is still in force")
	}
}

func TestReloadAppliesToTheNextCall(t *testing.T) {
	d := newDesk(office())
	release, err := d.asks("101", "030123456")
	if err != nil {
		t.Fatal(err)
	}
	next := office()
	next.Permissions["default"] = config.Permission{Allow: []string{"domestic"}, Calls: 1}
	d.cfg.Store(next)
	if _, err := d.asks("101", "030123456"); err == nil || !strings.Contains(err.Error(), "has 1 call outside, permission default allows no more") {
		t.Errorf("the second call: %v", err)
	}
	release()
	release() // once more frees nothing of others
	if _, err := d.asks("101", "030123456"); err != nil {
		t.Errorf("after the release: %v", err)
	}
	if _, err := d.asks("101", "030123456"); err == nil {
		t.Error("the place was given back twice")
	}
}

func TestStrangersReachNoTrunk(t *testing.T) {
	d := newDesk(office())
	for _, tt := range []struct {
		name string
		toll call.Toll
		ok   bool
	}{
		{"from outside", call.Toll{From: "+49170111", Outside: dialplan.Outside{Number: "030123456"}}, false},
		{"from outside, says it is an extension", call.Toll{From: "101", Outside: dialplan.Outside{Number: "030123456"}}, false},
		{"from outside, to a free number", call.Toll{From: "101", Outside: dialplan.Outside{Number: "08001234567"}}, false},
		{"from outside, to an emergency service", call.Toll{From: "101", Outside: dialplan.Outside{Number: "112", Emergency: true}}, false},
		{"from outside, on the account of an extension without the right", call.Toll{Extension: "105", Outside: dialplan.Outside{Number: "030123456", As: "105"}}, false},
		{"from outside, on the account of an extension for a dear number", call.Toll{Extension: "101", Outside: dialplan.Outside{Number: "+4390012345", As: "101"}}, false},
		{"from outside, on the account of an extension", call.Toll{Extension: "101", Outside: dialplan.Outside{Number: "030123456", As: "101"}}, true},
		{"an extension on the account of another without the right", call.Toll{Caller: "102", Extension: "105", Outside: dialplan.Outside{Number: "030123456", As: "105"}}, false},
	} {
		tt.toll.CallID = tt.name
		if _, err := d.Permit(tt.toll); (err == nil) != tt.ok {
			t.Errorf("%s: %v, want permitted %v", tt.name, err, tt.ok)
		}
	}
}

func TestEmergencyIsNeverRefused(t *testing.T) {
	cfg := office()
	cfg.Site.Country = ""
	d := newDesk(cfg)
	for range 200 {
		for _, extension := range []string{"101", "105", "106", "199"} {
			if _, err := d.Permit(call.Toll{Caller: extension, Extension: extension, Outside: dialplan.Outside{Number: "112", Emergency: true}}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestTrunkOfAnotherCountry: the same digits may be another number there.
func TestTrunkOfAnotherCountry(t *testing.T) {
	d := newDesk(office())
	ask := func(number string, via ...string) error {
		d.n++
		_, err := d.Permit(call.Toll{CallID: strconv.Itoa(d.n), Caller: "101", Extension: "101", Outside: dialplan.Outside{Number: number, Via: via}})
		return err
	}
	if err := ask("+4930123456", "line", "vienna"); err != nil {
		t.Errorf("a number with its country code: %v", err)
	}
	if err := ask("0512123456", "line"); err != nil {
		t.Errorf("a number at home: %v", err)
	}
	if err := ask("0512123456", "line", "vienna"); err == nil || !strings.Contains(err.Error(), "+43512123456 is a number of the kind international") {
		t.Errorf("the same digits in Austria: %v", err)
	}
}

func TestInternalTrunksCostNothing(t *testing.T) {
	d := newDesk(office())
	for _, tt := range []struct {
		extension, number string
		via               []string
		ok                bool
	}{
		{"101", "201", []string{"branch"}, true},
		{"105", "reception", []string{"branch"}, true},
		{"101", "201", []string{"branch", "line"}, false},
		{"101", "201", nil, false},
		{"", "201", []string{"branch"}, false},
		{"199", "201", []string{"branch"}, false},
	} {
		_, err := d.Permit(call.Toll{CallID: tt.number, Extension: tt.extension, Outside: dialplan.Outside{Number: tt.number, Via: tt.via}})
		if (err == nil) != tt.ok {
			t.Errorf("%q calls %s via %v: %v", tt.extension, tt.number, tt.via, err)
		}
	}
}

func TestSiteOfNoCountry(t *testing.T) {
	cfg := office()
	cfg.Site.Country = ""
	d := newDesk(cfg)
	for _, tt := range []struct{ extension, number, refused string }{
		{"103", "+4930123456", ""},
		{"103", "030123456", "site.country is not set"},
		{"101", "+4930123456", "kind international"},
		{"101", "+12125550123", "kind international"},
		{"101", "+18005550123", "kind international"},
		{"103", "+19005550123", "kind premium"},
	} {
		_, err := d.asks(tt.extension, tt.number)
		if tt.refused == "" && err != nil || tt.refused != "" && (err == nil || !strings.Contains(err.Error(), tt.refused)) {
			t.Errorf("%s calls %s: %v, want %q", tt.extension, tt.number, err, tt.refused)
		}
	}
}

func TestLimits(t *testing.T) {
	tests := []struct {
		name       string
		permission config.Permission
		number     string
		hold       bool // calls stay up
		want       int  // calls until the limit
		says       string
	}{
		{"built-in: at once", config.Permission{}, "030123456", true, 10, "extension 101 has 10 calls outside, permission default"},
		{"built-in: an hour", config.Permission{}, "030123456", false, 100, "extension 101 has started 100 calls within an hour outside"},
		{"at once", config.Permission{Allow: []string{"domestic"}, Calls: 3}, "030123456", true, 3, "has 3 calls outside"},
		{"an hour", config.Permission{Allow: []string{"domestic"}, PerHour: 4}, "030123456", false, 4, "has started 4 calls"},
		{"abroad, nothing said, at once", config.Permission{Allow: []string{"international"}}, "+4315880", true, 3, "has 3 calls to international numbers"},
		{"abroad, nothing said, an hour", config.Permission{Allow: []string{"international"}}, "+4315880", false, 30, "has started 30 calls within an hour to international"},
		{"dear, nothing said, at once", config.Permission{Allow: []string{"premium"}}, "09005123456", true, 1, "has 1 call to premium numbers"},
		{"dear, nothing said, an hour", config.Permission{Allow: []string{"premium"}}, "09005123456", false, 5, "has started 5 calls"},
		{"abroad, said", config.Permission{Allow: []string{"international"}, Limits: map[string]config.TollLimit{"international": {Calls: 7}}}, "+4315880", true, 7, "has 7 calls to international"},
		{"the whole before the kind", config.Permission{Allow: []string{"international"}, Calls: 2}, "+4315880", true, 2, "has 2 calls outside"},
	}
	for _, tt := range tests {
		cfg := office()
		if tt.permission.Allow != nil {
			cfg.Permissions["default"] = tt.permission
		}
		d := newDesk(cfg)
		n := 0
		var err error
		for ; n <= tt.want; n++ {
			var release func()
			if release, err = d.asks("101", tt.number); err != nil {
				break
			}
			if !tt.hold {
				release()
			}
		}
		if n != tt.want || err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %d calls, then %v; want %d, then %q", tt.name, n, err, tt.want, tt.says)
		}
	}
}

func TestUnlimitedKind(t *testing.T) {
	cfg := office()
	cfg.Permissions["default"] = config.Permission{Allow: []string{"international"}, Limits: map[string]config.TollLimit{"international": {}}}
	d := newDesk(cfg)
	for range 200 {
		if _, err := d.asks("101", "+4315880"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestKindsAndExtensionsCountApart(t *testing.T) {
	cfg := office()
	cfg.Permissions["default"] = config.Permission{Allow: []string{"domestic", "international"}, Limits: map[string]config.TollLimit{"international": {Calls: 1}}}
	cfg.Extensions["107"] = config.Extension{}
	d := newDesk(cfg)
	for _, tt := range []struct {
		extension, number string
		ok                bool
	}{
		{"101", "+4315880", true},
		{"101", "+4315880", false},
		{"101", "030123456", true},
		{"107", "+4315880", true},
		{"107", "+4315880", false},
	} {
		if _, err := d.asks(tt.extension, tt.number); (err == nil) != tt.ok {
			t.Errorf("%s calls %s: %v", tt.extension, tt.number, err)
		}
	}
}

func TestAnHourGoesBy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := office()
		cfg.Permissions["default"] = config.Permission{Allow: []string{"domestic"}, PerHour: 2}
		d := newDesk(cfg)
		ask := func(ok bool) {
			t.Helper()
			release, err := d.asks("101", "030123456")
			if (err == nil) != ok {
				t.Errorf("permitted: %v, want %v", err, ok)
			}
			if err == nil {
				release()
			}
		}
		ask(true)
		time.Sleep(30 * time.Minute)
		ask(true)
		ask(false)
		time.Sleep(29 * time.Minute)
		ask(false)
		time.Sleep(2 * time.Minute)
		ask(true)
		ask(false)
		time.Sleep(24 * time.Hour)
		ask(true)
		ask(true)
		ask(false)
	})
}

func TestAlertsComeEveryTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := office()
		cfg.Permissions["default"] = config.Permission{Allow: []string{"domestic"}, Calls: 1}
		cfg.Extensions["107"] = config.Extension{}
		d := newDesk(cfg)
		alerts := func() (n int) {
			for _, line := range d.lines(t) {
				if line["event"] == toll.EventLimit {
					n++
				}
			}
			return n
		}
		for range 5 {
			_, _ = d.asks("101", "030123456")
		}
		if lines := d.lines(t); len(lines) != 4 || alerts() != 1 || lines[0]["event"] != toll.EventLimit {
			t.Errorf("after four refusals: %v", lines)
		}
		_, _ = d.asks("107", "030123456")
		_, _ = d.asks("107", "030123456")
		if alerts() != 2 {
			t.Errorf("another extension: %d alerts, want 2", alerts())
		}
		_, _ = d.asks("101", "+4315880") // no limit, only forbidden
		time.Sleep(10 * time.Minute)
		_, _ = d.asks("101", "+4315880")
		if alerts() != 2 {
			t.Errorf("a number that is not allowed raised an alert")
		}
		_, _ = d.asks("101", "030123456")
		if alerts() != 3 {
			t.Errorf("ten minutes later: %d alerts, want 3", alerts())
		}
	})
}

func TestRefusalIsLoggedOncePerCall(t *testing.T) {
	d := newDesk(office())
	for range 5 {
		for _, number := range []string{"+4315880", "+43158801"} {
			if _, err := d.Permit(toll1("one", "101", number)); err == nil {
				t.Fatal("permitted")
			}
		}
	}
	if got := d.lines(t); len(got) != 1 {
		t.Errorf("%d lines, want 1: %v", len(got), got)
	}
	if _, err := d.Permit(toll1("two", "101", "+4315880")); err == nil || len(d.lines(t)) != 2 {
		t.Errorf("another call: %v, %d lines", err, len(d.lines(t)))
	}
}

func TestAHundredAtOnceDoNotExceedTheLimit(t *testing.T) {
	cfg := office()
	cfg.Permissions["default"] = config.Permission{Allow: []string{"domestic", "international"}, Calls: 7}
	d := newDesk(cfg)
	var up, most, permitted atomic.Int64
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			for i := range 20 {
				permit, err := d.Permit(toll1("same", "101", "030123456"))
				if err != nil {
					continue
				}
				n := up.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				permitted.Add(1)
				up.Add(-1)
				permit.Release()
				if i%5 == 0 {
					permit.Release()
				}
			}
		})
	}
	wg.Wait()
	if most.Load() > 7 || permitted.Load() == 0 {
		t.Errorf("%d were up at once, %d permitted; the limit is 7", most.Load(), permitted.Load())
	}
	held := 0
	for range 100 {
		if _, err := d.Permit(toll1("held", "101", "030123456")); err == nil {
			held++
		}
	}
	if held != 7 {
		t.Errorf("%d calls are held afterwards, want 7: a place was lost or gained", held)
	}
}

// What is judged beforehand is what the guard does, limits aside.
func TestJudgeIsTheGuardWithoutLimits(t *testing.T) {
	cfg := office()
	for _, caller := range []string{"", "101", "105", "106", "199"} {
		for _, o := range []dialplan.Outside{
			{Number: "030123456"},
			{Number: "030123456", As: "101"},
			{Number: "+4390012345", As: "103"},
			{Number: "201", Via: []string{"branch"}},
			{Number: "112", Emergency: true},
			{Number: "0512123456", Via: []string{"line", "vienna"}},
			{Number: "what"},
		} {
			payer := o.As
			if payer == "" {
				payer = caller
			}
			_, permit := newDesk(cfg).Permit(call.Toll{Caller: caller, Extension: payer, Outside: o})
			judged := toll.Judge(cfg, caller, o)
			if (permit == nil) != (judged == nil) || permit != nil && permit.Error() != judged.Error() {
				t.Errorf("%q calls %+v: judged %v, the guard says %v", caller, o, judged, permit)
			}
		}
	}
}
