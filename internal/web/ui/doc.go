// Package ui is what all pages share: the renderer with one template set per language, the headers that every answer
// carries, protection of forms, cookies, error pages, the style sheet and the fragments.
//
// It must not know a use case, read a database, keep state about a visitor, or load anything from another host. A site may
// name one script of its own; no page needs it.
//
// The entry points are [NewRenderer] and [Site].
package ui
