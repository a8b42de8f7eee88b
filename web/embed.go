// Package webdist holds the web phone as it is built from this folder: "make web"
// writes dist, which is committed so that nobody needs Node to build Dialtone.
package webdist

import (
	"embed"
	"io/fs"
)

//go:embed dist
var dist embed.FS

// Files are the files of the page: index.html, manifest.webmanifest and, below
// assets, what index.html names. The names of the assets hold a hash of what is in
// them, so a browser may keep them for ever.
func Files() (fs.FS, error) { return fs.Sub(dist, "dist") }
