package pg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// fileLock is an advisory lock between processes. The kernel drops it when its holder dies,
// however it dies, so a killed run never blocks the next one.
type fileLock struct{ file *os.File }

func openLock(path string) (*fileLock, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the lock file: %w", err)
	}
	return &fileLock{file: f}, nil
}

func (l *fileLock) share(ctx context.Context) error   { return l.acquire(ctx, syscall.LOCK_SH) }
func (l *fileLock) exclude(ctx context.Context) error { return l.acquire(ctx, syscall.LOCK_EX) }
func (l *fileLock) tryExclude() bool                  { return l.flock(syscall.LOCK_EX|syscall.LOCK_NB) == nil }
func (l *fileLock) release()                          { _ = l.flock(syscall.LOCK_UN) }
func (l *fileLock) close()                            { _ = l.file.Close() }

// acquire polls, because a blocking flock would ignore the context.
func (l *fileLock) acquire(ctx context.Context, how int) error {
	for {
		err := l.flock(how | syscall.LOCK_NB)
		if err == nil {
			return nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return fmt.Errorf("locking %s: %w", l.file.Name(), err)
		}
		if sleep(ctx, 20*time.Millisecond) != nil {
			return fmt.Errorf("waiting for another process that holds %s: %w", l.file.Name(), ctx.Err())
		}
	}
}

func (l *fileLock) flock(how int) error {
	for {
		err := syscall.Flock(int(l.file.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
