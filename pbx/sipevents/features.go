package sipevents

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"

	"dialtone/storage"
)

const (
	featureEvent = "as-feature-event"
	featureType  = "application/x-as-feature-event+xml"
	mixedType    = "multipart/mixed"
	// csta is the name space without which some phones believe nothing.
	csta = "http://www.ecma-international.org/standards/ecma-323/csta/ed3"

	ring     = 5 * time.Second // phones count how often it rings
	maxRings = 60
)

// Settings are those that phones have keys for.
type Settings interface {
	Of(extension string) storage.Settings
	Set(extension, name, value string) (now string, err error)
}

// setting is one that a phone has a key for.
type setting struct{ name, forwarding string }

// keys are the settings in the order in which phones are told of them.
func keys() []setting {
	return []setting{{"dnd", ""}, {"forward", "forwardImmediate"}, {"forward-busy", "forwardBusy"}, {"forward-no-answer", "forwardNoAns"}}
}

// features is the package as-feature-event, in which phones set do not disturb and
// forwarding of their extension, and are told of it.
type features struct {
	*Service
	settings Settings
}

// Features adds the package; changed is to be called when an extension has set something.
func (s *Service) Features(settings Settings) (changed func(extension string)) {
	f := &features{s, settings}
	s.Add(Package{
		Event: featureEvent, ContentType: featureType,
		Find: func(subscriber, user string) (string, int) { // each has its own settings only
			if user != subscriber {
				return "", sip.StatusForbidden
			}
			return subscriber, 0
		},
		State: f.state, Read: f.read,
	})
	return func(extension string) {
		s.Changed(featureEvent, extension)
		s.Changed(presenceEvent, extension)
	}
}

// known is what a phone has been told: a document for each of keys, "" for nothing.
type known [4]string

func (f *features) state(extension string) (State, error) {
	own := f.settings.Of(extension)
	var k known
	k[0] = document("DoNotDisturbEvent", extension, fmt.Sprintf("<doNotDisturbOn>%t</doNotDisturbOn>", own.DND))
	for i, to := range []storage.Forward{own.Forward, own.Busy, own.NoAnswer} {
		b := fmt.Sprintf("<forwardingType>%s</forwardingType><forwardStatus>%t</forwardStatus>", keys()[i+1].forwarding, to.On)
		if to.To != "" {
			number := to.To
			if number == storage.ForwardVoicemail {
				number = cmp.Or(f.Config().Features.Voicemail, number)
			}
			b += "<forwardTo>" + text(number) + "</forwardTo>"
		}
		if i == 2 && to.After > 0 {
			b += fmt.Sprintf("<ringCount>%d</ringCount>", max(1, (to.After+ring/2)/ring))
		}
		k[i+1] = document("ForwardingEvent", extension, b)
	}
	return &k, nil
}

func document(root, extension, inside string) string {
	return fmt.Sprintf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<%s xmlns=\"%s\"><device>%s</device>%s</%s>\r\n", root, csta, text(extension), inside, root)
}

// Same implements State.
func (k *known) Same(other State) bool {
	o, ok := other.(*known)
	return ok && *k == *o
}

// Body implements State.
func (k *known) Body(before State, version uint32) []byte { return k.Say(before, version, true).Body }

// Say implements Speaker: what has changed, all at once when the phone understands that.
func (k *known) Say(before State, _ uint32, mixed bool) Saying {
	var knows known
	if was, ok := before.(*known); ok {
		knows = *was
	}
	var parts []bodyPart
	for i := range k {
		if k[i] != knows[i] && (mixed || len(parts) == 0) {
			knows[i] = k[i]
			parts = append(parts, bodyPart{kind: featureType, body: []byte(k[i])})
		}
	}
	switch len(parts) {
	case 0: // the phone asked, and knows all
		return Saying{Knows: k}
	case 1:
		return Saying{featureType, parts[0].body, &knows}
	}
	return Saying{fmt.Sprintf("%s;boundary=%q", mixedType, boundary), assemble(parts), &knows}
}

// Without implements Settable.
func (k *known) Without(kind string) State {
	less := *k
	if i := slices.IndexFunc(keys(), func(s setting) bool { return s.name == kind }); i >= 0 {
		less[i] = ""
	}
	return &less
}

// request is what a phone wants to set.
type request struct {
	XMLName    xml.Name
	DND        string `xml:"doNotDisturbOn"`
	Forwarding string `xml:"forwardingType"`
	Activate   string `xml:"activateForward"`
	To         string `xml:"forwardDN"`
	Rings      uint   `xml:"ringCount"`
}

var (
	errNotUnderstood = errors.New("it sets something else than do not disturb or forwarding")
	forwardTo        = regexp.MustCompile(`^[0-9A-Za-z+*#._-]{1,40}$`)
)

// read implements Package.Read.
func (f *features) read(contentType string, body []byte) (kind string, set func(string), err error) {
	if kind, _, err := mime.ParseMediaType(contentType); err != nil || kind != featureType {
		return "", nil, fmt.Errorf("its body is %q, not %s", contentType, featureType)
	}
	var r request
	d := xml.NewDecoder(bytes.NewReader(body))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // names and numbers are ASCII
	if err := d.Decode(&r); err != nil {
		return "", nil, err
	}
	name, value, err := r.wants()
	if err != nil {
		return "", nil, err
	}
	return name, func(extension string) {
		if _, err := f.settings.Set(extension, name, value); err != nil { // the phone is told how it is instead
			f.Log.Info("a phone could not set something", "extension", extension, "setting", name, "because", err)
		}
	}, nil
}

// wants gives the setting and its value as people would write it.
func (r *request) wants() (name, value string, err error) {
	var on string
	switch r.XMLName.Local {
	case "SetDoNotDisturb":
		name, on = "dnd", r.DND
	case "SetForwarding":
		i := slices.IndexFunc(keys(), func(s setting) bool { return s.forwarding != "" && s.forwarding == strings.TrimSpace(r.Forwarding) })
		if i < 0 {
			return "", "", errNotUnderstood
		}
		name, on = keys()[i].name, r.Activate
	default:
		return "", "", errNotUnderstood
	}
	switch strings.TrimSpace(on) {
	case "false", "0":
		return name, "off", nil
	case "true", "1":
	default:
		return "", "", errNotUnderstood
	}
	to := number(r.To)
	switch {
	case name == "dnd" || to == "":
		return name, "on", nil
	case !forwardTo.MatchString(to):
		return "", "", fmt.Errorf("%q is no number", r.To)
	case name == "forward-no-answer" && r.Rings > 0:
		to += " after " + (time.Duration(min(r.Rings, maxRings)) * ring).String()
	}
	return name, to, nil
}

// number is that of a URI, or what a user has written: the same without spaces.
func number(s string) string {
	s = strings.TrimSpace(s)
	for _, scheme := range []string{"sip:", "sips:", "tel:"} {
		if rest, is := strings.CutPrefix(s, scheme); is {
			s, _, _ = strings.Cut(rest, "@")
			s, _, _ = strings.Cut(s, ";")
			if plain, err := url.PathUnescape(s); err == nil {
				s = plain
			}
		}
	}
	return strings.ReplaceAll(s, " ", "")
}
