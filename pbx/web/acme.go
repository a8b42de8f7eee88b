package web

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"time"

	"dialtone/config"
)

const (
	orderTime    = 5 * time.Minute // for an order from its beginning to the certificate
	soonestAgain = time.Minute     // after a failure, when a reload asks for another try
	longestAgain = 24 * time.Hour
	lifePart     = 3 // renewed when a third of its life is left
)

// acme has an authority that browsers know sign for web.name (RFC 8555), and keeps what
// it has signed in the data folder. Who has agreed to no terms is asked of nothing.
type acme struct {
	folder string
	cfg    func() *config.Config
	log    *slog.Logger
	news   chan struct{} // capacity 1: the configuration may have changed
	door   *door         // where challenges by HTTP are answered
	proof  atomic.Pointer[tls.Certificate]
	have   atomic.Pointer[signed]
	state  atomic.Pointer[tries]
}

// signed is a certificate for a name, by whom.
type signed struct {
	*tls.Certificate
	name, directory string
}

func newACME(folder string, cfg func() *config.Config, log *slog.Logger) *acme {
	a := &acme{folder: folder, cfg: cfg, log: log, news: make(chan struct{}, 1), door: newDoor(cfg, log)}
	a.look()
	return a
}

// wanted is the configuration, when an authority is to be asked.
func (a *acme) wanted() (config.Web, bool) {
	web := a.cfg().Web
	return web, web.ACME.Agree && len(web.Listen) > 0
}

// look reads what is kept for the configuration in force.
func (a *acme) look() {
	web, ok := a.wanted()
	if !ok {
		a.have.Store(nil)
		a.state.Store(nil)
		return
	}
	if have := a.have.Load(); have == nil || have.name != web.Name || have.directory != web.ACME.URL() {
		a.have.Store(a.kept(&web))
		a.state.Store(a.readTries(&web))
	}
	select {
	case a.news <- struct{}{}:
	default:
	}
}

// kept is the certificate on the disk; nil when there is none that is good.
func (a *acme) kept(web *config.Web) *signed {
	file := filepath.Join(a.place(web), web.Name+".pem")
	pair, err := tls.LoadX509KeyPair(file, file)
	if err != nil || pair.Leaf.VerifyHostname(web.Name) != nil || !time.Now().Before(pair.Leaf.NotAfter) {
		return nil
	}
	return &signed{&pair, web.Name, web.ACME.URL()}
}

// certificate is what who asks for a name is shown; nil when our own authority has to do.
func (a *acme) certificate(name string) *tls.Certificate {
	have := a.have.Load()
	if have == nil || have.Leaf.VerifyHostname(name) != nil || !time.Now().Before(have.Leaf.NotAfter) {
		return nil
	}
	return have.Certificate
}

// due is when the certificate has to be renewed.
func due(leaf *x509.Certificate) time.Time {
	return leaf.NotAfter.Add(-leaf.NotAfter.Sub(leaf.NotBefore) / lifePart)
}

// run has certificates made and renewed until ctx ends.
func (a *acme) run(ctx context.Context) {
	defer a.door.close()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		asked := false
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-a.news:
			asked = true
		}
		wait := a.step(ctx, asked)
		if web, ok := a.wanted(); ok && web.ACME.HTTP != "" && !a.door.isOpen() {
			wait = min(wait, doorAgain)
		}
		timer.Reset(wait)
	}
}

// step does what is due, and says when to look again.
func (a *acme) step(ctx context.Context, asked bool) time.Duration {
	web, ok := a.wanted()
	if !ok {
		a.door.close()
		return longestAgain
	}
	a.door.open(ctx, web.ACME.HTTP)
	if have := a.have.Load(); have != nil && have.name == web.Name && time.Now().Before(due(have.Leaf)) {
		return max(time.Until(due(have.Leaf)), time.Second)
	}
	state := tries{}
	if kept := a.state.Load(); kept != nil { // a reload may just have taken it away, or not yet read it
		state = *kept
	}
	if wait := state.wait(asked); wait > 0 {
		return wait
	}
	within, cancel := context.WithTimeout(ctx, orderTime)
	defer cancel()
	kind := a.kindOf(state.Failures)
	got, err := a.order(within, &web, kind)
	if ctx.Err() != nil {
		return longestAgain
	}
	if err != nil {
		return a.failed(&web, state, kind, err)
	}
	a.have.Store(got)
	a.keepTries(&web, tries{})
	a.log.Info("certificate made by an authority that browsers know", "name", web.Name, "authority", got.Leaf.Issuer.CommonName, "until", got.Leaf.NotAfter)
	return max(time.Until(due(got.Leaf)), time.Second)
}

func (a *acme) failed(web *config.Web, state tries, kind string, err error) time.Duration {
	why, do := explain(err, kind, web)
	state = state.again(why, do, retryAfter(err))
	a.keepTries(web, state)
	shown := "a certificate by our own authority, which browsers warn of"
	if have := a.have.Load(); have != nil {
		shown = "the old certificate, good until " + have.Leaf.NotAfter.Format(time.DateTime)
	}
	a.log.Warn("no certificate by an authority that browsers know", "name", web.Name, "why", why, "do", do, "challenge", kind, "again", state.Next, "shown", shown)
	return time.Until(state.Next)
}

// kindOf is the challenge to try after so many failures: a wrong one must not use up what
// an authority forgives in an hour.
func (a *acme) kindOf(failures int) string {
	if a.door.isOpen() && failures%2 == 0 {
		return "http-01"
	}
	return "tls-alpn-01"
}

// challenged is the certificate that proves to an authority that this is the machine of a
// name (RFC 8737); nil when nobody has asked.
func (a *acme) challenged(hello *tls.ClientHelloInfo) *tls.Certificate {
	if len(hello.SupportedProtos) != 1 || hello.SupportedProtos[0] != alpn {
		return nil
	}
	return a.proof.Load()
}

// place is the folder of an authority.
func (a *acme) place(web *config.Web) string {
	return filepath.Join(a.folder, "acme", folderOf(web.ACME.URL()))
}
