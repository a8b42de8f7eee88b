package main

import (
	"fmt"
	"strings"
)

func fishCompletion(levels []level) string {
	var b strings.Builder
	b.WriteString(`# Completion of dialtone for fish.
function __dialtone_at
    set -l at ''
    for word in (commandline -opc)[2..]
        switch $at/$word
`)
	var paths []string
	for _, l := range levels[1:] {
		paths = append(paths, l.path)
	}
	fmt.Fprintf(&b, `            case %s
                set at $at/$word
        end
    end
    test "$at" = "$argv[1]"
end
complete -c dialtone -f
`, strings.Join(paths, " "))
	for _, l := range levels {
		line := func(format string, args ...any) {
			fmt.Fprintf(&b, "complete -c dialtone -n '__dialtone_at \"%s\"' %s\n", l.path, fmt.Sprintf(format, args...))
		}
		for _, c := range l.commands {
			line("-a %s -d %s", c.word, fishQuote(c.help))
		}
		for _, flag := range l.flags {
			line("-l %s%s -d %s", strings.TrimPrefix(flag.word, "--"), fishValues(flag), fishQuote(flag.help))
		}
		for _, arg := range l.args {
			switch arg.takes {
			case takesWord:
				line("-a %s", fishQuote(strings.Join(arg.values, " ")))
			case takesFile:
				line("-F")
			case takesNothing, takesAnything, takesFolder:
			}
		}
	}
	return b.String()
}

func fishValues(flag choice) string {
	switch flag.takes {
	case takesWord:
		return " -x -a " + fishQuote(strings.Join(flag.values, " "))
	case takesFile:
		return " -r -F"
	case takesFolder:
		return " -x -a '(__fish_complete_directories)'"
	case takesAnything:
		return " -x"
	case takesNothing:
	}
	return ""
}

func fishQuote(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text) + "'"
}
