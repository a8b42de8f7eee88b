package config

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkLoad reads 5,000 extensions.
func BenchmarkLoad(b *testing.B) {
	var text strings.Builder
	text.WriteString("extensions:\n")
	for i := range 5000 {
		fmt.Fprintf(&text, "  %d: {password: fbqm-3n7c-wz5k-8pty, name: Phone %d, codecs: [PCMA, G722]}\n", 1000+i, i)
	}
	data := []byte(text.String())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse("bench", data, nil); err != nil {
			b.Fatal(err)
		}
	}
}
