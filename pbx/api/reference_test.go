package api

import (
	"os"
	"strings"
	"testing"
)

func TestReferenceIsCurrent(t *testing.T) {
	var now strings.Builder
	if err := Reference(&now); err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile("../../docs/ctl-api.md")
	if err != nil {
		t.Fatal(err)
	}
	if now.String() != string(kept) {
		t.Error("docs/ctl-api.md is not what the route table says: run make generate")
	}
}

func TestEveryRouteIsExplained(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range routes() {
		name := row.method + " " + row.path
		if seen[name] {
			t.Errorf("%s is there twice", name)
		}
		seen[name] = true
		if !strings.HasSuffix(row.sentence, ".") || len(row.sentence) < 15 {
			t.Errorf("%s has no sentence", name)
		}
		if row.handle == nil {
			t.Errorf("%s has no handler", name)
		}
		for _, p := range row.query {
			if p.sentence == "" {
				t.Errorf("%s: %s has no sentence", name, p.name)
			}
		}
	}
}
