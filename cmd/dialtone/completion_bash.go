package main

import (
	"fmt"
	"strings"
)

func bashCompletion(levels []level) string {
	var b strings.Builder
	b.WriteString(`# Completion of dialtone for bash.
_dialtone() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} at= words= word
    COMPREPLY=()
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case $at/$word in
`)
	var paths []string
	for _, l := range levels[1:] {
		paths = append(paths, l.path)
	}
	fmt.Fprintf(&b, "        %s) at=$at/$word ;;\n        esac\n    done\n    case $at:$prev in\n", strings.Join(paths, "|"))
	for _, l := range levels {
		for _, flag := range l.flags {
			if flag.takes != takesNothing {
				fmt.Fprintf(&b, "    %s:%s) %s; return ;;\n", l.path, flag.word, bashValues(flag))
			}
		}
	}
	b.WriteString("    esac\n    case $at in\n")
	for _, l := range levels {
		var words, extra []string
		for _, c := range l.commands {
			words = append(words, c.word)
		}
		for _, c := range l.flags {
			words = append(words, c.word)
		}
		for _, c := range l.args {
			words = append(words, c.values...)
			if c.takes == takesFile {
				extra = append(extra, bashValues(c)+"; ")
			}
		}
		fmt.Fprintf(&b, "    %s) %swords='%s' ;;\n", orElse(l.path, "''"), strings.Join(extra, ""), strings.Join(words, " "))
	}
	b.WriteString(`    esac
    COMPREPLY+=($(compgen -W "$words" -- "$cur"))
}
complete -o filenames -F _dialtone dialtone
`)
	return b.String()
}

func bashValues(c choice) string {
	switch c.takes {
	case takesWord:
		return fmt.Sprintf(`COMPREPLY=($(compgen -W '%s' -- "$cur"))`, strings.Join(c.values, " "))
	case takesFile:
		return `mapfile -t COMPREPLY < <(compgen -f -- "$cur")`
	case takesFolder:
		return `mapfile -t COMPREPLY < <(compgen -d -- "$cur")`
	case takesNothing, takesAnything:
	}
	return ":"
}
