// Package peers keeps how the banks, payment gateways and channels of notices fare that the robot talks to: what they answered, when, and how long
// that took.
//
// It is for people who look after the connections. It must not decide anything, keep what an answer said, or hold a number of a case or a
// person; what it has not yet written is lost with its process.
//
// Entry points: [Meter] for those who call, [Read] for those who look.
package peers
