package plantest

import (
	"encoding/xml"
	"io"
	"strings"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	File    string        `xml:"file,attr"`
	Line    int           `xml:"line,attr,omitempty"`
	Failure *junitFailure `xml:"failure"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes outcomes as the XML that JUnit made known, for CI servers.
func WriteJUnit(w io.Writer, outcomes []*Outcome) error {
	var all junitSuites
	for _, o := range outcomes {
		s := junitSuite{Name: o.Suite.Name}
		s.Tests, s.Failures = o.Counts()
		all.Tests, all.Failures = all.Tests+s.Tests, all.Failures+s.Failures
		if o.Err != nil {
			s.Cases = []junitCase{{Name: "read", Class: o.Suite.Name, File: o.Suite.Name, Failure: &junitFailure{"cannot be run", problems(o.Err)}}}
		}
		for _, r := range o.Results {
			at := r.Case.Where()
			c := junitCase{Name: r.Case.Name.Value, Class: o.Suite.Name, File: at.File, Line: at.Line}
			if r.Failed() {
				c.Failure = &junitFailure{r.summary(), r.Text()}
			}
			s.Cases = append(s.Cases, c)
		}
		all.Suites = append(all.Suites, s)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// summary is the failure in a few words.
func (r *Result) summary() string {
	if r.Err != nil {
		return "cannot be run"
	}
	keys := make([]string, len(r.Differences))
	for i, d := range r.Differences {
		keys[i] = d.Key
	}
	return strings.Join(keys, ", ") + " not as expected"
}
