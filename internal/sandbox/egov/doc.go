// Package egov is the identity provider of the sandbox: an OpenID provider (discovery, keys, authorization code with PKCE, tokens, sign-out)
// whose people sign in by being chosen from a list. It stands for eGov, and can stand for the provider of any other room.
//
// It must not be served in production, where nobody is anybody by a click, know what a client does with an identity, or show an identity
// number. GET changes nothing.
//
// The entry point is [New].
package egov
