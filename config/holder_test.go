package config

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

func paths(changes []Change) []string {
	var out []string
	for _, c := range changes {
		out = append(out, c.Path)
	}
	return out
}

func TestReloadPutsNewFilesInForce(t *testing.T) {
	dir := t.TempDir()
	main := write(t, dir+"/dialtone.yaml", "include: [p/*.yaml]\nsip: {domain: a}\n")
	h, err := Open(main)
	if err != nil {
		t.Fatal(err)
	}
	before := h.Load()
	write(t, main, "include: [p/*.yaml]\nsip: {domain: b}\n")
	write(t, dir+"/p/x.yaml", "extensions: {100: {password: fbqm-3n7c-wz5k-8pty}}\n")
	res, err := h.Reload("test")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := paths(res.Changes), []string{"sip.domain", "extensions.100"}; !reflect.DeepEqual(got, want) || res.Reason != "test" {
		t.Errorf("changes %v, want %v; %+v", got, want, res)
	}
	if c := h.Load(); c.SIP.Domain != "b" || len(c.Extensions) != 1 || before.SIP.Domain != "a" || len(before.Extensions) != 0 {
		t.Errorf("in force: %+v; before: %+v", c, before)
	}
	if want := []string{main, dir + "/p/x.yaml", dir + "/p/*.yaml"}; !reflect.DeepEqual(h.Watched(), want) {
		t.Errorf("watched %v, want %v", h.Watched(), want)
	}
}

func TestReloadWithAnErrorChangesNothing(t *testing.T) {
	dir := t.TempDir()
	main := write(t, dir+"/dialtone.yaml", "sip: {domain: a}\n")
	h, err := Open(main)
	if err != nil {
		t.Fatal(err)
	}
	write(t, main, "include: [x.yaml]\nsip: {domain: b}\n")
	write(t, dir+"/x.yaml", "clals: {}\n")
	_, err = h.Reload("test")
	var es Errors
	if !errors.As(err, &es) || errors.Is(err, ErrRestart) {
		t.Fatalf("got %v", err)
	}
	matchErrors(t, es, []string{dir + `/x.yaml:1:1: clals: unknown key; did you mean "calls"?`})
	if got := h.Load().SIP.Domain; got != "a" {
		t.Errorf("domain is %s", got)
	}
	if want := []string{main, dir + "/x.yaml"}; !reflect.DeepEqual(h.Watched(), want) {
		t.Errorf("watched %v, want %v: mending either must be noticed", h.Watched(), want)
	}
}

func TestReloadRefusesWhatNeedsARestart(t *testing.T) {
	main := write(t, t.TempDir()+"/dialtone.yaml", "data: /a\nsip: {domain: a, tcp: [\":5070\"]}\n")
	h, err := Open(main)
	if err != nil {
		t.Fatal(err)
	}
	write(t, main, "data: /b\nsip: {domain: b}\nmedia:\n  ports: 20000-24999\n")
	res, err := h.Reload("test")
	var es Errors
	if !errors.Is(err, ErrRestart) || !errors.As(err, &es) {
		t.Fatalf("got %v", err)
	}
	const tail = ", which needs a restart; restart Dialtone, or put it back; nothing was changed"
	matchErrors(t, es, []string{
		main + ":1:7: data: changed from /a to /b" + tail,
		main + `: sip.tcp: changed from [":5070"] to [":5060"]` + tail,
		main + ":4:10: media.ports: changed from 16384-32767 to 20000-24999" + tail,
	})
	if got, want := paths(res.Restart), []string{"data", "sip.tcp", "media.ports"}; !reflect.DeepEqual(got, want) {
		t.Errorf("restart %v, want %v", got, want)
	}
	if got := h.Load().SIP.Domain; got != "a" {
		t.Errorf("domain is %s: it went in without the rest", got)
	}
}

func TestHoldIsAlwaysInForce(t *testing.T) {
	c := Default()
	h := Hold(&c)
	if res, err := h.Reload("test"); err != nil || len(res.Changes) > 0 || h.Load() != &c {
		t.Errorf("%+v, %v", res, err)
	}
}

