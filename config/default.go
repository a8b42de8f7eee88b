package config

import (
	"reflect"
	"time"

	"dialtone/dialplan"
)

// Default is the configuration of a file that says nothing.
func Default() Config {
	return Config{
		Data: "dialtone-data",
		Log:  Log{Level: "info", Format: "text"},
		SIP: SIP{
			Domain:         "dialtone",
			UDP:            []string{":5060"},
			TCP:            []string{":5060"},
			TLS:            []string{":5061"},
			LocalNetworks:  []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "fc00::/7", "fe80::/10", "::1/128"},
			RatePerSource:  100,
			MaxFailures:    10,
			Digest:         "MD5",
			SessionExpires: Duration(30 * time.Minute),
		},
		Web: Web{
			Listen: []string{":8443"}, ACME: ACME{HTTP: ":80"}, ClamdDown: "refuse",
			Files: WebFiles{MaxSize: "25MB", Quota: "500MB", Keep: Duration(90 * 24 * time.Hour)},
			TURN:  TURN{Relay: true, UDP: true, Max: 10000, MaxPerUser: 200, Kbits: 8000},
		},
		Registrar: Registrar{
			MinExpires:     Duration(time.Minute),
			MaxExpires:     Duration(time.Hour),
			DefaultExpires: Duration(time.Hour),
			MaxContacts:    10,
			WhenFull:       "replace",
			Qualify:        Duration(time.Minute),
		},
		Media: Media{
			Ports:      "16384-32767",
			WebRTCPort: 8444,
			ICE:        "auto",
			Codecs:     []string{"OPUS", "G722", "PCMA", "PCMU", "G729", "GSM"},
			SRTP:       "optional",
			Video:      true,
			Timeout:    Duration(time.Minute),
		},
		Calls: Calls{
			Max:          1000,
			RingTimeout:  Duration(time.Minute),
			MaxDuration:  Duration(12 * time.Hour),
			DrainTimeout: Duration(5 * time.Minute),
			KeepRecords:  Duration(365 * 24 * time.Hour),
		},
		Speech:     Speech{TTS: TTS{Timeout: Duration(10 * time.Second), Concurrent: 4, Cache: 100}, STT: STT{Timeout: Duration(5 * time.Second), Concurrent: 4}},
		Music:      Music{Hold: DefaultMusic},
		Mail:       Mail{TLS: "starttls"},
		Lamps:      Lamps{Callers: true},
		Extensions: map[string]Extension{},
		Features:   Features{Echo: "600", Tone: "601", Music: "602", Voicemail: "*97", VoicemailAny: "*98", VoicemailLeave: "*99", VoicemailPickUp: "*96", Settings: dialplan.UsualSettingCodes(), Pickup: "*8"},
		Messages:   Messages{MaxSize: 4096, MaxWaiting: 200, MaxTotal: 20000, PerMinute: 60, Keep: Duration(7 * 24 * time.Hour), History: Duration(90 * 24 * time.Hour)},
		Parking:    Parking{Music: DefaultMusic, Timeout: Duration(2 * time.Minute), RingBack: Duration(30 * time.Second), Announce: true},
		Recording:  Recording{Key: "*1", PauseKey: "*2", Format: "wav", Announce: true, Keep: Duration(90 * 24 * time.Hour), MinFree: "500MB"},
		Voicemail: Voicemail{
			Delay: Duration(30 * time.Second), MaxLength: Duration(5 * time.Minute), Silence: Duration(10 * time.Second),
			Minimum: Duration(2 * time.Second), MaxMessages: 100, Transcript: Transcript{Timeout: Duration(2 * time.Minute)},
		},
	}
}

// DefaultTrunk is a trunk of which nothing is said.
func DefaultTrunk() Trunk {
	return Trunk{
		Expires:    Duration(10 * time.Minute),
		Qualify:    Duration(30 * time.Second),
		Context:    "outside",
		Dial:       DialFormat{Format: "e164"},
		CallerID:   CallerID{In: "from", Hidden: "anonymous", Forwarded: "none"},
		EarlyMedia: "pass",
		Redirect:   "refuse",
		Patience:   Duration(2 * time.Second),
	}
}

// DefaultPermission is a permission of which nothing is said but what it allows.
func DefaultPermission() Permission { return Permission{Calls: 10, PerHour: 100} }

// newEntry is an entry of a table before anything is read into it.
func newEntry(t reflect.Type) reflect.Value {
	entry := reflect.New(t).Elem()
	switch t {
	case reflect.TypeFor[Trunk]():
		entry.Set(reflect.ValueOf(DefaultTrunk()))
	case reflect.TypeFor[Permission]():
		entry.Set(reflect.ValueOf(DefaultPermission()))
	}
	return entry
}

// Entry is an entry of a table of which nothing is said.
func Entry(table reflect.Type) reflect.Value { return newEntry(table.Elem()) }
