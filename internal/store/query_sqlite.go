package store

import (
	"context"
	"database/sql/driver"
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"

	modernc "modernc.org/sqlite"

	"rollcall/internal/rollcall"
)

// queryFunction is one function that queries need beyond SQLite's own; NULL in
// is NULL out. PostgreSQL has the same ones, made by migration 5.
type queryFunction func(args []driver.Value) (driver.Value, error)

// sqliteDriver returns a driver whose connections know the functions of queries.
func sqliteDriver() *modernc.Driver {
	d := &modernc.Driver{}
	patterns := &patternCache{compiled: map[string]*regexp.Regexp{}}
	for name, do := range map[string]queryFunction{
		"flat":        func(args []driver.Value) (driver.Value, error) { return rollcall.Flatten(argText(args[0])), nil },
		"fold":        func(args []driver.Value) (driver.Value, error) { return rollcall.FoldLoosely(argText(args[0])), nil },
		"text":        func(args []driver.Value) (driver.Value, error) { return argText(args[0]), nil },
		"like":        sqlLike,
		"regexp":      patterns.match,
		"number":      func(args []driver.Value) (driver.Value, error) { return numberOf(argText(args[0])), nil },
		"datetime":    sqlDateTime,
		"date_add":    sqlDateAdd,
		"to_days":     sqlToDays,
		"from_days":   sqlFromDays,
		"date_format": sqlDateFormat,
		"substr":      sqlSubstr,
		"round":       sqlRound,
		"bits":        sqlBits,
		"aton":        sqlAton,
		"ntoa":        sqlNtoa,
	} {
		d.MustRegisterDeterministicScalarFunction("rollcall_"+name, -1, func(_ *modernc.FunctionContext, args []driver.Value) (driver.Value, error) {
			for _, a := range args {
				if a == nil {
					return nil, nil
				}
			}
			return do(args)
		})
	}
	return d
}

// sqliteConnector opens connections by a driver of our own.
type sqliteConnector struct {
	driver *modernc.Driver
	dsn    string
}

// Connect opens a connection.
func (c *sqliteConnector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.dsn) }

// Driver returns the driver.
func (c *sqliteConnector) Driver() driver.Driver { return c.driver }

// patternCache keeps the patterns of REGEXP compiled: each is asked of every row.
type patternCache struct {
	mu       sync.Mutex
	compiled map[string]*regexp.Regexp
}

const maxPatterns = 100

func (c *patternCache) match(args []driver.Value) (driver.Value, error) {
	pattern := argText(args[1])
	c.mu.Lock()
	re := c.compiled[pattern]
	c.mu.Unlock()
	if re == nil {
		var err error
		if re, err = regexp.Compile(pattern); err != nil {
			return nil, err
		}
		c.mu.Lock()
		if len(c.compiled) >= maxPatterns {
			clear(c.compiled)
		}
		c.compiled[strings.Clone(pattern)] = re
		c.mu.Unlock()
	}
	return sqlBool(re.MatchString(argText(args[0]))), nil
}

func sqlBool(b bool) driver.Value {
	if b {
		return int64(1)
	}
	return int64(0)
}

// argText is an argument as text.
func argText(v driver.Value) string {
	if f, ok := v.(float64); ok {
		return strconv.FormatFloat(f, 'g', 15, 64)
	}
	return cellText(v)
}

// argNumber is an argument as a number.
func argNumber(v driver.Value) float64 {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case float64:
		return v
	}
	if f, ok := numberOf(argText(v)).(float64); ok {
		return f
	}
	return 0
}

// argWhole is an argument rounded to a whole number and cut to 64 bits.
func argWhole(v driver.Value) int64 {
	if n, ok := v.(int64); ok {
		return n
	}
	f := math.Round(argNumber(v))
	switch {
	case f >= math.MaxInt64:
		return math.MaxInt64
	case f <= math.MinInt64:
		return math.MinInt64
	}
	return int64(f)
}

