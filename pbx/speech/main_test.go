package speech_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"go.uber.org/goleak"

	"dialtone/internal/testwav"
)

// helper says what this program does instead of testing: it is the engine, too.
const helper = "SPEECH_TEST_ENGINE"

func TestMain(m *testing.M) {
	if what := os.Getenv(helper); what != "" {
		os.Exit(engine(what))
	}
	goleak.VerifyTestMain(m)
}

// engine is a program that speaks.
func engine(what string) int {
	text, _ := io.ReadAll(os.Stdin)
	switch what {
	case "speaks": // as many milliseconds as the text has letters, and notes it
		line := fmt.Sprintf("%q %q\n", os.Args[1:], text)
		if f, err := os.OpenFile(os.Getenv("SPEECH_TEST_LOG"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err == nil {
			_, _ = f.WriteString(line)
			_ = f.Close()
		}
		_, _ = os.Stdout.Write(testwav.Format{}.Tone(440, time.Duration(len(text))*time.Millisecond*100))
	case "fails":
		fmt.Fprintln(os.Stderr, "no such voice\nmore")
		return 3
	case "mute":
	case "prose":
		fmt.Fprintln(os.Stdout, "hello, this is no audio")
	case "hangs": // and so does what it starts
		c := exec.Command("sleep", "60")
		c.Stdout = os.Stdout
		_ = c.Start()
		_ = c.Wait()
	case "endless":
		for {
			if _, err := os.Stdout.Write(make([]byte, 1<<16)); err != nil {
				return 1
			}
		}
	}
	return 0
}
