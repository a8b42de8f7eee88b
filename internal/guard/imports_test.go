package guard

import (
	"go/ast"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// may says which of our packages a room may import. A name that ends in "/..."
// stands for everything below it.
var may = map[string][]string{
	"cmd/dialtone": {"pbx", "pbx/api", "pbx/doctor", "pbx/settings", "pbx/toll", "plantest", "config", "dialplan", "prompts", "asterisk"},
	"pbx": {
		"pbx/...", "web", "config", "dialplan", "media", "media/...", "storage", "storage/bolt", "storage/memory",
	},
	"plantest":       {"pbx/call", "pbx/voicemail", "pbx/recording", "pbx/conference", "pbx/numbering", "pbx/settings", "pbx/toll", "config", "dialplan", "media", "media/codec", "storage"},
	"pbx/web":        {"pbx/call", "pbx/files", "pbx/messages", "pbx/personal", "pbx/registrar", "pbx/sipedge", "pbx/voicemail", "config", "dialplan", "storage"},
	"web":            {},
	"pbx/api":        {"pbx/call", "pbx/registrar", "config", "storage"},
	"pbx/sipua":      {"pbx/call", "pbx/numbering", "pbx/sipedge", "pbx/sipauth", "pbx/siptrunk", "pbx/registrar", "config", "dialplan", "media", "media/codec", "media/rtp", "media/sdp", "media/webrtc", "storage"},
	"pbx/sipreg":     {"pbx/sipedge", "pbx/sipauth", "pbx/registrar", "config", "storage"},
	"pbx/siptrunk":   {"pbx/sipedge", "config", "dialplan/number"},
	"pbx/toll":       {"pbx/call", "config", "dialplan", "dialplan/number", "storage"},
	"pbx/numbering":  {"config", "dialplan", "dialplan/number"},
	"pbx/conference": {"dialplan", "media", "media/mixer", "media/tone", "prompts/say"},
	"pbx/settings":   {"pbx/call", "config", "dialplan", "storage"},
	"pbx/lists":      {"config", "dialplan", "dialplan/number", "storage"},
	"pbx/notify":     {"config", "dialplan"},
	"pbx/speech":     {"config", "media", "media/audio"},
	"pbx/sipevents":  {"pbx/call", "pbx/sipedge", "pbx/sipauth", "pbx/registrar", "config", "storage"},
	"pbx/messages":   {"pbx/registrar", "config", "dialplan", "storage"},
	"pbx/sipmessage": {"pbx/messages", "pbx/sipedge", "pbx/sipauth", "pbx/siptrunk", "pbx/registrar", "config", "storage"},
	"pbx/recording":  {"pbx/disk", "config", "media", "media/audio", "media/record", "media/resample", "media/sealed", "storage"},
	"pbx/disk":       {},
	"pbx/processor":  {},
	"pbx/clamd":      {},
	"pbx/files":      {"pbx/clamd", "pbx/disk", "config"},
	"pbx/personal":   {},
	"pbx/doctor":     {"pbx/api", "pbx/disk", "pbx/processor", "config"},
	"pbx/voicemail":  {"pbx/disk", "config", "dialplan", "media/audio", "media/record", "prompts/say", "storage"},
	"pbx/sipauth":    {"config"},
	"pbx/sipedge":    {"config"},
	"pbx/registrar":  {"config", "storage"},
	"pbx/call":       {"pbx/conference", "pbx/recording", "pbx/voicemail", "dialplan", "media", "media/codec", "media/audio", "media/record", "media/tone", "prompts", "storage", "config"},
	"config":         {"dialplan", "media/audio", "media/codec", "media/sealed", "prompts"},
	"config/docgen":  {"config", "dialplan"},
	"dialplan":       {"prompts/say", "dialplan/pattern", "dialplan/schedule", "dialplan/number", "dialplan/script"},

	"dialplan/pattern":  {},
	"dialplan/schedule": {},
	"dialplan/number":   {},
	"dialplan/script":   {},
	"asterisk":          {"dialplan/pattern"},

	"prompts":     {},
	"prompts/say": {},

	"media":        {"media/codec", "media/tone"},
	"media/tone":   {},
	"media/rtp":    {"media", "media/codec"},
	"media/sdp":    {"media", "media/codec"},
	"media/webrtc": {"media/rtp"},
	"media/turn":   {},
	"media/codec":  {"media/resample"},
	"media/audio":  {"media/codec", "media/resample"},
	"media/music":  {"media", "media/audio", "media/codec", "media/resample"},

	"media/resample": {},
	"media/jitter":   {"media/codec"},
	"media/record":   {"media", "media/codec", "media/jitter"},
	"media/sealed":   {},
	"media/mixer":    {"media", "media/codec", "media/jitter", "media/resample"},

	"storage":             {},
	"storage/bolt":        {"storage"},
	"storage/memory":      {"storage"},
	"storage/storagetest": {"storage"},

	"internal/testphone":   {},
	"internal/testbrowser": {},
	"internal/testwav":     {},
	"internal/testclamd":   {},
	"internal/testbaresip": {"internal/callscript", "internal/testphone"},
	"internal/crashtest":   {},
	"internal/browser":     {},
	"internal/callscript":  {"internal/testphone", "internal/testwav"},
	"internal/corpus":      {"pbx", "plantest", "config", "dialplan", "storage", "media/audio", "media/tone", "prompts", "internal/testphone", "internal/testwav"},
	"internal/promptgen":   {"prompts", "media/codec"},
	"internal/guard":       {},
	"internal/peers":       {},
}

// mayInTests is what the tests of a room may import besides.
var mayInTests = map[string][]string{
	"media/webrtc":     {"media", "media/codec", "media/sdp", "internal/browser"},
	"media/tone":       {"media/codec"},
	"media/record":     {"media/audio", "media/sealed"},
	"pbx/conference":   {"media/codec"},
	"dialplan":         {"config"},
	"prompts":          {"media/audio"},
	"prompts/say":      {"prompts"},
	"pbx/sipevents":    {"pbx/sipreg"},
	"pbx/recording":    {"media/codec", "storage/bolt"},
	"pbx/doctor":       {"pbx"},
	"pbx/web":          {"pbx/sipauth"},
	"pbx/sipmessage":   {"pbx/sipreg", "dialplan"},
	"pbx/messages":     {"storage/bolt"},
	"pbx/voicemail":    {"storage/bolt", "pbx/notify", "pbx/speech"},
	"internal/peers":   {"internal/callscript", "internal/testphone", "internal/testbaresip"},
	"internal/browser": {"internal/callscript", "internal/testphone", "internal/testbaresip", "web"},
	"storage":          {"storage/storagetest", "storage/bolt"},
	"storage/bolt":     {"storage/storagetest"},
	"storage/memory":   {"storage/storagetest"},
}

// testHelpers are what the tests of any room may import.
var testHelpers = []string{"internal/testphone", "internal/testbrowser", "internal/testwav", "internal/testclamd", "internal/crashtest", "storage/memory"}

// anything are the rooms that measure the whole house and may import all of it.
var anything = []string{"internal/bench", "internal/bench/..."}

// door says in which rooms a third party's packages may be imported: by the
// longest prefix of the import path. One door each, so that a change of library
// changes one room.
var door = []struct {
	prefix string
	rooms  []string
	tests  []string // rooms whose tests may import it besides; "..." is all
	why    string
}{
	{"github.com/emiago/sipgo", []string{"pbx/sip*", "internal/testphone"}, nil, "SIP is known at its edge only"},
	{"github.com/coder/websocket", []string{"pbx/web", "pbx/doctor", "internal/bench/load", "internal/browser"}, []string{"pbx"}, "WebSockets are accepted in one place, and tried from another; Firefox is driven by one"},
	{"golang.org/x/crypto/argon2", []string{"pbx/web"}, nil, "passwords of people are checked in one place"},
	{"github.com/icholy/digest", []string{"internal/testphone", "pbx/siptrunk"}, []string{"pbx/sip*"}, "the server checks digests itself; the phone that tests it must not use the same code"},
	{"golang.org/x/crypto/acme", []string{"pbx/web"}, nil, "certificates of browsers are shown in one place"},
	{"github.com/letsencrypt/pebble/v2", nil, []string{"pbx/web"}, "the authority of a test"},
	{"github.com/miekg/dns", []string{"pbx/siptrunk"}, []string{"pbx/web"}, "name servers are asked in one place"},
	{"github.com/pion/srtp/v3", []string{"media/rtp", "internal/testphone", "internal/testbrowser"}, []string{"media/webrtc"}, "SRTP belongs to the wire"},
	{"github.com/pion/rtp", []string{"media/rtp", "internal/testbrowser"}, []string{"media/webrtc"}, "RTP belongs to the wire"},
	{"github.com/pion/rtcp", []string{"media/rtp"}, nil, "RTCP belongs to the wire"},
	{"github.com/pion/dtls/v3", []string{"media/webrtc", "internal/testbrowser"}, nil, "DTLS is for browsers"},
	{"github.com/pion/ice/v4", []string{"internal/testbrowser"}, nil, "a full agent that tests ours, which only answers"},
	{"github.com/pion/turn/v5", []string{"media/turn"}, nil, "the relay for browsers is in one place"},
	{"github.com/pion/transport/v4", []string{"media/webrtc", "internal/testbrowser"}, nil, "what DTLS reads from"},
	{"github.com/pion/logging", []string{"media/webrtc", "media/turn", "internal/testbrowser"}, nil, "what libraries would write to standard output"},
	{"go.etcd.io/bbolt", []string{"storage/bolt"}, nil, "one storage backend, one room"},
	{"go.yaml.in/yaml/v3", []string{"config", "config/docgen", "cmd/dialtone"}, nil, "the configuration is read in one place"},
	{"github.com/expr-lang/expr", []string{"dialplan"}, nil, "conditions of routes are compiled in one place"},
	{"github.com/emersion/go-ical", []string{"dialplan/schedule"}, nil, "calendar files are read in one place"},
	{"github.com/teambition/rrule-go", []string{"dialplan/schedule"}, nil, "calendar files are read in one place"},
	{"github.com/nyaruka/phonenumbers", []string{"dialplan/number"}, nil, "numbering plans of the world"},
	{"go.starlark.net", []string{"dialplan/script"}, nil, "scripts are bounded in one place"},
	{"github.com/wneessen/go-mail", []string{"pbx/notify"}, nil, "mail is sent from one place"},
	{"filippo.io/age", []string{"media/sealed", "internal/callscript"}, []string{"media/record", "pbx/recording"}, "files are sealed in one place, and opened by who tests that"},
	{"github.com/fsnotify/fsnotify", []string{"config"}, nil, "the configuration is watched in one place"},
	{"github.com/santhosh-tekuri/jsonschema/v6", nil, []string{"config", "config/docgen", "cmd/dialtone"}, "the schema is checked, not used"},
	{"github.com/alecthomas/kong", []string{"cmd/dialtone"}, nil, "flags are the command's"},
	{"golang.org/x/sys", []string{"media/rtp", "media/webrtc", "pbx/sipedge", "internal/bench/..."}, nil, "system calls stay at the sockets"},
	{"golang.org/x/tools/txtar", []string{"internal/callscript"}, []string{"..."}, "an archive format of tests"},
	{"go.uber.org/goleak", nil, []string{"..."}, "a check of tests"},
	{"github.com/gotranspile/g722", []string{"internal/testphone"}, nil, "the phone that tests a codec must not use the same code"},
	{"github.com/thesyncim/gopus", []string{"media/codec", "internal/testphone"}, nil, "codecs are known in one place, and to the phone that tests them"},
	{"github.com/hraban/opus", []string{"media/codec"}, nil, "codecs are known in one place; needs the build tag opus_c"},
	{"github.com/emersion/go-smtp", nil, []string{"pbx/voicemail", "internal/peers"}, "the mail server of a test"},
	{"github.com/hajimehoshi/go-mp3", []string{"media/audio"}, nil, "files of audio are read in one place"},
	{"github.com/jfreymuth/vorbis", []string{"media/audio"}, nil, "files of audio are read in one place"},
	{"github.com/mewkiz/flac", []string{"media/audio"}, nil, "files of audio are read in one place"},
	{"github.com/zaf/g711", nil, []string{"media/codec", "internal/testphone"}, "what our own tables are compared with"},
	{"github.com/google/go-cmp", nil, []string{"..."}, "a tool of tests"},
	{"pgregory.net/rapid", nil, []string{"..."}, "a tool of tests"},
}

func TestRoomsImportOnlyWhatTheyMay(t *testing.T) {
	for _, s := range house(t) {
		allowed, known := may[s.room]
		if contains(anything, s.room) {
			continue
		}
		if !known {
			t.Errorf("%s: room %q is not in the table of internal/guard/imports_test.go: add it there, with what it may import, and to ARCHITECTURE.md", s.path, s.room)
			continue
		}
		for _, spec := range s.file.Imports {
			path := importPath(spec)
			ours, is := strings.CutPrefix(path, module+"/")
			if !is || ours == s.room {
				continue
			}
			rooms := allowed
			if s.test {
				rooms = slices.Concat(allowed, mayInTests[s.room], testHelpers)
			}
			if !contains(rooms, ours) {
				t.Errorf("%s: %s may not import %s: it may import %s. Declare an interface where it is needed and let the room above pass it in, or change the table of internal/guard/imports_test.go and ARCHITECTURE.md together", at(spec), s.room, ours, list(rooms))
			}
		}
	}
}

func TestThirdPartiesHaveOneDoor(t *testing.T) {
	for _, s := range house(t) {
		for _, spec := range s.file.Imports {
			path := importPath(spec)
			if !strings.Contains(strings.Split(path, "/")[0], ".") {
				continue // the standard library, or ours
			}
			best := -1
			for i, d := range door {
				if (path == d.prefix || strings.HasPrefix(path, d.prefix+"/")) && (best < 0 || len(d.prefix) > len(door[best].prefix)) {
					best = i
				}
			}
			if best < 0 {
				t.Errorf("%s: %s has no door: name the rooms that may import it in the table of internal/guard/imports_test.go, and say why it is worth a dependency", at(spec), path)
				continue
			}
			rooms := door[best].rooms
			if s.test {
				rooms = slices.Concat(rooms, door[best].tests)
			}
			if !contains(rooms, s.room) {
				t.Errorf("%s: %s may not import %s, only %s may: %s", at(spec), s.room, path, list(rooms), door[best].why)
			}
		}
	}
}

// TestTheTableHasNoDeadRooms keeps the table from naming rooms that are gone.
func TestTheTableHasNoDeadRooms(t *testing.T) {
	alive := map[string]bool{}
	for _, s := range house(t) {
		alive[s.room] = true
	}
	for room := range may {
		if !alive[room] {
			t.Errorf("the table names room %q, which has no Go file", room)
		}
	}
}

// storeys is how high the house may be. The highest ways down are those of a call, of
// which every storey has its own reason: cmd/dialtone, pbx, pbx/sipua (dialogs), pbx/call,
// pbx/voicemail, config, media/audio (what may be played), media/codec, media/resample.
const storeys = 9

// TestTheHouseIsNotTooHigh follows the imports downwards.
func TestTheHouseIsNotTooHigh(t *testing.T) {
	imports := map[string][]string{}
	for _, s := range house(t) {
		for _, spec := range s.file.Imports {
			if ours, is := strings.CutPrefix(importPath(spec), module+"/"); is && !s.test {
				imports[s.room] = append(imports[s.room], ours)
			}
		}
	}
	var depth func(room string) int
	depth = func(room string) int {
		deepest := 0
		for _, below := range imports[room] {
			deepest = max(deepest, depth(below))
		}
		return deepest + 1
	}
	for room := range imports {
		if d := depth(room); d > storeys {
			t.Errorf("%s stands on %d storeys, at most %d are wanted", room, d, storeys)
		}
	}
}

func importPath(spec *ast.ImportSpec) string {
	path, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return spec.Path.Value
	}
	return path
}

// contains reports whether one of the patterns is room: "pbx/..." is all below
// pbx, "pbx/sip*" all that begins so, "..." all.
func contains(patterns []string, room string) bool {
	for _, p := range patterns {
		below, tree := strings.CutSuffix(p, "...")
		begins, star := strings.CutSuffix(p, "*")
		switch {
		case p == room, tree && strings.HasPrefix(room, below), star && strings.HasPrefix(room, begins):
			return true
		}
	}
	return false
}

func list(rooms []string) string {
	if len(rooms) == 0 {
		return "nothing"
	}
	return strings.Join(slices.Compact(slices.Sorted(slices.Values(rooms))), ", ")
}
