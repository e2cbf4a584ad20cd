// Package breaker lets the robot stop itself: it compares what is counted with the limits of the rule pack and throws the switch
// when a limit is passed: for everything, or for the one bank that was sent too much. Two people release, as they do any stop, and from then on only what comes after the release counts.
//
// It must not decide about a case, release anything, or count case by case: what it looks at is small whatever the number of
// cases, namely the tallies of the engine, the open chunks, and the cases of today by their key. Its entry point is [Watcher].
package breaker
