package smsc

import (
	"container/heap"
	"time"
)

// queue gives things back when their time has come; those of one moment in the order in which they came.
type queue[T any] struct {
	items items[T]
	n     uint64
}

type item[T any] struct {
	due   time.Time
	order uint64
	value T
}

func (q *queue[T]) push(due time.Time, value T) {
	q.n++
	heap.Push(&q.items, item[T]{due, q.n, value})
}

// pop gives what is due, or else says when something will be; a zero time says never.
func (q *queue[T]) pop(now time.Time) (value T, next time.Time, ok bool) {
	if len(q.items) == 0 {
		return value, next, false
	}
	if first := q.items[0].due; first.After(now) {
		return value, first, false
	}
	due, _ := heap.Pop(&q.items).(item[T])
	return due.value, next, true
}

// items is for container/heap.
type items[T any] []item[T]

func (s items[T]) Len() int { return len(s) }

func (s items[T]) Less(i, j int) bool {
	if !s[i].due.Equal(s[j].due) {
		return s[i].due.Before(s[j].due)
	}
	return s[i].order < s[j].order
}

func (s items[T]) Swap(i, j int) { s[i], s[j] = s[j], s[i] }

func (s *items[T]) Push(x any) {
	if i, ok := x.(item[T]); ok {
		*s = append(*s, i)
	}
}

func (s *items[T]) Pop() any {
	old := *s
	last := old[len(old)-1]
	old[len(old)-1] = item[T]{} // or it stays in memory
	*s = old[:len(old)-1]
	return last
}
