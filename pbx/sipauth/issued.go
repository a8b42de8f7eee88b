package sipauth

import (
	"log/slog"
	"net/netip"
	"time"
)

// everybodyTimes is how many times more wrong passwords an address may try for all
// extensions together than for one.
const everybodyTimes = 5

// Issue has credentials accepted besides those of the configuration: of gives the
// extension and the password of a user name that somebody was given for a while. Call it
// before requests are checked.
func (a *Authenticator) Issue(of func(username string) (extension, password string, ok bool)) {
	a.issued = of
}

// Wait says for how long no password of an extension is to be looked at that comes from
// source, since too many were wrong: 0 is not at all. Passwords that are checked elsewhere
// count together with those of Check for the extension; those for all extensions do not,
// since a few phones with old passwords must not stop people at the same address.
func (a *Authenticator) Wait(extension string, source netip.Addr) time.Duration {
	now, tag := time.Now(), a.nonces.tag(source)
	until := a.failures.until(keyOf(tag, extension))
	if all := a.failures.until(failureKey{source: tag, all: elsewhere}); all.After(until) {
		until = all
	}
	return max(0, until.Sub(now))
}

// Wrong counts a wrong password that was found elsewhere.
func (a *Authenticator) Wrong(extension string, source netip.Addr) {
	now, tag, limit := time.Now(), a.nonces.tag(source), a.config().SIP.MaxFailures
	one := a.failures.add(keyOf(tag, extension), limit, now)
	all := a.failures.add(failureKey{source: tag, all: elsewhere}, limit*everybodyTimes, now)
	if one || all {
		a.log.Warn("too many wrong passwords, ignored for a while",
			slog.String("user", extension), slog.String("source", source.String()), slog.Duration("for", failureWindow))
	}
}

// Right forgets what Wrong has counted for an extension.
func (a *Authenticator) Right(extension string, source netip.Addr) {
	a.failures.forgive(keyOf(a.nonces.tag(source), extension))
}
