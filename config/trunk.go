package config

// Trunk is a line to the outside: a provider, or another exchange.
type Trunk struct {
	// Host is where calls go: a name, a name with a port, or an address. A name
	// without a port is looked up by NAPTR, SRV and address (RFC 3263); when one
	// of its servers does not answer, the next is taken.
	Host string `yaml:"host" format:"server"`
	// Transport is udp, tcp or tls. Without it, the name servers say, or it is udp.
	Transport string `yaml:"transport,omitempty" enum:"udp,tcp,tls"`
	// Proxy is a server that everything is sent through, written like host.
	Proxy string `yaml:"proxy,omitempty" format:"server"`
	// Username is the account at the provider: the user of From, unless caller_id
	// says otherwise, and of the registration.
	Username string `yaml:"username,omitempty"`
	// Login is the name that the password belongs to, when it is not username.
	Login string `yaml:"login,omitempty"`
	// Password proves that it is us, when the provider asks. Write ${NAME} to take
	// it from the environment, or file:PATH to take it from the first line of a
	// file.
	Password Secret `yaml:"password,omitempty"`
	// Register says that Dialtone registers at the provider, so that its calls
	// come here.
	Register bool `yaml:"register,omitempty"`
	// Expires is for how long it asks to be registered.
	Expires Duration `yaml:"expires,omitempty" min:"1m" max:"1d"`
	// Qualify is how often the provider is asked whether it is there (OPTIONS); 0
	// turns that off.
	Qualify Duration `yaml:"qualify,omitempty" off:"0" min:"5s" max:"1h"`
	// Networks are those from which its calls come, besides the addresses of host.
	Networks []string `yaml:"networks,omitempty" format:"network"`
	// Header are headers that its calls have besides, by name.
	Header map[string]string `yaml:"header,omitempty" key:"header"`
	// Internal says that it leads to another exchange of ours, or to a partner's that
	// costs nothing: no permission is asked, people there may be called by names, and
	// emergency numbers are not called over it unless site.emergency names it.
	Internal bool `yaml:"internal,omitempty"`
	// Context is where its calls enter the dialplan.
	Context string `yaml:"context,omitempty" format:"name"`
	// Country says how numbers of its calls are read that have no country code. The
	// default is site.country.
	Country string `yaml:"country,omitempty" format:"country"`
	// Dial says how the provider wants numbers to be written.
	Dial DialFormat `yaml:"dial,omitempty"`
	// CallerID says which number the callee sees.
	CallerID CallerID `yaml:"caller_id,omitempty"`
	// Codecs narrows and orders media.codecs for this trunk.
	Codecs []string `yaml:"codecs,omitempty" format:"codec"`
	// DTMF is how keys that are pressed are told by the provider, and to it: rfc4733,
	// info, inband or auto, as for extensions.
	DTMF string `yaml:"dtmf,omitempty" enum:"auto,rfc4733,info,inband"`
	// SRTP is the encryption of audio: off, optional or required. The default is
	// off, with transport tls that of media.srtp.
	SRTP string `yaml:"srtp,omitempty" enum:"off,optional,required"`
	// CA is a PEM file with the certificates that the provider's must be signed
	// by. The default is those of the machine.
	CA string `yaml:"ca,omitempty" path:"true" format:"file"`
	// Fingerprint is the SHA-256 of the provider's certificate, as hexadecimal
	// digits; then nobody need have signed it.
	Fingerprint string `yaml:"fingerprint,omitempty" format:"fingerprint"`
	// Channels is how many calls may be up on it at once; 0 is any number.
	Channels int `yaml:"channels,omitempty" min:"0" max:"100000"`
	// Weight shares calls among neighbours in a list of trunks: one with weight 3
	// gets three times as many as one with 1. Those without one are tried in the
	// order of the list.
	Weight int `yaml:"weight,omitempty" min:"0" max:"1000"`
	// EarlyMedia says what callers hear before the answer: pass, what the
	// provider sends, or ring, our own ringing.
	EarlyMedia string `yaml:"early_media,omitempty" enum:"pass,ring"`
	// Redirect says what a redirection (3xx) does: refuse ends the attempt, follow
	// calls the new number on the same trunk, if the caller may; that one counts for
	// the limits of the permission then, in place of the one that was dialled.
	Redirect string `yaml:"redirect,omitempty" enum:"refuse,follow"`
	// Consent is what is done before a call that comes over it is recorded, for numbers
	// that do not say: announce, ask or silent.
	Consent string `yaml:"consent,omitempty" enum:"announce,ask,silent"`
	// Patience is how long a server may leave an INVITE without any answer before
	// the next one is tried.
	Patience Duration `yaml:"patience,omitempty" min:"500ms" max:"32s"`
}

