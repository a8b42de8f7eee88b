package config

import "dialtone/dialplan"

// Secret is a string that prints as stars in every verb of fmt, in slog, JSON
// and YAML; steps of the dialplan have secrets too.
type Secret = dialplan.Secret

const masked = "***"
