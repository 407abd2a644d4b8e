package export_test

import (
	"fmt"
	"os"
	"sync"
	"testing"
)

// packages are the JavaScript libraries, in a folder that the tests share.
var packages struct {
	sync.Once
	dir, out string
	err      error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if packages.dir != "" {
		if err := os.RemoveAll(packages.dir); err != nil {
			fmt.Fprintln(os.Stderr, "removing the JavaScript libraries:", err)
		}
	}
	os.Exit(code)
}