// watched runs a watcher and gives how its changes are waited for.
func watched(t *testing.T, paths ...string) (wait func(), quiet func()) {
	t.Helper()
	w, err := Watch(func() []string { return paths })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	changed := make(chan struct{}, 100)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := w.Run(ctx, func() { changed <- struct{}{} }); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	wait = func() {
		t.Helper()
		select {
		case <-changed:
		case <-time.After(10 * time.Second):
			t.Fatal("the change was not noticed")
		}
	}
	quiet = func() {
		t.Helper()
		select {
		case <-changed:
			t.Fatal("something was noticed that is no change")
		case <-time.After(4 * settle):
		}
	}
	return wait, quiet
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestWatcherNoticesEveryWayOfSaving(t *testing.T) {
	for _, row := range []struct {
		name  string
		watch string
		save  func(t *testing.T, dir string)
	}{
		{"written in place", "a.yaml", func(t *testing.T, dir string) { write(t, dir+"/a.yaml", "new") }},
		{"replaced by a rename", "a.yaml", func(t *testing.T, dir string) {
			write(t, dir+"/.a.swp", "new")
			must(t, os.Rename(dir+"/.a.swp", dir+"/a.yaml"))
		}},
		{"removed", "a.yaml", func(t *testing.T, dir string) { must(t, os.Remove(dir+"/a.yaml")) }},
		{"appeared", "b.yaml", func(t *testing.T, dir string) { write(t, dir+"/b.yaml", "new") }},
		{"appeared with its folder", "sub/b.yaml", func(t *testing.T, dir string) { write(t, dir+"/sub/b.yaml", "new") }},
		{"matches the pattern", "*.yaml", func(t *testing.T, dir string) { write(t, dir+"/b.yaml", "new") }},
		{"target of a link written", "link.yaml", func(t *testing.T, dir string) { write(t, dir+"/v1/a.yaml", "new") }},
		{"folder of a link switched", "link.yaml", func(t *testing.T, dir string) {
			must(t, os.Symlink("v2", dir+"/tmp"))
			must(t, os.Rename(dir+"/tmp", dir+"/current"))
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir+"/a.yaml", "old")
			write(t, dir+"/v1/a.yaml", "old")
			write(t, dir+"/v2/a.yaml", "other")
			must(t, os.Symlink("v1", dir+"/current"))
			must(t, os.Symlink("current/a.yaml", dir+"/link.yaml"))
			wait, quiet := watched(t, filepath.Join(dir, row.watch))
			row.save(t, dir)
			wait()
			quiet() // once per change
			// A second change: the first did not end the watching.
			target := filepath.Join(dir, strings.Replace(row.watch, "*", "a", 1))
			write(t, target, "newer still")
			wait()
		})
	}
}

func TestWatcherIgnoresOtherFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir+"/a.yaml", "old")
	_, quiet := watched(t, dir+"/a.yaml")
	write(t, dir+"/store.db", "x")
	write(t, dir+"/b.yaml", "x")
	quiet()
}

