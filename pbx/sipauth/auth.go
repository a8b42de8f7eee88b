package sipauth

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"time"

	"dialtone/config"
)

// Options are what an Authenticator works with; all are needed.
type Options struct {
	Config func() *config.Config // the current one
	Log    *slog.Logger
}

// Authenticator checks digests. Its methods are safe for concurrent use; what it
// remembers is bounded.
type Authenticator struct {
	config   func() *config.Config
	log      *slog.Logger
	nonces   *nonces
	replays  *replays
	failures *failures
	dummy    string // password of those who do not exist
	issued   func(username string) (extension, password string, ok bool)
}

// New is an Authenticator that accepts no nonce of an earlier one.
func New(o Options) *Authenticator {
	now := time.Now()
	return &Authenticator{
		config: o.Config, log: o.Log,
		nonces: newNonces(), replays: newReplays(now), failures: newFailures(now),
		dummy: rand.Text()[:20],
	}
}

// Kind is what to do with a request.
type Kind uint8

// The kinds of verdict.
const (
	Challenge Kind = iota // answer 401 with Challenges
	OK                    // it comes from Extension
	Blocked               // do not answer at all
)

// Verdict is what Check has found.
type Verdict struct {
	Kind      Kind
	Extension string // that the sender has proved to be; only when OK
	Issued    bool   // by credentials that were given out for a while
	// Challenges are the values of the WWW-Authenticate headers, in this order.
	Challenges []string
	// Stale says that only the nonce was wrong: nobody is to be asked for a
	// password.
	Stale bool
	// Reason says why it is not OK, for the log; "" when the request had no
	// credentials for us, as every first one.
	Reason string
}

// Check verifies a request. headers are the values of its Authorization
// headers; source is the address that it came from. Whether an extension exists
// cannot be told from the verdict's kind, its challenges or the time it takes.
func (a *Authenticator) Check(method, uri string, headers []string, source netip.Addr) Verdict {
	cfg, now := a.config(), time.Now()
	c, reason := pick(headers, &cfg.SIP)
	if c == nil {
		return a.challenge(cfg, source, now, false, reason)
	}
	n, fresh := a.nonces.open(c.nonce, cfg.SIP.Domain, now)
	if !fresh {
		// Said before the password is looked at: with old nonces nothing can be
		// guessed, and nothing is counted.
		return a.challenge(cfg, source, now, true, "nonce is too old")
	}
	name := local(c.username, cfg.SIP.Domain)
	key := keyOf(n.tag, name) // however it is written
	if a.failures.blocked(key, now) {
		return Verdict{Kind: Blocked, Reason: fmt.Sprintf("too many wrong passwords for %.64q", c.username)}
	}
	extension, password, issued := a.account(cfg, name)
	if right := c.matches(method, password); !right || extension == "" {
		return a.wrong(cfg, c, key, extension, source, now)
	}
	if !sameTarget(c.uri, uri) {
		return a.challenge(cfg, source, now, false, fmt.Sprintf("the phone signed the URI %.128q, but requests another", c.uri))
	}
	count, err := c.count()
	if err != nil || c.qop == "" {
		count = once
	}
	if !a.replays.use(&n, count, now) {
		return a.challenge(cfg, source, now, true, "nonce and count were used before")
	}
	a.failures.forgive(key)
	return Verdict{Kind: OK, Extension: extension, Issued: issued}
}

// pick gives the first credentials that are for us and can be checked.
func pick(headers []string, sip *config.SIP) (c *credentials, reason string) {
	for _, h := range headers[:min(len(headers), maxHeaders)] {
		got, err := parseCredentials(h)
		switch {
		case err != nil:
			reason = "Authorization cannot be read: " + err.Error()
		case got.realm != sip.Domain:
			reason = fmt.Sprintf("credentials for the realm %.128q", got.realm)
		case algorithmOf(got.algorithm) == unknownAlgorithm, got.qop == "" && algorithmOf(got.algorithm) != algorithmMD5:
			reason = fmt.Sprintf("credentials with algorithm %.32q and qop %.32q", got.algorithm, got.qop)
		case sip.Digest == sha256Only && algorithmOf(got.algorithm) != algorithmSHA256:
			reason = fmt.Sprintf("credentials with algorithm %.32q, sip.digest asks for SHA-256", got.algorithm)
		default:
			return &got, ""
		}
	}
	return nil, reason
}

