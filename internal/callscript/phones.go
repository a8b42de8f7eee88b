package callscript

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"dialtone/internal/testphone"
)

// trait is a word behind "phone NAME NUMBER" that makes the phone differ.
type trait struct {
	form string // "dtmf=N": with a value
	doc  string
	set  func(o *testphone.Options, value string) error
}

var traits = []trait{
	{"udp", "registers over UDP, as phones do when nothing is said", func(*testphone.Options, string) error { return nil }},
	{"tcp", "over TCP", transport("tcp")},
	{"tls", "over TLS", transport("tls")},
	{"ipv6", "over UDP on IPv6", func(*testphone.Options, string) error { return nil }},
	{"unregistered", "does not register", func(*testphone.Options, string) error { return nil }},
	{"provider", "is no phone but a provider, at the address that $PROVIDER stands for in the configuration; it does not register", func(*testphone.Options, string) error { return nil }},
	{"provider2", "another one, at $PROVIDER2", func(*testphone.Options, string) error { return nil }},
	{"srtp", "encrypts its audio (SDES) and refuses plain audio", func(o *testphone.Options, _ string) error {
		o.SRTP = []string{"AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"}
		return nil
	}},
	{"srtp=SUITE", "the same with one crypto suite only", func(o *testphone.Options, v string) error {
		o.SRTP = strings.Split(v, ",")
		return nil
	}},
	{"codecs=NAMES", "has these codecs, best first: codecs=PCMA,PCMU", func(o *testphone.Options, v string) error {
		o.Codecs = strings.Split(v, ",")
		return nil
	}},
	{"dtmf=N", "wants digits in payload type N; dtmf=-1 wants none", number(func(o *testphone.Options) *int { return &o.DTMF })},
	{"ptime=N", "puts N ms of audio into a packet", number(func(o *testphone.Options) *int { return &o.Ptime })},
	{"loses=N", "loses N percent of the audio and digit packets that it sends", number(func(o *testphone.Options) *int { return &o.Loses })},
	{"timer=N", "asks for a session timer of N seconds", number(func(o *testphone.Options) *int { return &o.SessionExpires })},
	{"refresher=uac", "wants the caller (uac) or the callee (uas) to refresh the session", func(o *testphone.Options, v string) error {
		o.Refresher = v
		return nil
	}},
	{"password=TEXT", "logs in with this password", func(o *testphone.Options, v string) error {
		o.Password = v
		return nil
	}},
	{"digest=NAME", "answers only challenges of this algorithm: digest=MD5, digest=SHA-256", func(o *testphone.Options, v string) error {
		o.Algorithm = v
		return nil
	}},
	{"behind=IP", "sits behind NAT: its messages name this address", func(o *testphone.Options, v string) error {
		o.Behind = v
		return nil
	}},
	{"late-offer", "dials without SDP", flag(func(o *testphone.Options) *bool { return &o.LateOffer })},
	{"early-media", "rings by 183 with SDP", flag(func(o *testphone.Options) *bool { return &o.EarlyMedia })},
	{"100rel", "supports reliable provisional responses as a caller", flag(func(o *testphone.Options) *bool { return &o.Supports100rel })},
	{"reliable", "sends its provisional responses reliably, where the caller supports it", flag(func(o *testphone.Options) *bool { return &o.Reliable })},
	{"auto-answer", "answers as soon as a call arrives", flag(func(o *testphone.Options) *bool { return &o.AutoAnswer })},
	{"no-ack", "never acknowledges an answer", flag(func(o *testphone.Options) *bool { return &o.NoACK })},
	{"ignore-bye", "does not answer BYE", flag(func(o *testphone.Options) *bool { return &o.IgnoreBYE })},
	{"ignore-cancel", "goes on ringing after CANCEL", flag(func(o *testphone.Options) *bool { return &o.IgnoreCancel })},
}

func transport(name string) func(*testphone.Options, string) error {
	return func(o *testphone.Options, _ string) error {
		o.Transport = name
		return nil
	}
}

func flag(field func(*testphone.Options) *bool) func(*testphone.Options, string) error {
	return func(o *testphone.Options, _ string) error {
		*field(o) = true
		return nil
	}
}

func number(field func(*testphone.Options) *int) func(*testphone.Options, string) error {
	return func(o *testphone.Options, v string) error {
		n, err := strconv.Atoi(v)
		*field(o) = n
		return err
	}
}

// options reads the traits of a phone.
func options(words []string) (o testphone.Options, is map[string]bool, err error) {
	is = map[string]bool{}
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		t, ok := traitNamed(name, strings.Contains(w, "="))
		if !ok {
			var all []string
			for _, t := range traits {
				all = append(all, t.form)
			}
			return o, nil, fmt.Errorf("a phone cannot be %q; it can be %s", w, strings.Join(all, ", "))
		}
		if err := t.set(&o, value); err != nil {
			return o, nil, fmt.Errorf("%s: %w", w, err)
		}
		is[name] = true
	}
	return o, is, nil
}

func traitNamed(name string, valued bool) (trait, bool) {
	for _, t := range traits {
		known, _, wants := strings.Cut(t.form, "=")
		if known == name && wants == valued {
			return t, true
		}
	}
	return trait{}, false
}

// newPhone makes the phone of a "phone" line and registers it.
func newPhone(s *stage) {
	o, is, err := options(strings.Fields(s.args["TRAITS"]))
	if err != nil {
		s.Fatalf("%v", err)
	}
	o.Extension = s.args["NUMBER"]
	if o.Password == "" {
		o.Password = password(o.Extension)
	}
	p := s.run.server.ports
	host, at := "127.0.0.1", p.udp
	switch {
	case is["ipv6"]:
		host, at = "::1", p.udp6
	case is["tcp"]:
		at = p.tcp
	case is["tls"]:
		at = p.tls
	}
	switch {
	case is["provider"]:
		o.Port = p.provider
	case is["provider2"]:
		o.Port = p.provider2
	}
	o.Server, o.Domain = net.JoinHostPort(host, strconv.Itoa(at)), "dialtone"
	o.Patience = patience
	who := &party{name: s.args["NAME"]}
	s.run.mu.Lock()
	s.run.phones[who.name] = who
	s.run.order = append(s.run.order, who)
	s.run.mu.Unlock()
	who.phone = testphone.New(who, o)
	if !is["unregistered"] && o.Port == 0 {
		who.phone.Register(s.ctx)
	}
}