func TestWatcherAndHolderReloadTogether(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	main := write(t, dir+"/dialtone.yaml", "sip: {domain: a}\n")
	h, err := Open(main)
	must(t, err)
	w, err := Watch(h.Watched)
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	results := make(chan error, 10)
	var wg sync.WaitGroup
	wg.Go(func() {
		must(t, w.Run(ctx, func() {
			_, err := h.Reload("file")
			results <- err
		}))
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	for _, step := range []struct{ file, text, domain, fails string }{
		{main, "include: [x.yaml]\n", "a", "no such file"},
		{dir + "/x.yaml", "sip: {domain: b}\n", "b", ""},
		{dir + "/x.yaml", "sip: {domain: c}\n", "c", ""},
	} {
		write(t, step.file, step.text)
		select {
		case err := <-results:
			if (err != nil) != (step.fails != "") || err != nil && !strings.Contains(err.Error(), step.fails) {
				t.Fatalf("%s: %v", step.text, err)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s was not noticed", step.text)
		}
		if got := h.Load().SIP.Domain; got != step.domain {
			t.Errorf("%s: domain %s, want %s", step.text, got, step.domain)
		}
	}
}

func TestFileThatAppearsAfterAReloadMissedIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	main := write(t, dir+"/dialtone.yaml", "sip: {domain: a}\n")
	must(t, os.Mkdir(dir+"/parts", 0o700))
	h, err := Open(main)
	must(t, err)
	w, err := Watch(h.Watched)
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	results := make(chan error, 10)
	var wg sync.WaitGroup
	wg.Go(func() {
		must(t, w.Run(ctx, func() {
			_, err := h.Reload("file")
			if err != nil {
				write(t, dir+"/parts/x.yaml", "sip: {domain: b}\n")
			}
			results <- err
		}))
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	write(t, main, "include: [parts/x.yaml]\n")
	if err := <-results; err == nil {
		t.Fatal("a file that is not there was read")
	}
	select {
	case err := <-results:
		must(t, err)
	case <-time.After(10 * time.Second):
		t.Fatal("the file was not noticed")
	}
	if got := h.Load().SIP.Domain; got != "b" {
		t.Errorf("domain %s, want b", got)
	}
}

func TestAccountsAreMadeOnceAndKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "data")
	path, created, err := Accounts(dir)
	if err != nil || !created || path != filepath.Join(dir, "extensions.yaml") {
		t.Fatalf("%s, %v, %v", path, created, err)
	}
	first, err := os.ReadFile(path)
	must(t, err)
	for name, want := range map[string]fs.FileMode{path: 0o600, dir: fs.ModeDir | 0o700} {
		if info, err := os.Stat(name); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v, want %v", name, info.Mode(), err, want)
		}
	}
	again, created, err := Accounts(dir)
	second, readErr := os.ReadFile(path)
	if err != nil || readErr != nil || created || again != path || string(first) != string(second) {
		t.Errorf("not kept: %v, %v, %v", created, err, readErr)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	l, err := ReadDefault(dir, path)
	if err != nil || len(l.Warnings) > 0 {
		t.Fatalf("%v, %v", err, l.Warnings)
	}
	seen := map[Secret]bool{}
	form := regexp.MustCompile(`^[a-km-np-z2-9]{4}(-[a-km-np-z2-9]{4}){3}$`)
	for name, e := range l.Config.Extensions {
		if !form.MatchString(e.Password.Reveal()) || e.Name != "Phone "+name || seen[e.Password] {
			t.Errorf("%s: %q, form or repetition of the password", name, e.Name)
		}
		seen[e.Password] = true
	}
	want := Default()
	want.Data, want.Include, want.Extensions = dir, []string{path}, l.Config.Extensions
	want.Voicemail.Enabled = true
	if len(seen) != 10 || len(letters) != 32 || !reflect.DeepEqual(want, *l.Config) {
		t.Errorf("%d extensions, %v", len(seen), Diff(&want, l.Config))
	}
}

func TestAccountsMadeAtOnceAreOne(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	created := make(chan bool, 20)
	for range 20 {
		wg.Go(func() {
			_, c, err := Accounts(dir)
			if err != nil {
				t.Error(err)
			}
			created <- c
		})
	}
	wg.Wait()
	close(created)
	n := 0
	for c := range created {
		if c {
			n++
		}
	}
	if n != 1 {
		t.Errorf("made %d times", n)
	}
}

func TestZeroConfigReloadsItsAccounts(t *testing.T) {
	dir := t.TempDir()
	path, _, err := Accounts(dir)
	must(t, err)
	h, err := OpenDefault(dir, path)
	must(t, err)
	write(t, path, "extensions: {200: {password: fbqm-3n7c-wz5k-8pty}}\n")
	res, err := h.Reload("test")
	if err != nil || len(res.Changes) != 11 || len(h.Load().Extensions) != 1 {
		t.Errorf("%v, %v", res.Changes, err)
	}
}

func TestInitStandsForTheSameSystem(t *testing.T) {
	for _, row := range []struct{ name, config, data string }{
		{"data beside it", "dialtone.yaml", "dialtone-data"},
		{"data below", "dialtone.yaml", "var/data"},
		{"data elsewhere", "etc/dialtone.yaml", "[var]/data: ${x}"},
	} {
		t.Run(row.name, func(t *testing.T) {
			dir := t.TempDir()
			config, data := filepath.Join(dir, row.config), filepath.Join(dir, row.data)
			must(t, os.MkdirAll(filepath.Dir(config), 0o700))
			accounts, _, err := Accounts(data)
			must(t, err)
			must(t, WriteInit(config, data))
			zero, err := ReadDefault(data, accounts)
			must(t, err)
			got := mustLoad(t, config)
			zero.Config.Include, got.Include = nil, nil
			if !reflect.DeepEqual(got, zero.Config) {
				t.Errorf("%v", Diff(zero.Config, got))
			}
			if info, err := os.Stat(config); err != nil || info.Mode() != 0o600 {
				t.Errorf("%v, %v", info.Mode(), err)
			}
			if err := WriteInit(config, data); !errors.Is(err, fs.ErrExist) {
				t.Errorf("a second time: %v", err)
			}
		})
	}
}

// The sample says nothing as it is, and the default when every # in front of a
// key is removed, but for tables whose entries must say something.
func TestSampleIsTheDefault(t *testing.T) {
	t.Chdir(t.TempDir())
	want := Default()
	if got := mustLoad(t, write(t, "sample.yaml", string(Sample()))); !reflect.DeepEqual(*got, want) {
		t.Errorf("as it is: %v", Diff(&want, got))
	}
	key := regexp.MustCompile(`(?m)^( *)#([a-z"][a-z0-9_"]*:)`)
	tables := regexp.MustCompile(`(?m)^(lists|trunks|numbers|permissions|conferences|pins|mail|webhooks):\n(( .*)?\n)*`)
	text := key.ReplaceAllString(tables.ReplaceAllString(string(Sample()), ""), "$1$2")
	before, people, _ := strings.Cut(text, "\nextensions:")
	text = before + "\nextensions:" + strings.Replace(people, `password: ""`, "password: fbqm-3n7c-wz5k-8pty", 1)
	l, err := Read(write(t, "active.yaml", text))
	must(t, err)
	if e := l.Config.Extensions["100"]; e.Password == "" || e.MaxCalls != 0 {
		t.Errorf("extension of the sample: %+v", e)
	}
	delete(l.Config.Extensions, "100")
	if d := Diff(&want, l.Config); len(d) > 0 {
		t.Errorf("with all keys: %v", d)
	}
	if set := len(l.Set()); set < 30 {
		t.Errorf("only %d keys are set", set)
	}
}
