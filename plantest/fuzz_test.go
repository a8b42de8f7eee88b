package plantest

import (
	"os"
	"testing"

	"dialtone/config"
)

// No text makes the reader of tests fall over, and what it takes can be run.
func FuzzRead(f *testing.F) {
	suite, err := Read("testdata/passes_test.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range []string{"passes_test.yaml", "fails_test.yaml", "bad/keys.yaml", "bad/values.yaml", "bad/none.yaml"} {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Add("tests: [{name: a, call: {to: \"4\", from: door}, expect: {routes: [none], heard: [x after 1h for 1ms]}}]")
	f.Fuzz(func(t *testing.T, text string) {
		var file File
		s := *suite
		doc := config.ParseDocument("fuzz_test.yaml", []byte(text), &file)
		s.Cases, s.world = file.Tests, file.World
		reader{&s, doc}.file(&file)
		if doc.Err() != nil {
			return
		}
		for _, c := range s.Cases[:min(len(s.Cases), 3)] {
			r := s.Run(c)
			if r.Observed == nil && r.Err == nil {
				t.Error("a test came to nothing")
			}
			_ = r.summary()
			if r.Observed != nil {
				_ = r.Text()
			}
		}
	})
}
