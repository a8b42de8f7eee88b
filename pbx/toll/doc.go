// Package toll says who may call what outside, and how much of it: by the kind
// and country of the number, by how many calls are up and how many were started
// within an hour. It knows neither SIP nor trunks; the Switchboard asks it before
// every call to the outside.
package toll
