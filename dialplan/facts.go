package dialplan

import "net/netip"

// Facts is what is known of a call when it arrives: all that a route can match
// on. Nothing in it is trusted beyond what its comment says.
type Facts struct {
	CallID        string // Dialtone's own id of the call
	To            string // the number dialled, unescaped user part of the Request-URI
	From          string // the caller's number: of an extension its own, never what the phone claims
	FromName      string // display name, cleaned of control characters
	Extension     string // the extension that proved its identity; "" for an outside caller
	Trunk         string // the trunk that the call came in on; "" for a call of an extension
	TransferredBy string // the extension that transferred the caller, on whose behalf it calls; else ""
	Language      string // that of announcements, "" when nobody says
	Context       string // where the call enters the plan; "" is phones for an extension, nowhere for others
	Anonymous     bool   // the caller asks not to be named
	Verified      bool   // the provider of Trunk vouches for From
	Source        netip.AddrPort
	Transport     string            // "udp", "tcp", "tls"
	Headers       map[string]string // those of site.headers, by the name that is written there
	UserAgent     string
	MaxForwards   int    // what is left of the incoming request's
	Forwards      int    // how often the call was forwarded before it came here, as the other side says
	SIPCallID     string // Call-ID of the incoming dialog, for the log
}

// Self is the extension that calls by itself, "" for all others: who is transferred calls
// at the cost of an extension, and is not that extension.
func (f *Facts) Self() string {
	if f.TransferredBy != "" {
		return ""
	}
	return f.Extension
}

// Guesser is who the caller is to Guesses. Who is transferred is told apart from the
// extension, which would be locked by what others enter.
func (f *Facts) Guesser() Guesser {
	switch {
	case f.Self() != "":
		return Guesser{Caller: "extension " + f.Extension}
	case f.TransferredBy != "":
		return Guesser{Caller: clip(f.From) + " transferred by " + f.TransferredBy}
	}
	return Guesser{Caller: clip(f.From) + " on " + f.Trunk, Trunk: f.Trunk}
}
