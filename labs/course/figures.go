package course

// Bar is one run in a chart of one figure.
type Bar struct {
	Letter string
	Value  float64
	Share  float64 // of the largest value of the chart, 0..1
}

// Bars returns one figure of several runs on one scale. Runs without the figure
// are left out.
func Bars(id string, runs Runs) (bars []Bar) {
	largest := 0.0
	for i, run := range runs.List() {
		if v, ok := metricOf(run, id); ok {
			bars = append(bars, Bar{Letter: Letters[i : i+1], Value: v})
			largest = max(largest, v)
		}
	}
	for i := range bars {
		if largest > 0 {
			bars[i].Share = max(0, bars[i].Value/largest)
		}
	}
	return bars
}
