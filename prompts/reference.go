package prompts

import (
	"bytes"
	"fmt"
	"strings"
)

// Reference is the page docs/prompts.md: every prompt and its text in each language.
func Reference() []byte {
	var b bytes.Buffer
	b.WriteString("# Prompts\n\nMade by `make generate`: do not edit.\n\n" +
		"These recordings come with Dialtone. The step `play` plays them by name, `say` puts them\n" +
		"together. A WAV file of yours replaces one: `menu/welcome.wav` in the folder `prompts` for all\n" +
		"languages, `fr/menu/welcome.wav` for French.\n\n" +
		"The texts are in `prompts/*.tsv`; `make prompts` records them again. Each recording is mono,\n" +
		fmt.Sprintf("of %d Hz, with speech at %d dBFS.\n", Rate, Level))
	topic := ""
	for _, name := range all() {
		if t, _, _ := strings.Cut(name, "/"); t != topic {
			topic = t
			fmt.Fprintf(&b, "\n## %s\n\n| Name | %s |\n|---|%s\n", topic, strings.Join(Languages(), " | "), strings.Repeat("---|", len(Languages())))
		}
		fmt.Fprintf(&b, "| `%s` |", name)
		for _, l := range Languages() {
			fmt.Fprintf(&b, " %s |", Text(l, name))
		}
		b.WriteByte('\n')
	}
	return b.Bytes()
}

// all are the names in any language: in the order of the first, each topic followed by
// what the others have besides.
func all() (out []string) {
	seen := map[string]bool{}
	var topics []string
	by := map[string][]string{}
	for _, l := range Languages() {
		for _, p := range List(l) {
			topic, _, _ := strings.Cut(p.Name, "/")
			if by[topic] == nil {
				topics = append(topics, topic)
			}
			if !seen[p.Name] {
				seen[p.Name] = true
				by[topic] = append(by[topic], p.Name)
			}
		}
	}
	for _, t := range topics {
		out = append(out, by[t]...)
	}
	return out
}
