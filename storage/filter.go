package storage

// Fits says whether c is one of the records that f picks, its Limit aside.
func (f CDRFilter) Fits(c *CDR) bool {
	switch {
	case !f.Since.IsZero() && c.Start.Before(f.Since):
		return false
	case !f.Until.IsZero() && !c.Start.Before(f.Until):
		return false
	case f.ID != "" && c.ID != f.ID:
		return false
	case f.Missed && !c.Missed():
		return false
	case f.Party != "" && c.From != f.Party && c.To != f.Party:
		return false
	}
	return true
}
