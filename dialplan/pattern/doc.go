// Package pattern matches called and calling numbers, written as telephone
// people write them:
//
//	1234        the digits themselves; + * # are themselves too
//	X Z N       a digit 0-9, a digit 1-9, a digit 2-9
//	[2-9] [13579] [*#]   one character of those named
//	.           at the end: the rest of the number, one character or more
//	!           at the end: the rest of the number, which may be empty
//	_0X.        a leading _ as Asterisk wants it is skipped
//	alice-b     letters, and - _ ~ beside letters, are themselves; case counts
//	"Xavier"    within quotes, double or single, everything is itself
//	\X          after a backslash the next character is itself
//	/^0(?<area>[1-9]\d)(\d+)$/   a regular expression (RE2); it has to match the
//	            whole number, also without ^ and $
//
// Where a text can be read in two ways it is refused, and the error tells how to
// write either: X, Z and N beside other letters (agentX), small x, z and n
// without other letters (49xxx), spaces and hyphens in numbers.
//
// Numbers are compared byte by byte. A number longer than [MaxNumber] matches
// nothing.
package pattern
