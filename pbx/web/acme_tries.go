package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	rfc8555 "golang.org/x/crypto/acme"

	"dialtone/config"
)

// tries are those that have failed since the last certificate. They are on the disk:
// authorities refuse who asks too often, and a restart is no reason to ask again.
type tries struct {
	Failures int       `json:"failures,omitempty"`
	Last     time.Time `json:"last,omitzero"`
	Next     time.Time `json:"next,omitzero"`
	Why      string    `json:"why,omitempty"`
	Do       string    `json:"do,omitempty"`
}

func (a *acme) triesFile(web *config.Web) string {
	return filepath.Join(a.place(web), web.Name+".json")
}

func (a *acme) readTries(web *config.Web) *tries {
	t := &tries{}
	if text, err := os.ReadFile(a.triesFile(web)); err == nil && json.Unmarshal(text, t) != nil {
		return &tries{}
	}
	return t
}

func (a *acme) keepTries(web *config.Web, t tries) {
	a.state.Store(&t)
	text, err := json.Marshal(t)
	if err == nil {
		err = writePrivate(a.triesFile(web), text)
	}
	if err != nil {
		a.log.Error("how often the authority was asked is not kept", "error", err)
	}
}

// wait is how long to leave the authority alone. Somebody who asks for it has it tried
// sooner, unless it was the authority that said when.
func (t *tries) wait(asked bool) time.Duration {
	now := time.Now()
	if asked && t.Failures > 0 && t.Failures < 4 {
		return t.Last.Add(soonestAgain).Sub(now)
	}
	return min(t.Next.Sub(now), longestAgain) // whatever the clock did
}

// again is t after one more failure.
func (t tries) again(why, do string, after time.Duration) tries {
	now := time.Now()
	steps := []time.Duration{time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, longestAgain}
	wait := max(steps[min(t.Failures, len(steps)-1)], after)
	if after > 0 {
		t.Failures = max(t.Failures, 3) // whoever asks: it was said when
	}
	return tries{Failures: t.Failures + 1, Last: now, Next: now.Add(wait), Why: why, Do: do}
}

// retryAfter is when an authority that was asked too often wants to be asked again.
func retryAfter(err error) time.Duration {
	d, _ := rfc8555.RateLimit(err)
	return d
}

// explain says in words why there is no certificate, and what to do.
func explain(err error, kind string, web *config.Web) (why, do string) {
	if problem := problemOf(err); problem != nil {
		why = problem.Detail
		_, short, _ := strings.Cut(problem.ProblemType, "error:")
		return orWhole(why, err), remedy(short, kind, web)
	}
	var network *net.OpError
	var name *net.DNSError
	if errors.As(err, &network) || errors.As(err, &name) || os.IsTimeout(err) {
		return fmt.Sprintf("the authority cannot be reached: %v", err), "look whether this machine reaches " + web.ACME.URL()
	}
	return err.Error(), "the page about certificates in the documentation says what an authority needs"
}

func orWhole(text string, err error) string {
	if text == "" {
		return err.Error()
	}
	return text
}

// problemOf is what the authority has said.
func problemOf(err error) *rfc8555.Error {
	var refused *rfc8555.Error
	var unproven *rfc8555.AuthorizationError
	var order *rfc8555.OrderError
	switch {
	case errors.As(err, &unproven):
		for _, one := range unproven.Errors {
			if errors.As(one, &refused) {
				return refused
			}
		}
	case errors.As(err, &order):
		return order.Problem
	case errors.As(err, &refused):
		return refused
	}
	return nil
}

func remedy(problem, kind string, web *config.Web) string {
	port := "443"
	if kind == "http-01" {
		port = "80"
	}
	switch problem {
	case "dns":
		return "have the DNS name " + web.Name + " lead to the public address of this machine"
	case "connection", "unauthorized", "tls", "incorrectResponse":
		return fmt.Sprintf("the authority comes to port %s of %s: let it in through the firewall, pass it on to this machine (%s), and look where the name leads", port, web.Name, where(kind, web))
	case "rateLimited":
		return "wait; it is tried again when the authority allows it. To try things out, use its staging directory in web.acme.directory"
	case "caa":
		return "the CAA record of " + web.Name + " in the DNS names other authorities: add this one"
	case "rejectedIdentifier":
		return "the authority does not sign for " + web.Name + ": use another web.name"
	case "externalAccountRequired":
		return "this authority wants an account made elsewhere, which is not possible here: use another web.acme.directory"
	}
	return "what the authority says is in the log; its web site explains it"
}

func where(kind string, web *config.Web) string {
	if kind == "http-01" {
		return "web.acme.http, " + web.ACME.HTTP
	}
	return "web.listen, " + strings.Join(web.Listen, ", ")
}
