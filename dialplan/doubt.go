package dialplan

// Doubt is an error that is only worth a warning.
type Doubt struct{ Reason, Remedy string }

// Error implements error.
func (d *Doubt) Error() string { return d.Reason }
