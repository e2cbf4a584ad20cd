// Package oidc lets people in by an identity provider: OpenID Connect, the authorization code flow with PKCE. It makes the address to
// which a browser is sent, checks everything about the answer that it brings back, and hands out who somebody is.
//
// It must not decide what somebody may do, begin a session, write a cookie or a log, or trust a token that came by way of a browser.
//
// Between the redirect and the callback nothing is kept at the server: what has to be remembered (state, nonce, the PKCE verifier)
// goes sealed into a cookie of the browser that asked. So a sign-in by another browser cannot be finished in this one, a million begun
// sign-ins cost us no row, a GET changes nothing, and every process of the house can finish what another has begun.
//
// The entry point is [New]; then [Party.Begin], [Party.Finish] and [Party.Goodbye].
package oidc
