// Package numbering reads and writes numbers as the trunks do: which digits a
// provider is asked for, and which number it is to show to who is called. What real
// calls send and what tests of a plan see is the same computation.
package numbering
