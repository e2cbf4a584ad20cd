package calendar_test

import (
	"fmt"
	"time"

	"robotbailiff/rules/calendar"
	"robotbailiff/rules/pack"
)

func ExampleCalendar_Term() {
	cal := pack.Default().Calendar()
	opened := calendar.MakeDate(2024, time.August, 20)
	last := cal.Term(opened, 30, calendar.Counting{StartNextDay: true, RollForward: true})
	fmt.Println(last, last.Weekday())
	fmt.Println(last.End().UTC().Format(time.RFC3339))
	// Output:
	// 2024-09-19 Thursday
	// 2024-09-19T19:00:00Z
}
