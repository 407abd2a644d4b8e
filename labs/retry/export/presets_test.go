package export_test

import (
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"resilab/labs/retry/preset"
)

// recordWaits prints the waits that the packages really make when every call
// fails, one list for each [package, options, draw]; Math.random gives the draw and
// setTimeout does not wait.
const recordWaits = `
let waits
globalThis.setTimeout = (f, ms) => { waits.push(ms); setImmediate(f) }

async function record ([name, options, draw]) {
  waits = []
  Math.random = () => draw
  const retry = require(name)
  const down = new Error('down')
  await (name === 'async-retry'
    ? retry(async () => { throw down }, options)
    : retry(async again => again(down), options)).catch(() => {})
  return waits
}

(async () => {
  const all = []
  for (const one of JSON.parse(process.argv[2])) all.push(await record(one))
  console.log(JSON.stringify(all))
})()
`

// The presets of the JavaScript libraries against the packages themselves.
func TestPresetsWaitLikeTheRealPackages(t *testing.T) {
	t.Parallel()
	common := `"retries":6,"minTimeout":100,"factor":2,"maxTimeout":1000`
	retries, base, longest, factor := 6, 100*time.Millisecond, time.Second, 2.0
	overrides := preset.Overrides{Retries: &retries, Base: &base, Cap: &longest, Factor: &factor}
	var arguments []string
	var ours []preset.Schedule
	for _, c := range []struct {
		preset, options string
		overrides       preset.Overrides
	}{
		{"async-retry", "{}", preset.Overrides{}},
		{"async-retry/no-randomize", `{"randomize":false}`, preset.Overrides{}},
		{"async-retry", "{" + common + "}", overrides},
		{"async-retry/no-randomize", `{"randomize":false,` + common + "}", overrides},
		{"promise-retry", "{}", preset.Overrides{}},
		{"promise-retry/randomize", `{"randomize":true}`, preset.Overrides{}},
		{"promise-retry", "{" + common + "}", overrides},
		{"promise-retry/randomize", `{"randomize":true,` + common + "}", overrides},
	} {
		p, err := preset.ByName(c.preset)
		if err != nil {
			t.Fatal(err)
		}
		if p, err = p.With(c.overrides); err != nil {
			t.Fatal(err)
		}
		for _, draw := range []float64{0, 0.37, 0.5, 0.999} {
			arguments = append(arguments, fmt.Sprintf(`["%s",%s,%v]`, p.Title, c.options, draw))
			ours = append(ours, p.Schedule(100, draw))
		}
	}
	for i, real := range waitsOfThePackages(t, arguments) {
		if *ours[i].Attempts != len(real)+1 || !slices.EqualFunc(ours[i].DelaysMS, real, equal) {
			t.Errorf("%s: %v, the package %v", arguments[i], ours[i].DelaysMS, real)
		}
	}
}

func equal(a, b float64) bool { return math.Abs(a-b) < 1e-6 }

func waitsOfThePackages(t *testing.T, arguments []string) (waits [][]float64) {
	t.Helper()
	dir := nodeModules(t)
	write(t, filepath.Join(dir, "record.js"), recordWaits)
	out, err := command(t, dir, nil, "node", "record.js", "["+strings.Join(arguments, ",")+"]")
	if err == nil {
		err = json.Unmarshal([]byte(out), &waits)
	}
	if err != nil || len(waits) != len(arguments) {
		t.Fatalf("%d of %d recorded, %v\n%s", len(waits), len(arguments), err, out)
	}
	return waits
}
