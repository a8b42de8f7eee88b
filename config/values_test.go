package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

func TestDurations(t *testing.T) {
	for _, row := range []struct {
		text string
		want time.Duration
		form string
	}{
		{"0", 0, "0"},
		{"0s", 0, "0"},
		{"30s", 30 * time.Second, "30s"},
		{"1.5h", 90 * time.Minute, "1h30m"},
		{"1h30m", 90 * time.Minute, "1h30m"},
		{"90m", 90 * time.Minute, "1h30m"},
		{"1d", 24 * time.Hour, "1d"},
		{"1d12h", 36 * time.Hour, "1d12h"},
		{" 250ms ", 250 * time.Millisecond, "250ms"},
		{"106751d", 106751 * 24 * time.Hour, "106751d"},
	} {
		got, err := ParseDuration(row.text)
		if err != nil || got.D() != row.want || got.String() != row.form {
			t.Errorf("%q: got %v (%s), %v", row.text, got.D(), got, err)
		}
	}
	for _, text := range []string{"", "30", "1.5", "-1s", "s", "1x", "1 h", "1h 30m", "..5s", "1H", "106752d", "106751d24h", "1e3s", "0x1s", "∞s"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
	for _, d := range []Duration{-1 << 63, -90 * Duration(time.Second)} {
		if s := d.String(); !strings.HasPrefix(s, "-") {
			t.Errorf("%d prints as %s", int64(d), s)
		}
	}
}

func TestDurationsInJSONAndYAML(t *testing.T) {
	d := struct{ D Duration }{Duration(90 * time.Minute)}
	j, err := json.Marshal(d)
	if err != nil || string(j) != `{"D":"1h30m"}` {
		t.Errorf("JSON: %s, %v", j, err)
	}
	y, err := yaml.Marshal(d)
	if err != nil || string(y) != "d: 1h30m\n" {
		t.Errorf("YAML: %s, %v", y, err)
	}
	back := d
	back.D = 0
	if err := json.Unmarshal(j, &back); err != nil || back != d {
		t.Errorf("back: %v, %v", back, err)
	}
}

func TestSecretsNeverPrint(t *testing.T) {
	s := Extension{Password: "hunter2"}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "a", s.Password, "b", s)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "a", s.Password, "b", s)
	out := []string{log.String(), s.Password.String(), s.Password.GoString()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%10.3s"} {
		out = append(out, fmt.Sprintf(verb, s.Password), fmt.Sprintf(verb, s), fmt.Sprintf(verb, &s))
	}
	j, err := json.Marshal(map[string]Extension{"100": s})
	out = append(out, string(j))
	y, yamlErr := yaml.Marshal(map[string]Extension{"100": s})
	out = append(out, string(y))
	if err != nil || yamlErr != nil {
		t.Fatal(err, yamlErr)
	}
	for _, o := range out {
		if strings.Contains(o, "hunter2") || strings.Contains(o, fmt.Sprintf("%x", "hunter2")) || !strings.Contains(o, "***") {
			t.Errorf("shows %s", o)
		}
	}
	if s.Password.Reveal() != "hunter2" {
		t.Error("Reveal does not reveal")
	}
}

func TestTypedValues(t *testing.T) {
	sip := SIP{
		LocalNetworks: []string{"10.0.0.0/8", "192.0.2.7", "::ffff:10.1.0.0/112", "fd00::/8", "nonsense"},
		External:      "::ffff:203.0.113.7",
		UDP:           []string{":5060", "nonsense"},
		TCP:           []string{"192.0.2.1:5060"},
		TLS:           []string{"[::]:5061"},
	}
	first, last := Media{Ports: "16384-32767"}.PortRange()
	m := Media{Codecs: []string{"PCMA", "opus"}}
	names := func(e Extension) string { return fmt.Sprint(m.FormatsFor(e)) }
	for _, row := range []struct {
		what      string
		got, want any
	}{
		{"networks", sip.LocalPrefixes(), []netip.Prefix{
			netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.7/32"),
			netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/8"),
		}},
		{"external", sip.ExternalAddr(), netip.MustParseAddr("203.0.113.7")},
		{"no external", SIP{}.ExternalAddr().IsValid(), false},
		{"listeners", sip.Listeners(), []Listener{
			{"udp", "udp", ":5060"}, {"tcp", "tcp4", "192.0.2.1:5060"}, {"tls", "tcp6", "[::]:5061"},
		}},
		{"ports", [2]uint16{first, last}, [2]uint16{16384, 32767}},
		{"formats", names(Extension{}), "[PCMA/8000 OPUS/48000/2]"},
		{"formats of an extension", names(Extension{Codecs: []string{"PCMU"}}), "[PCMU/8000]"},
		{"level", Log{Level: "warn"}.Slog(), slog.LevelWarn},
		{"calls", Extension{}.CallLimit(), 10},
	} {
		if !reflect.DeepEqual(row.got, row.want) {
			t.Errorf("%s: got %v, want %v", row.what, row.got, row.want)
		}
	}
}

func TestOverlappingListeners(t *testing.T) {
	for _, row := range []struct {
		a, b string
		want bool
	}{
		{":5060", ":5060", true},
		{":5060", ":5061", false},
		{":5060", "[::1]:5060", true},
		{"0.0.0.0:5060", "[::]:5060", false},
		{"0.0.0.0:5060", "127.0.0.1:5060", true},
		{"127.0.0.2:5060", "127.0.0.1:5060", false},
		{"127.0.0.1:0", "127.0.0.1:0", false},
	} {
		a, errA := parseListen(row.a)
		b, errB := parseListen(row.b)
		if errA != nil || errB != nil || a.overlaps(b) != row.want || b.overlaps(a) != row.want {
			t.Errorf("%s and %s: want %v; %v %v", row.a, row.b, row.want, errA, errB)
		}
	}
}

func TestDiff(t *testing.T) {
	a, b := Default(), Default()
	a.Extensions = map[string]Extension{"100": {Password: "old"}, "101": {Password: "gone"}}
	b.Extensions = map[string]Extension{"100": {Password: "new", DND: true}, "a.b": {Password: "x", Name: "Bob, desk"}}
	b.SIP.UDP = []string{":5070"}
	b.SIP.Domain = ""
	b.Media.Timeout = 0
	b.SIP.Deny = []string{} // the same as none
	want := []Change{
		{"sip.domain", "dialtone", `""`, false, nil},
		{"sip.udp", `[":5060"]`, `[":5070"]`, true, nil},
		{"media.timeout", "1m", "0", false, nil},
		{"extensions.100.password", "***", "***", false, nil},
		{"extensions.100.dnd", "false", "true", false, nil},
		{"extensions.101", "{password: ***}", "", false, nil},
		{`extensions."a.b"`, "", `{password: ***, name: "Bob, desk"}`, false, nil},
	}
	if got := Diff(&a, &b); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if got := Diff(&a, &a); len(got) > 0 {
		t.Errorf("differs from itself: %v", got)
	}
}
