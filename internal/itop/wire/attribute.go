package wire

import (
	"slices"
	"strings"

	"rollcall/internal/rollcall"
)

// The suffixes of what a key adds to a class.
const (
	suffixName  = "_" + rollcall.CodeFriendlyName
	suffixFlag  = "_" + rollcall.CodeObsolescenceFlag
	suffixClass = "_finalclass_recall"
)

// Codes returns the attributes of a class as iTop 3.2.0 lists them for "*": the
// declared ones, those inherited first, then what the class computes, then what
// each key adds. id is not among them.
func Codes(model *rollcall.Model, class *rollcall.Class) []string {
	var codes []string
	for _, a := range class.Attributes {
		codes = append(codes, a.Code)
	}
	if class.Parent != "" || len(model.Family(class.Name)) > 1 {
		codes = append(codes, rollcall.CodeFinalClass)
	}
	codes = append(codes, rollcall.CodeFriendlyName)
	if model.IsObsoletable(class) {
		codes = append(codes, rollcall.CodeObsolescenceFlag, rollcall.CodeObsolescenceDate)
	}
	for _, a := range class.Attributes {
		codes = append(codes, Additions(model, class, a)...)
	}
	return codes
}

// Additions returns what a key, or a field that shows one, adds to its class.
func Additions(model *rollcall.Model, class *rollcall.Class, a *rollcall.Attribute) []string {
	target := model.KeyTarget(class, a)
	if target == nil {
		return nil
	}
	codes := []string{a.Code + suffixName}
	if a.IsKey() && len(model.Family(target.Name)) > 1 {
		codes = append(codes, a.Code+suffixClass)
	}
	if model.IsObsoletable(target) {
		codes = append(codes, a.Code+suffixFlag)
	}
	return codes
}

// labels are those that iTop's English dictionary gives to an attribute that
// nobody declares.
var labels = map[string]string{
	"Person." + "manager_id" + suffixName: "Manager friendly name",
}

// Label returns the English name of any attribute that Codes lists, and of id.
func Label(model *rollcall.Model, class *rollcall.Class, code string) string {
	switch code {
	case rollcall.CodeID:
		return "id (Primary Key)"
	case rollcall.CodeFriendlyName:
		return "Full name"
	case rollcall.CodeObsolescenceFlag:
		return "Obsolete"
	case rollcall.CodeObsolescenceDate:
		return "Obsolescence date"
	case rollcall.CodeFinalClass:
		if root := model.Class(class.Root); root != nil {
			return root.Label + " sub-class"
		}
	}
	if a := class.Attribute(code); a != nil {
		return a.Label
	}
	if label, ok := labels[class.Name+"."+code]; ok {
		return label
	}
	if d, ok := model.Derive(class, code); ok {
		if d.Code == rollcall.CodeFriendlyName {
			return d.Via.Label
		}
		return d.Via.Label + "->" + Label(model, model.KeyTarget(class, d.Via), d.Code)
	}
	return code
}

// Known reports whether Codes lists a code.
func Known(model *rollcall.Model, class *rollcall.Class, code string) bool {
	if class.Attribute(code) != nil {
		return true
	}
	return slices.Contains(Codes(model, class), code)
}

// ValueLabel returns the English text of a value of an attribute with a list of
// values, and the value itself of any other.
func ValueLabel(a *rollcall.Attribute, value string) string {
	if i := slices.Index(a.Values, value); i >= 0 && i < len(a.Labels) {
		return a.Labels[i]
	}
	return value
}

// TagSeparator stands between the tags of an attribute in CSV (iTop 3.2.0's
// tag_set_item_separator).
const TagSeparator = "|"

// Tags returns the tags of an attribute one by one: their English labels, or
// their codes.
func Tags(a *rollcall.Attribute, value string, localize bool) []string {
	tags := strings.Fields(value)
	for i := range tags {
		if localize {
			tags[i] = ValueLabel(a, tags[i])
		}
	}
	return tags
}

// TagsOf returns the codes of tags that CSV lists by label, or by code. unknown is
// the first that the attribute does not have.
func TagsOf(a *rollcall.Attribute, list string, localize bool) (codes, unknown string) {
	var found []string
	for tag := range strings.SplitSeq(list, TagSeparator) {
		i := slices.Index(a.Values, tag)
		if localize && len(a.Labels) > 0 {
			i = slices.Index(a.Labels, tag)
		}
		switch {
		case tag == "":
		case i < 0:
			return "", tag
		default:
			found = append(found, a.Values[i])
		}
	}
	return strings.Join(found, " "), ""
}

// ValueOf returns the value that a label, or a code, of an attribute with a list
// of values stands for; case does not matter.
func ValueOf(a *rollcall.Attribute, label string) (string, bool) {
	for i, l := range a.Labels {
		if strings.EqualFold(l, label) && i < len(a.Values) {
			return a.Values[i], true
		}
	}
	for _, v := range a.Values {
		if strings.EqualFold(v, label) {
			return v, true
		}
	}
	return "", false
}
