package config

import _ "embed"

//go:generate go run ./docgen

//go:embed generated/config.md
var reference string

//go:embed generated/dialtone.sample.yaml
var sample string

//go:embed generated/dialtone.schema.json
var schema string

// Reference is the manual of all keys, in Markdown.
func Reference() []byte { return []byte(reference) }

// Sample is a configuration that says nothing, with every key, its meaning and
// its default in comments.
func Sample() []byte { return []byte(sample) }

// Schema is the JSON Schema (draft-07) of the configuration, for editors.
func Schema() []byte { return []byte(schema) }
