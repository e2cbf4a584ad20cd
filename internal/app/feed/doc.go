// Package feed tells a source what happened to its writs: pages to be read by a cursor, and the same pages told to the
// source's webhook until they are taken.
//
// It must not speak HTTP, know the job queue, change a case, or tell anything of a person: a source learns of its own
// documents only.
//
// The entry point is [New].
package feed
