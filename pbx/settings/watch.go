package settings

// Watch has told called, which must not block, after a setting of an extension was
// changed. Call it before anybody sets anything.
func (s *Settings) Watch(told func(extension string)) { s.told = told }
