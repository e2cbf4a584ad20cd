// Package wording keeps the versions of what notices say: what operators change, propose, approve and reject, and the version
// in force. One person proposes, another approves within 24 hours; a version that was proposed once is never changed.
//
// It must not decide what a good wording is, which package text does, send anything, or touch a notice: a notice keeps the
// version with which it was created. It never sees a person's data.
//
// The entry points are [Library], from which notices are rendered, and [Store], with which people work.
package wording
