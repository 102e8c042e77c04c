package store

import (
	"strconv"
	"time"

	"rollcall/internal/rollcall"
)

// call renders a function. Each argument is rendered once: a function of a
// function of a function must not grow with the power of its depth.
func (r *renderer) call(e *rollcall.Call) (fragment, error) {
	args, err := r.values(e.Args)
	if err != nil {
		return fragment{}, err
	}
	switch e.Function {
	case "IF":
		results, is := r.unify(args[1:])
		f := join("", is, r.condition(args[0]), results[0].wrap(" THEN ", "", is), results[1].wrap(" ELSE ", "", is))
		return f.wrap("CASE WHEN ", " END", is), nil
	case "ELT":
		return r.elt(args), nil
	case "COALESCE":
		list, is := r.unify(args)
		if len(list) == 1 {
			return list[0], nil
		}
		return call("COALESCE", is, list...), nil
	case "ISNULL":
		return args[0].wrap("(", " IS NULL)", conditionValue), nil
	case "CONCAT":
		for i := range args {
			args[i] = r.text(args[i])
		}
		return balanced(" || ", textValue, args), nil
	case "SUBSTR":
		for i := range args[1:] {
			args[i+1] = r.exact(args[i+1])
		}
		args[0] = r.text(args[0])
		return call("rollcall_substr", textValue, args...), nil
	case "TRIM":
		return call("TRIM", textValue, r.text(args[0])), nil
	case "INET_ATON":
		return call("rollcall_aton", wholeValue, r.text(args[0])), nil
	case "INET_NTOA":
		return call("rollcall_ntoa", textValue, r.exact(args[0])), nil
	case "ROUND":
		digits := r.numberParam(int64(0))
		if len(args) > 1 {
			digits = args[1]
		}
		return call("rollcall_round", realValue, r.exact(args[0]), r.exact(digits)), nil
	case "FLOOR":
		if r.numbered {
			return call("floor", wholeValue, r.exact(args[0])), nil
		}
		return call("floor", wholeValue, r.exact(args[0])).wrap("CAST(", " AS BIGINT)", wholeValue), nil
	}
	return r.dateCall(e, args)
}

// elt renders ELT: the n-th of what follows n, NULL where there is none.
func (r *renderer) elt(args []fragment) fragment {
	list, is := r.unify(args[1:])
	pieces := []fragment{call("rollcall_round", wholeValue, r.exact(args[0]), r.exact(r.numberParam(int64(0))))}
	for i, f := range list {
		pieces = append(pieces, f.wrap("WHEN "+strconv.Itoa(i+1)+" THEN ", "", is))
	}
	return join(" ", is, pieces...).wrap("CASE ", " END", is)
}

// dateCall renders a function of dates.
func (r *renderer) dateCall(e *rollcall.Call, args []fragment) (fragment, error) {
	switch e.Function {
	case "NOW":
		return r.dateParam(r.now.UTC().Format(time.DateTime), datetimeValue), nil
	case "CURRENT_DATE":
		return r.dateParam(r.now.UTC().Format(time.DateOnly), dateValue), nil
	case "FROM_DAYS":
		return call("rollcall_from_days", dateValue, r.exact(args[0])), nil
	}
	at := r.temporal(args[0])
	switch e.Function {
	case "DATE":
		return at.wrap("substr(", ", 1, 10)", dateValue), nil
	case "TIME":
		return r.datetime(at).wrap("substr(", ", 12, 8)", textValue), nil
	case "YEAR":
		return at.wrap("CAST(substr(", ", 1, 4) AS BIGINT)", wholeValue), nil
	case "MONTH":
		return at.wrap("CAST(substr(", ", 6, 2) AS BIGINT)", wholeValue), nil
	case "DAY":
		return at.wrap("CAST(substr(", ", 9, 2) AS BIGINT)", wholeValue), nil
	case "TO_DAYS":
		return call("rollcall_to_days", wholeValue, at), nil
	case "DATE_FORMAT":
		return call("rollcall_date_format", textValue, at, r.text(args[1])), nil
	case "DATE_ADD", "DATE_SUB":
		n := r.exact(args[1])
		if e.Function == "DATE_SUB" {
			n = n.wrap("(-", ")", n.is)
		}
		f := call("rollcall_date_add", datetimeValue, at, n, r.textParam(e.Unit))
		if at.is == dateValue && (e.Unit == "DAY" || e.Unit == "MONTH" || e.Unit == "YEAR") {
			f = f.wrap("substr(", ", 1, 10)", dateValue)
		}
		return f, nil
	}
	return fragment{}, rollcall.Errorf(rollcall.Invalid, "there is no function %s", e.Function)
}