// local is a user name without our domain: some phones put their whole address there.
func local(username, domain string) string {
	if user, host, whole := strings.Cut(username, "@"); whole && strings.EqualFold(host, domain) {
		return user
	}
	return username
}

// account is the extension that logs in under that name, and its password. Who
// does not exist or has no password gets one that nobody knows.
func (a *Authenticator) account(cfg *config.Config, name string) (extension, password string, issued bool) {
	if a.issued != nil {
		if whose, password, ok := a.issued(name); ok {
			return whose, password, true
		}
	}
	if e, ok := cfg.Extensions[name]; ok && e.Password != "" {
		return name, e.Password.Reveal(), false
	}
	return "", a.dummy, false
}

// wrong is the verdict on a wrong password or user. A source with too many for all names
// together gets no answer to wrong ones any more, and names that do not exist are not
// remembered of it: it could have everything else forgotten. That ends a window after the
// last wrong one, so that no count from meanwhile shows afterwards which names exist.
func (a *Authenticator) wrong(cfg *config.Config, c *credentials, key failureKey, extension string, source netip.Addr, now time.Time) Verdict {
	all := failureKey{source: key.source, all: bySIP}
	held := a.failures.renew(all, now)
	if (!held || extension != "") && a.failures.add(key, cfg.SIP.MaxFailures, now) {
		a.log.Warn("too many wrong passwords, ignored for a while",
			slog.String("user", key.user), slog.String("source", source.String()), slog.Duration("for", failureWindow))
	}
	if !held && a.failures.add(all, cfg.SIP.MaxFailures*everybodyTimes, now) {
		a.log.Warn("too many wrong passwords for all extensions together, wrong ones are not answered for a while",
			slog.String("source", source.String()), slog.Duration("for", failureWindow))
	}
	reason := fmt.Sprintf("wrong password for extension %s", extension)
	if extension == "" {
		reason = fmt.Sprintf("no extension %.64q", c.username)
	}
	if held {
		return Verdict{Kind: Blocked, Reason: reason + ", and too many wrong passwords before"}
	}
	return a.challenge(cfg, source, now, false, reason)
}

// The values of sip.digest; any other means MD5.
const (
	sha256Only = "SHA-256"
	sha256Too  = "both"
)

// challenge asks for credentials, the better algorithm first (RFC 8760 §2.4).
func (a *Authenticator) challenge(cfg *config.Config, source netip.Addr, now time.Time, stale bool, reason string) Verdict {
	text := `Digest realm="` + quotable(cfg.SIP.Domain) + `", nonce="` + a.nonces.issue(cfg.SIP.Domain, source, now) + `", qop="auth"`
	if stale {
		text += ", stale=true"
	}
	v := Verdict{Kind: Challenge, Stale: stale, Reason: reason}
	if cfg.SIP.Digest == sha256Only || cfg.SIP.Digest == sha256Too {
		v.Challenges = append(v.Challenges, text+", algorithm=SHA-256")
	}
	if cfg.SIP.Digest != sha256Only {
		v.Challenges = append(v.Challenges, text+", algorithm=MD5")
	}
	return v
}

// quotable is s as it stands in a quoted string.
func quotable(s string) string {
	if !strings.ContainsAny(s, "\"\\\r\n\x00") {
		return s
	}
	return strings.NewReplacer(`"`, `\"`, `\`, `\\`, "\r", "", "\n", "", "\x00", "").Replace(s)
}
