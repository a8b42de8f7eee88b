package config

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// git runs git in dir.
func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "git", append([]string{"-c", "user.name=x", "-c", "user.email=x@example.org"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func versionOf(t *testing.T, file string) string {
	t.Helper()
	l, err := Read(file)
	if err != nil {
		t.Fatal(err)
	}
	return l.Version
}

func TestVersionOfContent(t *testing.T) {
	dir := t.TempDir()
	file := write(t, dir+"/dialtone.yaml", "include: [more.yaml]\n")
	more := write(t, dir+"/more.yaml", "log: {level: info}\n")
	one := versionOf(t, file)
	if !regexp.MustCompile(`^[0-9a-f]{12}$`).MatchString(one) {
		t.Errorf("the version is %q", one)
	}
	write(t, more, "log: {level: debug}\n")
	if two := versionOf(t, file); two == one {
		t.Error("the version does not change with an included file")
	}
	write(t, more, "log: {level: info}\n")
	if again := versionOf(t, file); again != one {
		t.Errorf("the version of the same is %q and %q", one, again)
	}
	l, err := Parse("x", []byte("include: []\n"), nil)
	if err != nil || l.Version == "" {
		t.Errorf("of a text: %v, %q", err, l.Version)
	}
}

// The version is the commit while all files are as git knows them, whatever the
// form of git's own files.
func TestVersionOfCommit(t *testing.T) {
	for _, row := range []struct{ what, index, pack string }{
		{"index 2", "2", ""}, {"index 4", "4", ""}, {"packed", "2", "pack"},
	} {
		t.Run(row.what, func(t *testing.T) {
			dir := t.TempDir()
			file := write(t, dir+"/etc/dialtone.yaml", "include: [a/more.yaml]\n")
			write(t, dir+"/etc/a/more.yaml", "log: {level: info}\n")
			write(t, dir+"/etc/a/b/other.txt", "x")
			git(t, dir, "init", "-q")
			if v := versionOf(t, file); len(v) != versionDigits {
				t.Errorf("before the first commit: %q", v)
			}
			git(t, dir, "update-index", "--index-version", row.index)
			git(t, dir, "add", ".")
			git(t, dir, "commit", "-q", "-m", "x")
			if row.pack != "" {
				git(t, dir, "pack-refs", "--all")
			}
			commit := git(t, dir, "rev-parse", "HEAD")[:versionDigits]
			if v := versionOf(t, file); v != commit {
				t.Errorf("the version is %q, want %q", v, commit)
			}
			write(t, dir+"/etc/a/more.yaml", "log: {level: debug}\n")
			if v := versionOf(t, file); !strings.HasPrefix(v, commit+"+") || len(v) != versionDigits*3/2+1 {
				t.Errorf("of a changed file: %q, want %s+...", v, commit)
			}
		})
	}
}

func TestVersionInAWorkTree(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/main/dialtone.yaml", "log: {level: info}\n")
	git(t, dir+"/main", "init", "-q")
	git(t, dir+"/main", "add", ".")
	git(t, dir+"/main", "commit", "-q", "-m", "x")
	git(t, dir+"/main", "worktree", "add", "-q", "../other")
	link := filepath.Join(dir, "linked.yaml")
	if err := os.Symlink(dir+"/other/dialtone.yaml", link); err != nil {
		t.Fatal(err)
	}
	commit := git(t, dir+"/main", "rev-parse", "HEAD")[:versionDigits]
	if v := versionOf(t, dir+"/other/dialtone.yaml"); v != commit {
		t.Errorf("the version is %q, want %q", v, commit)
	}
}

func TestBrokenGitIsNoGit(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"no commit":   {".git/HEAD": "ref: refs/heads/main\n"},
		"nonsense":    {".git/HEAD": "what?\n"},
		"outside":     {".git/HEAD": "ref: ../../../etc/passwd\n"},
		"circle":      {".git/HEAD": "ref: HEAD\n"},
		"lost folder": {".git": "gitdir: /nowhere/at/all\n"},
	} {
		dir := t.TempDir()
		for path, text := range files {
			write(t, dir+"/"+path, text)
		}
		if v := versionOf(t, write(t, dir+"/x.yaml", "log: {}\n")); len(v) != versionDigits {
			t.Errorf("%s: the version is %q", name, v)
		}
	}
	dir := t.TempDir()
	commit := strings.Repeat("ab", 20)
	write(t, dir+"/.git/HEAD", commit+"\n")
	write(t, dir+"/.git/index", "DIRC\x00\x00\x00\x02\x00\x00\x00\x09short")
	if v := versionOf(t, write(t, dir+"/x.yaml", "log: {}\n")); !strings.HasPrefix(v, commit[:versionDigits]+"+") {
		t.Errorf("with a broken index the version is %q", v)
	}
}

func FuzzIndexEntry(f *testing.F) {
	f.Add(append(make([]byte, 62), "name\x00\x00\x00\x00\x00\x00"...), []byte("before"), uint32(4))
	f.Fuzz(func(t *testing.T, data, before []byte, version uint32) {
		_, _, rest := indexEntry(data, before, version)
		if len(rest) >= len(data) && len(data) > 0 {
			t.Error("nothing was read")
		}
	})
}
