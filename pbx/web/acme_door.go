package web

import (
	"context"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"dialtone/config"
)

const doorAgain = 30 * time.Second

// door is port 80 of the name: an authority gets its answer there (RFC 8555 §8.3), all
// others are sent to https. It belongs to the goroutine of acme.run.
type door struct {
	cfg    func() *config.Config
	log    *slog.Logger
	spec   string // that is bound; "" is none
	failed string // that the log was told of
	stop   func()

	mu         sync.Mutex
	path, text string
}

func newDoor(cfg func() *config.Config, log *slog.Logger) *door {
	return &door{cfg: cfg, log: log, stop: func() {}}
}

// open binds spec, unless it is bound.
func (d *door) open(ctx context.Context, spec string) {
	if spec == d.spec {
		return
	}
	d.close()
	if spec == "" {
		return
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", spec)
	if err != nil {
		if d.failed != spec {
			d.log.Warn("an authority cannot come by HTTP; it may come by TLS, to port 443", "address", spec, "error", err, "do", `free the port, or set another in web.acme.http, to which port 80 is passed on, or ""`)
		}
		d.failed = spec
		return
	}
	// Authorities come from anywhere: sip.allow is not for them.
	in := newEntrance(func(netip.Addr) bool { return true })
	in.onlyPlain = true
	server := &http.Server{
		Handler: http.HandlerFunc(d.serve), ReadHeaderTimeout: headTime, ReadTimeout: bodyTime, WriteTimeout: bodyTime, IdleTimeout: headTime,
		MaxHeaderBytes: maxHead, ErrorLog: log.New(quiet{d.log}, "", 0),
	}
	server.SetKeepAlivesEnabled(false)
	var tasks sync.WaitGroup
	tasks.Go(func() { in.serve(ctx, l, d.log) })
	tasks.Go(func() { _ = server.Serve(in.plain) })
	d.spec, d.failed = spec, ""
	d.stop = func() {
		_ = l.Close()
		in.close()
		last, cancel := context.WithTimeout(context.Background(), farewell)
		defer cancel()
		if server.Shutdown(last) != nil {
			_ = server.Close()
		}
		tasks.Wait()
		in.wait()
	}
}

func (d *door) close() {
	d.stop()
	d.spec, d.stop = "", func() {}
}

func (d *door) isOpen() bool { return d.spec != "" }

// answer has text given to who asks for path; "" withdraws it.
func (d *door) answer(path, text string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.path, d.text = path, text
}

func (d *door) serve(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	path, text := d.path, d.text
	d.mu.Unlock()
	if path != "" && r.URL.Path == path {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write([]byte(text))
		return
	}
	web := d.cfg().Web
	target := *r.URL
	target.Scheme, target.Host = "https", web.Name
	if port := firstPort(web.Listen); port != 443 {
		target.Host = net.JoinHostPort(web.Name, strconv.Itoa(port))
	}
	// Not for ever: another port may be the one next year.
	http.Redirect(w, r, target.String(), http.StatusTemporaryRedirect)
}

// firstPort is where people find the page.
func firstPort(listen []string) int {
	for _, spec := range listen {
		if _, port, err := net.SplitHostPort(spec); err == nil {
			if n, err := strconv.Atoi(port); err == nil {
				return n
			}
		}
	}
	return 443
}
