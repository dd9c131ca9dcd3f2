package reconcile

import (
	"cmp"
	"math/big"
	"slices"
	"time"
)

// A pace is only named where it rests on something: so many readings, from no further
// back than that, over so long a time, and no further ahead than this.
const (
	fewestReadings = 4
	paceReach      = 90 * Day
	shortestPace   = 7 * Day
	paceAhead      = 365 * Day
)

// pace is how the seats in use have moved over the recorded runs and the present
// reading: the straight line with the smallest squares of distances.
type pace struct {
	// perHour is the slope; nil where there are too few readings to say.
	perHour *big.Rat
	// readings and since say what it rests on.
	readings int
	since    time.Time
	now      time.Time // in the timezone of the days
	used     int
}

// newPace finds the pace of the seats in use. The present reading is the last point, and
// days are those of its timezone.
func newPace(history *History, used int, now time.Time) pace {
	p := pace{now: now, used: used}
	points := []SeatReading{{At: now, Used: used}}
	for _, reading := range history.Readings {
		if age := now.Sub(reading.At); age > 0 && age <= paceReach {
			points = append(points, reading)
		}
	}
	slices.SortStableFunc(points, func(a, b SeatReading) int { return cmp.Compare(a.At.Unix(), b.At.Unix()) })
	p.since, p.readings = points[0].At, len(points)
	if p.readings < fewestReadings || now.Sub(p.since) < shortestPace {
		return p
	}
	var n, sumX, sumY, sumXX, sumXY big.Int
	add := func(sum *big.Int, value int64) { sum.Add(sum, big.NewInt(value)) }
	for _, point := range points {
		x, y := int64(point.At.Sub(p.since)/time.Hour), int64(point.Used)
		add(&n, 1)
		add(&sumX, x)
		add(&sumY, y)
		add(&sumXX, x*x)
		add(&sumXY, x*y)
	}
	below := difference(&n, &sumXX, &sumX, &sumX)
	if below.Sign() > 0 {
		p.perHour = new(big.Rat).SetFrac(difference(&n, &sumXY, &sumX, &sumY), below)
	}
	return p
}

// difference returns a×b − c×d.
func difference(a, b, c, d *big.Int) *big.Int {
	left, right := new(big.Int).Mul(a, b), new(big.Int).Mul(c, d)
	return left.Sub(left, right)
}

// reaches returns the day on which so many seats will be in use at this pace, from the
// number in use now. It is zero where that is not known, never, or too far ahead.
func (p *pace) reaches(seats int) Date {
	if seats <= p.used {
		return p.dateOf(p.now)
	}
	if p.perHour == nil || p.perHour.Sign() <= 0 {
		return Date{}
	}
	hours := new(big.Rat).Quo(big.NewRat(int64(seats-p.used), 1), p.perHour)
	whole := new(big.Int).Quo(hours.Num(), hours.Denom())
	if !whole.IsInt64() || whole.Int64() > int64(paceAhead/time.Hour) {
		return Date{}
	}
	return p.dateOf(p.now.Add(time.Duration(whole.Int64()) * time.Hour))
}

// String says the pace: "12.5 more a month, by 31 readings since 2026-08-01".
func (p *pace) String() string {
	monthly := new(big.Rat).Mul(p.perHour, big.NewRat(24*30, 1))
	return monthly.FloatString(1) + " more a month, by " + Count(p.readings, "reading") + " since " + p.dateOf(p.since).String()
}

// dateOf returns the day of a moment by the calendar of the timezone of now.
func (p *pace) dateOf(at time.Time) Date {
	year, month, day := at.In(p.now.Location()).Date()
	return Date{year, month, day}
}
