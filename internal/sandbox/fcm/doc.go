// Package fcm is the far end of Firebase Cloud Messaging for the demo and the tests: the endpoint where a service account gets
// its access token, and version 1 of the send endpoint, over HTTP as Google has them.
//
// Charter: it believes nobody. An assertion is checked against the public key of its service account, a send against the access
// tokens that were given out, a message against the rules of the API, unknown names included. What was taken is kept in a book
// of its own, in memory, which can be asked what a device would show. Google's own SDK (npm firebase-admin) has to get along
// with it; a test sees to that, where BAILIFF_TEST_NODE_MODULES names a folder that has it, and is skipped where it is not set.
//
// It must not be reachable in a production configuration, know a notice, or share code with package notify/channel/fcm, so that
// a mistake of one is not believed by the other. Time is the computer's own, as it is Google's.
//
// Entry points: [New], [Service.KeyFile] for the client, [Service.Taken] for what came of it.
package fcm
