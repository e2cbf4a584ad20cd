package intake

import (
	"context"
	"errors"
	"io"

	"golang.org/x/sync/errgroup"

	"robotbailiff/internal/seal"
)

// chunking says how rows are made into chunks.
type chunking struct {
	skip   int // rows at the beginning that have a verdict already
	size   int
	lag    int // chunks that the work still needs after its call for them: those of so many calls before
	source string
	keys   *seal.Keys
}

// pipeline reads chunks in one goroutine while work is done on the one before. Three chunks exist at a time, and those that the
// work needs longer, so memory does not grow with the file.
func pipeline(ctx context.Context, rows RowReader, c chunking, work func(context.Context, []item) error) error {
	chunks := 3 + c.lag
	full, empty := make(chan []item), make(chan []item, chunks)
	for range chunks {
		empty <- nil
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer close(full)
		for more := true; more; {
			var items []item
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case items = <-empty:
			}
			var err error
			if items, more, err = c.fill(rows, items[:0]); err != nil {
				return err
			}
			if len(items) == 0 {
				continue
			}
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case full <- items:
			}
		}
		return nil
	})
	g.Go(func() error {
		var used [][]item
		for items := range full {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := work(ctx, items); err != nil {
				return err
			}
			if used = append(used, items); len(used) > c.lag {
				empty <- used[0]
				used = used[1:]
			}
		}
		return nil
	})
	return g.Wait()
}

// fill reads the next chunk; more is false at the end of the file.
func (c *chunking) fill(rows RowReader, items []item) (_ []item, more bool, _ error) {
	if cap(items) == 0 {
		items = make([]item, 0, c.size)
	}
	for len(items) < c.size {
		items = append(items, item{})
		it := &items[len(items)-1]
		err := rows.Next(&it.row)
		switch {
		case errors.Is(err, io.EOF):
			return items[:len(items)-1], false, nil
		case err != nil:
			return nil, false, err
		case c.skip > 0:
			c.skip--
			items = items[:len(items)-1]
			continue
		}
		it.prepare(c.keys, c.source)
	}
	return items, true, nil
}
