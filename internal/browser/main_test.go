package browser

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"dialtone/internal/callscript"
)

// house is where the server is built.
var house callscript.House

// chromiums are those that most tests use.
var chromiums shared

func TestMain(m *testing.M) { goleak.VerifyTestMain(tests{m}) }

// tests end what they share.
type tests struct{ m *testing.M }

func (t tests) Run() int {
	code := t.m.Run()
	if err := errors.Join(chromiums.close(), house.Close()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return max(code, 1)
	}
	return code
}
