package export

import (
	"bytes"
	"fmt"
	"go/format"
	"regexp"
)

// standard are the packages of the standard library that the Go programs may use,
// by the name they use.
var standard = []struct{ name, spec string }{
	{"bytes", `"bytes"`}, {"context", `"context"`}, {"crand", `crand "crypto/rand"`}, {"json", `"encoding/json"`},
	{"errors", `"errors"`}, {"fmt", `"fmt"`}, {"io", `"io"`}, {"log", `"log"`}, {"math", `"math"`},
	{"rand", `"math/rand/v2"`}, {"http", `"net/http"`}, {"os", `"os"`}, {"strconv", `"strconv"`}, {"time", `"time"`},
}

// tidy imports the packages that a program uses and formats it.
func tidy(source []byte) ([]byte, error) {
	var specs bytes.Buffer
	for _, p := range standard {
		if regexp.MustCompile(`[^\w"/.]` + p.name + `\.[A-Z]`).Match(source) {
			fmt.Fprintf(&specs, "\t%s\n", p.spec)
		}
	}
	source = bytes.Replace(source, []byte("\t// std\n"), specs.Bytes(), 1)
	formatted, err := format.Source(source)
	if err != nil {
		return nil, fmt.Errorf("formatting: %w", err)
	}
	return formatted, nil
}