// DialFormat says how numbers are written in calls to a trunk.
type DialFormat struct {
	// Format is e164 (+4930123456), plain (4930123456), national (030123456;
	// numbers of other countries as international), international (004930123456)
	// or as-dialled.
	Format string `yaml:"format,omitempty" enum:"e164,plain,national,international,as-dialled"`
	// Strip takes so many characters off the beginning, after format.
	Strip int `yaml:"strip,omitempty" min:"0" max:"20"`
	// Prefix is put before it, after strip.
	Prefix string `yaml:"prefix,omitempty" format:"dialled"`
}

// CallerID says which number a callee outside sees, and how it is told.
type CallerID struct {
	// Number is shown for everybody for whom nothing else is said. What counts, the
	// first that is there: caller_id of the step dial, caller_id of the extension
	// that pays, by_country, number, username.
	Number string `yaml:"number,omitempty" format:"e164"`
	// ByCountry are other numbers for calls to certain countries, by two letters;
	// they go before number.
	ByCountry map[string]string `yaml:"by_country,omitempty" key:"country" format:"e164"`
	// Format is how the number is written, like dial.format.
	Format string `yaml:"format,omitempty" enum:"e164,plain,national,international"`
	// In is where it stands: from, pai (P-Asserted-Identity, with From as well),
	// ppi (P-Preferred-Identity) or rpid (Remote-Party-ID).
	In string `yaml:"in,omitempty" enum:"from,pai,ppi,rpid"`
	// Hidden is how a caller that hides the number is shown: anonymous (From and
	// Privacy, RFC 3323), or number, for providers that refuse anonymous calls.
	Hidden string `yaml:"hidden,omitempty" enum:"anonymous,number"`
	// Forwarded is what becomes of the caller's number when a call that came in from
	// outside goes out again. With none the callee sees a number of ours, as for
	// every other call. With diversion (RFC 5806) or history (RFC 7044) the callee
	// sees the caller, and a header of that name tells the provider which number of
	// ours was called; ask whether it allows that.
	Forwarded string `yaml:"forwarded,omitempty" enum:"none,diversion,history"`
}

// Number is a number of ours in the public network, and whom it reaches.
type Number struct {
	// To is the extension or group that it reaches.
	To string `yaml:"to" main:"true"`
	// Name is put before the caller's name, so that people know which of their
	// numbers was called; also where a route takes the call, unless its dial says
	// from_name.
	Name string `yaml:"name,omitempty"`
	// Language is spoken to who calls it, such as en or fr.
	Language string `yaml:"language,omitempty" format:"language"`
	// Record is always, to record the calls to it, or never, which no key and no step
	// changes.
	Record string `yaml:"record,omitempty" enum:"always,never"`
	// Consent is what is done before a call to it is recorded: announce plays
	// record/notice to all, ask lets the caller press 1 to agree or 2 not to be
	// recorded, silent does nothing, where the law allows that. The default is that of
	// the trunk, then recording.announce.
	Consent string `yaml:"consent,omitempty" enum:"announce,ask,silent"`
}

// Permission says what extensions may call outside.
type Permission struct {
	// Allow are the kinds of numbers: toll-free, domestic, mobile, service,
	// international and premium. Emergency numbers may always be called.
	Allow []string `yaml:"allow" format:"toll"`
	// Countries narrows international to these, as two letters.
	Countries []string `yaml:"countries,omitempty" format:"country"`
	// Deny are numbers that may not be called whatever else is allowed, by their
	// beginnings, such as +49180.
	Deny []string `yaml:"deny,omitempty" format:"beginning"`
	// Calls is how many calls one extension may have outside at once; 0 lifts the
	// limit.
	Calls int `yaml:"calls,omitempty" min:"0" max:"1000"`
	// PerHour is how many calls one extension may start within an hour; 0 lifts the
	// limit.
	PerHour int `yaml:"per_hour,omitempty" min:"0" max:"100000"`
	// Limits are further limits for kinds of numbers, such as international.
	Limits map[string]TollLimit `yaml:"limits,omitempty" key:"toll"`
}

// TollLimit bounds the calls of one extension to one kind of numbers.
type TollLimit struct {
	// Calls is how many may be up at once; 0 is any number.
	Calls int `yaml:"calls,omitempty" min:"0" max:"1000"`
	// PerHour is how many may start within an hour; 0 is any number.
	PerHour int `yaml:"per_hour,omitempty" min:"0" max:"100000"`
}
