package config

import (
	"crypto/sha1" //nolint:gosec // as git names files, not for security
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
)

// versionDigits are enough to tell versions apart.
const versionDigits = 12

// readText is a YAML file as it was read.
type readText struct {
	name string
	blob [sha1.Size]byte // what git calls its content
}

// note remembers what a file said, for the version.
func (l *loader) note(name string, data []byte) {
	h := sha1.New() //nolint:gosec // see above
	fmt.Fprintf(h, "blob %d\x00", len(data))
	h.Write(data)
	l.texts = append(l.texts, readText{name, [sha1.Size]byte(h.Sum(nil))})
}

// version names the configuration that was read: by the git commit of its folder
// when all of its YAML files are as git knows them, by commit+content when they are
// not, by the content when there is no git. Environment and secret files do not
// count.
func (l *loader) version() string {
	if len(l.texts) == 0 {
		return ""
	}
	h := sha256.New()
	for _, t := range l.texts {
		h.Write(t.blob[:])
	}
	content := hex.EncodeToString(h.Sum(nil))
	if !l.files {
		return content[:versionDigits]
	}
	tree, found := findWorkTree(filepath.Dir(l.texts[0].name))
	if !found {
		return content[:versionDigits]
	}
	known := tree.blobs()
	for _, t := range l.texts {
		if blob, ok := known[tree.inside(t.name)]; !ok || blob != t.blob {
			return tree.commit[:versionDigits] + "+" + content[:versionDigits/2]
		}
	}
	return tree.commit[:versionDigits]
}
