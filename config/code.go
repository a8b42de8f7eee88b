package config

import (
	"encoding/json"
	"regexp"
)

// codes say what kind of mistake a reason tells of, the first that fits. They stay
// the same when the words change.
var codes = [...]struct {
	code string
	in   *regexp.Regexp
}{
	{"paid-by-strangers", regexp.MustCompile(`a caller from outside`)},
	{"syntax", regexp.MustCompile(`YAML|^this is not (UTF-8|CSV)|^a second colon|second document|^a key needs a space|^a tab cannot|^\$\{\.\.\.\} inside|^an unquoted value|is a tag in YAML|starts a comment`)},
	{"unknown-key", regexp.MustCompile(`^unknown key$|^there is no key`)},
	{"given-twice", regexp.MustCompile(`twice|another route of this context|^two steps in one|is an extension already|already`)},
	{"undefined", regexp.MustCompile(`^there is no |is neither|does not name|is not set$|^a reference to an anchor`)},
	{"shadowed", regexp.MustCompile(`never reach|takes? its calls`)},
	{"unreachable", regexp.MustCompile(`never (called|entered|used)|nobody|no call|always (true|false|open|taken)|is always|never open`)},
	{"loop", regexp.MustCompile(`loop|itself|round in|in a circle|without end`)},
	{"clash", regexp.MustCompile(`which is features|is also |takes \d+, which|collides|overlaps`)},
	{"weak-password", regexp.MustCompile(`easy to guess`)},
	{"open-secret", regexp.MustCompile(`every user of this machine|secret in the file`)},
	{"missing", regexp.MustCompile(`has no |^no |is missing|needs a value|are missing|without (steps|cases)|is empty|not said`)},
	{"wrong-type", regexp.MustCompile(`^expected |^a key must be|takes no value`)},
	{"out-of-bounds", regexp.MustCompile(`is (less|more|longer|shorter) than|more than|too big|too many|at most|is above`)},
	{"no-effect", regexp.MustCompile(`has no effect`)},
	{"file", regexp.MustCompile(`no such file|may not be read|cannot be read|regular file|includes|include |includes itself|certificate|key file|calendar`)},
	{"needs-restart", regexp.MustCompile(`needs a restart`)},
}

// Code is a word for the kind of mistake, for programs: unknown-key, undefined,
// shadowed... What is of no kind is "invalid".
func (e *Error) Code() string {
	for _, c := range codes {
		if c.in.MatchString(e.Reason) {
			return c.code
		}
	}
	return "invalid"
}

// MarshalJSON adds the code and the excerpt.
func (e *Error) MarshalJSON() ([]byte, error) {
	type plain Error // without this method
	return json.Marshal(struct {
		*plain
		Code    string `json:"code"`
		Excerpt string `json:"excerpt,omitempty"`
	}{(*plain)(e), e.Code(), e.excerpt})
}
