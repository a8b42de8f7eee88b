package main

import (
	"fmt"
	"strings"
)

func zshCompletion(levels []level) string {
	var b strings.Builder
	b.WriteString("#compdef dialtone\n# Completion of dialtone for zsh.\n")
	for _, l := range levels {
		fmt.Fprintf(&b, "\n%s() {\n", zshName(l.path))
		if len(l.commands) > 0 {
			b.WriteString("  local context state state_descr line\n  typeset -A opt_args\n")
		}
		b.WriteString("  _arguments -C")
		for _, flag := range l.flags {
			fmt.Fprintf(&b, " \\\n    %s", zshQuote(flag.word+"["+zshEscape(flag.help)+"]"+zshValues(flag)))
		}
		for i, arg := range l.args {
			fmt.Fprintf(&b, " \\\n    %s", zshQuote(fmt.Sprintf("%d%s", i+1, zshValues(arg))))
		}
		if len(l.commands) == 0 {
			b.WriteString("\n}\n")
			continue
		}
		b.WriteString(" \\\n    '1:command:->command' \\\n    '*::argument:->argument'\n  case $state in\n  command)\n    local -a commands=(\n")
		for _, c := range l.commands {
			fmt.Fprintf(&b, "      %s\n", zshQuote(c.word+":"+c.help))
		}
		b.WriteString("    )\n    _describe command commands ;;\n  argument)\n    case $line[1] in\n")
		for _, c := range l.commands {
			fmt.Fprintf(&b, "    %s) %s ;;\n", c.word, zshName(l.path+"/"+c.word))
		}
		b.WriteString("    esac ;;\n  esac\n}\n")
	}
	b.WriteString("\nif [[ $funcstack[1] = _dialtone ]]; then _dialtone \"$@\"; else compdef _dialtone dialtone; fi\n")
	return b.String()
}

func zshName(path string) string {
	return "_dialtone" + strings.NewReplacer("/", "_", "-", "_").Replace(path)
}

func zshValues(c choice) string {
	switch c.takes {
	case takesWord:
		return ":value:(" + strings.Join(c.values, " ") + ")"
	case takesFile:
		return ":file:_files"
	case takesFolder:
		return ":folder:_files -/"
	case takesAnything:
		return ":value: "
	case takesNothing:
	}
	return ""
}

func zshEscape(text string) string {
	return strings.NewReplacer("[", `\[`, "]", `\]`, ":", `\:`).Replace(text)
}

func zshQuote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
