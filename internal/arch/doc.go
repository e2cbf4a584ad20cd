// Package arch holds the tests that keep the packages' import directions as ARCHITECTURE.md
// draws them. It must hold no code that a program could use; its tests are its entry point.
package arch
