package main

import (
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func TestEveryCommandIsExplained(t *testing.T) {
	parser, err := newParser(io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	commands := append(parser.Model.Leaves(false), parser.Model.Node)
	for _, command := range parser.Model.Children {
		if len(command.Children) > 0 {
			commands = append(commands, command)
		}
	}
	for _, command := range commands {
		path := strings.TrimSpace(command.FullPath())
		code, out, errOut := dialtone(t, append(strings.Fields(path)[1:], "--help")...)
		if code != 0 || errOut != "" {
			t.Errorf("%s --help: exit code %d, %s", path, code, errOut)
		}
		if !strings.Contains(out, "\n    "+path) && !strings.Contains(out, "\n    source <("+path) && !strings.Contains(out, "\n    watch "+path) {
			t.Errorf("%s --help has no example:\n%s", path, out)
		}
		if command.Type != kong.ApplicationNode && (command.Help == "" || !strings.HasSuffix(command.Help, ".")) {
			t.Errorf("%s has no sentence: %q", path, command.Help)
		}
		for _, value := range command.Values() {
			if value.Help == "" {
				t.Errorf("%s: %s has no help", path, value.Name)
			}
		}
	}
}

func TestVersion(t *testing.T) {
	for _, asked := range []string{"version", "--version"} {
		code, out, _ := dialtone(t, asked)
		if code != 0 || !strings.HasPrefix(out, "dialtone ") || !strings.Contains(out, runtime.Version()) {
			t.Errorf("%s: exit code %d, %s", asked, code, out)
		}
	}
}

func TestCommandLinesThatMakeNoSense(t *testing.T) {
	for line, help := range map[string]string{
		"dance": "dialtone", "serve --trace rtp": "dialtone serve", "ctl": "dialtone ctl", "ctl hangup": "dialtone ctl hangup",
		"completion tcsh": "dialtone completion", "docs money": "dialtone docs", "--config": "dialtone",
	} {
		code, out, errOut := dialtone(t, strings.Fields(line)...)
		if code != exitUsage || out != "" || !strings.HasPrefix(errOut, "dialtone: ") || !strings.Contains(errOut, "\""+help+" --help\"") {
			t.Errorf("%s: exit code %d, %s%s", line, code, out, errOut)
		}
	}
}

func TestDocs(t *testing.T) {
	for what, want := range map[string]string{
		"": "extensions", "config": "extensions", "schema": "$schema", "sample": "\nsip:", "api": "# The control API\n",
	} {
		code, out, _ := dialtone(t, append([]string{"docs"}, strings.Fields(what)...)...)
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("docs %s: exit code %d, %.60s", what, code, out)
		}
	}
}
