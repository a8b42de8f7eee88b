package web

import (
	"crypto/x509"
	"log/slog"
	"time"
)

const (
	// oldSoon is how long before its end a certificate is spoken of, and sayAgain how often.
	oldSoon  = 14 * 24 * time.Hour
	sayAgain = 24 * time.Hour
)

// aging tells the log that a configured certificate gets too old: others have to renew it.
// One goroutine uses it.
type aging struct {
	of   *x509.Certificate
	said time.Time
}

func (a *aging) look(leaf *x509.Certificate, now time.Time, log *slog.Logger) {
	if leaf == nil || now.Before(leaf.NotAfter.Add(-oldSoon)) {
		return
	}
	expired := now.After(leaf.NotAfter)
	if just := expired && a.said.Before(leaf.NotAfter); a.of == leaf && now.Sub(a.said) < sayAgain && !just {
		return
	}
	a.of, a.said = leaf, now
	if expired {
		log.Error("web.certificate has expired: browsers refuse the web phone", "expired", leaf.NotAfter, "do", "renew it; the files are read again by themselves")
		return
	}
	log.Warn("web.certificate expires soon", "expires", leaf.NotAfter, "do", "renew it; the files are read again by themselves")
}
