package main

import "context"

func runBench(_ context.Context, _ *env, _ []string) error { return errUnknown }
