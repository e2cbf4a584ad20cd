// Package calendar counts the days of the law: legal days in Asia/Almaty, working days,
// and terms that start the day after an event and roll past days off.
//
// It must not read the clock, know which term applies to what, or hold the holidays
// themselves: instants come from the caller, lengths and days off from the rule pack.
//
// The entry points are [Date] and [Calendar.Term].
package calendar
