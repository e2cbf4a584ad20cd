// Package statistics gives the figures that the public may see, from which nobody can be recognised: by month and region, of months that are
// over, with small numbers hidden and with them what they could be computed from.
//
// It must not show a single case, a day, or a month that goes on, and it reads cases once a month, when the robot asks for it, never when
// somebody looks. What was counted is kept and does not change.
//
// Entry points: [New], [Hide].
package statistics
