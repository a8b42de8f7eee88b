// Package schedule knows when something is open: weekly hours, dates, days that
// come every year, calendar files, and the exceptions from them. [ParseItem]
// describes how times are written.
//
// What the clock on the wall shows decides. When the clocks go forward the hour
// that is left out exists for nobody: of 02:30-06:00 remains 03:00-06:00. When
// they go back, the hour that comes twice counts twice: 02:00-02:30 is open in
// both. Events of a calendar file with a time last as long as they say.
package schedule
