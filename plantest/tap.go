package plantest

import (
	"fmt"
	"io"
	"strings"
)

// WriteTAP writes outcomes in the Test Anything Protocol, version 14.
func WriteTAP(w io.Writer, outcomes []*Outcome) {
	total := 0
	for _, o := range outcomes {
		n, _ := o.Counts()
		total += n
	}
	fmt.Fprintf(w, "TAP version 14\n1..%d\n", total)
	n := 0
	for _, o := range outcomes {
		if o.Err != nil {
			n++
			fmt.Fprintf(w, "not ok %d - %s\n%s", n, tapText(o.Suite.Name), diagnosis(problems(o.Err)))
			continue
		}
		for _, r := range o.Results {
			n++
			name := tapText(o.Suite.Name + ": " + r.Case.Name.Value)
			if r.Failed() {
				fmt.Fprintf(w, "not ok %d - %s\n%s", n, name, diagnosis(r.Text()))
			} else {
				fmt.Fprintf(w, "ok %d - %s\n", n, name)
			}
		}
	}
}

// tapText takes away what has a meaning in a line of TAP.
func tapText(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	return strings.NewReplacer(`\`, `\\`, "#", `\#`).Replace(s)
}

// diagnosis is a YAML block below a line of TAP.
func diagnosis(text string) string {
	return "  ---\n  message: |\n" + indent(text, "    ") + "  ...\n"
}
