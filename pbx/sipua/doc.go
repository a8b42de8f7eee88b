// Package sipua is the SIP user agent: dialogs, and the legs of calls made of
// them. It stands on the transactions of the edge and knows RFC 3261, 3262,
// 3264, 3311, 3326, 4028 and 6086; what a call does with its legs is not known
// here.
package sipua
