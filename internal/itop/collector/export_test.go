package collector

// What tests look at from outside.
var (
	PHPDate  = phpDate
	PHPFloat = phpFloat
	Quoted   = quoted

	CompareVersions = compareVersions
)

// AppendCSV writes a field as the files have it.
func AppendCSV(field string) string { return string(appendCSV(nil, []byte(field))) }

// Match runs a pattern of PHP over a text.
func Match(pattern, text string) ([]string, error) {
	p, err := parsePattern(pattern)
	if err != nil {
		return nil, err
	}
	return p.match(text), nil
}

// MapValue sends a value through a mapping table.
func MapValue(value string, items ...string) (string, bool, error) {
	v := hash()
	for _, i := range items {
		v.add(scalar(i))
	}
	t, err := newMappingTable("t", v, &logger{level: -1})
	if err != nil {
		return "", false, err
	}
	mapped, ok := t.find(value)
	return mapped, ok, nil
}

// LooselyEqual compares two JSON texts as PHP's == does.
func LooselyEqual(a, b string) bool {
	x, err := parseJSONText(a)
	if err != nil {
		return false
	}
	y, err := parseJSONText(b)
	return err == nil && looselyEqual(x, y)
}
