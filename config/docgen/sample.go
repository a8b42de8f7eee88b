package main

import (
	"bytes"
	"fmt"
	"strings"
)

const sampleIntro = `# Dialtone's configuration: every key, what it means, and its default behind #.
# Remove the # in front of a key to set it. ` + "`dialtone check FILE`" + ` says what is wrong;
# a running Dialtone reloads the file when it changes. Numbers to dial that start
# with * or # need quotes. ${NAME} in a value is taken from the environment.
`

const sampleExtension = "100"

// sampleOf writes every section, with each key behind # and without a space, so
// that it differs from the text above it.
func sampleOf(top []*node) []byte {
	var b bytes.Buffer
	b.WriteString(sampleIntro)
	for _, n := range top {
		b.WriteByte('\n')
		comment(&b, "", n)
		switch {
		case n.isPlan():
			fmt.Fprintf(&b, "#%s: {}\n", n.name)
		case n.isTable():
			fmt.Fprintf(&b, "%s:\n  #%q:\n", n.name, sampleExtension)
			sampleKeys(&b, "    ", n.keys)
		case n.isSection():
			fmt.Fprintf(&b, "%s:\n", n.name)
			sampleKeys(&b, "  ", n.keys)
		default:
			fmt.Fprintf(&b, "#%s: %s\n", n.name, n.defaultText())
		}
	}
	return b.Bytes()
}

func sampleKeys(b *bytes.Buffer, indent string, keys []*node) {
	for i, k := range keys {
		if i > 0 {
			b.WriteByte('\n')
		}
		comment(b, indent, k)
		value := k.defaultText()
		if k.inTable && k.tag.Get("yaml") == k.name {
			value = `""`
		}
		fmt.Fprintf(b, "%s#%s: %s\n", indent, k.name, value)
	}
}

func comment(b *bytes.Buffer, indent string, n *node) {
	for line := range strings.Lines(n.doc) {
		b.WriteString(strings.TrimRight(indent+"# "+line, " \n") + "\n")
	}
	if len(n.keys) > 0 {
		return
	}
	fmt.Fprintf(b, "%s# (%s", indent, n.typeText())
	if n.restart() {
		b.WriteString("; a change needs a restart")
	}
	b.WriteString(")\n")
}
