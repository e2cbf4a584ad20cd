// Package statistics is the page of figures that everybody may see, at /statistics, and the same as a file. It needs no sign-in, sets nothing
// in the browser, and may be kept by caches.
//
// It must not compute a figure, read the database, or show anything that the use cases do not publish.
//
// The entry point is [Handler].
package statistics