// numberPrefix is the number that a text begins with.
var numberPrefix = regexp.MustCompile(`^[ \t\n\r]*([-+]?(?:[0-9]{1,60}(?:\.[0-9]{0,60})?|\.[0-9]{1,60})(?:[eE][-+]?[0-9]{1,2})?)`)

// numberOf reads the number that a text begins with, else 0, as MySQL does.
func numberOf(s string) driver.Value {
	m := numberPrefix.FindStringSubmatch(s)
	if m == nil {
		return float64(0)
	}
	f, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		return float64(0)
	}
	return f
}

func sqlLike(args []driver.Value) (driver.Value, error) {
	return sqlBool(like(rollcall.Flatten(argText(args[0])), rollcall.Flatten(argText(args[1])))), nil
}

// like matches a pattern of % and _, with a backslash before one that stands for
// itself. It goes back to the last % alone, so that no pattern takes long.
func like(s, pattern string) bool {
	text, p := []rune(s), []rune(pattern)
	i, j := 0, 0
	star, from := -1, 0
	for i < len(text) {
		if j < len(p) {
			c, width, plain := p[j], 1, true
			switch {
			case c == '\\' && j+1 < len(p):
				c, width = p[j+1], 2
			case c == '%':
				star, from = j, i
				j++
				continue
			case c == '_':
				plain = false
			}
			if !plain || c == text[i] {
				i++
				j += width
				continue
			}
		}
		if star < 0 {
			return false
		}
		from++
		i, j = from, star+1
	}
	for j < len(p) && p[j] == '%' {
		j++
	}
	return j == len(p)
}

// sqlSubstr counts from 1, or from the end.
func sqlSubstr(args []driver.Value) (driver.Value, error) {
	text, pos := []rune(argText(args[0])), argWhole(args[1])
	n := int64(len(text))
	switch {
	case 1 <= pos && pos <= n:
		text = text[pos-1:]
	case -n <= pos && pos <= -1:
		text = text[n+pos:]
	default:
		return "", nil
	}
	if len(args) > 2 {
		text = text[:min(int64(len(text)), max(argWhole(args[2]), 0))]
	}
	return string(text), nil
}

// sqlRound rounds half away from zero.
func sqlRound(args []driver.Value) (driver.Value, error) {
	digits := max(-30, min(30, argWhole(args[1])))
	if n, ok := args[0].(int64); ok && digits >= 0 {
		return n, nil
	}
	x, scale := argNumber(args[0]), math.Pow10(int(digits))
	if r := math.Round(x*scale) / scale; !math.IsNaN(r) && !math.IsInf(r, 0) {
		return r, nil
	}
	return x, nil
}

func sqlBits(args []driver.Value) (driver.Value, error) {
	a, b := argWhole(args[1]), argWhole(args[2])
	switch op := argText(args[0]); {
	case op == "&":
		return a & b, nil
	case op == "|":
		return a | b, nil
	case op == "^":
		return a ^ b, nil
	case b < 0 || b > 63:
		return int64(0), nil
	case op == "<<":
		return a << b, nil
	}
	return a >> b, nil
}

func sqlAton(args []driver.Value) (driver.Value, error) {
	parts := strings.Split(argText(args[0]), ".")
	if len(parts) != 4 {
		return nil, nil
	}
	n := int64(0)
	for _, p := range parts {
		octet, err := strconv.ParseUint(p, 10, 8)
		if err != nil || len(p) > 3 {
			return nil, nil
		}
		n = n<<8 | int64(octet)
	}
	return n, nil
}

func sqlNtoa(args []driver.Value) (driver.Value, error) {
	n := argWhole(args[0])
	if n < 0 || n > math.MaxUint32 {
		return nil, nil
	}
	octets := make([]string, 4)
	for i := range octets {
		octets[i] = strconv.FormatInt(n>>(24-8*i)&255, 10)
	}
	return strings.Join(octets, "."), nil
}
