// Package number reads dialled numbers as the telephone network of one country
// does: it makes E.164 of them, tells what kind of number and of which country
// they are, and so which class of toll a call to them has. Emergency numbers are
// known per country.
//
// The numbering plans are those of Google's libphonenumber, as they were when the
// program was built.
package number
