package auth

import (
	"rollcall/internal/rollcall"
)

// Visible narrows a query to what an account may see: objects that belong to its
// allowed organizations or those below them, in every selected column. Classes
// that belong to no organization are not narrowed (iTop 3.2.0).
func (r *Rights) Visible(a *Account, q *rollcall.Query) *rollcall.Query {
	if a == nil || a.Organisations == nil {
		return q
	}
	allowed := make([]string, len(a.Organisations))
	for i, id := range a.Organisations {
		allowed[i] = itoa(id)
	}
	for column, class := range q.Columns {
		if code := r.owner(class); code != "" {
			q = q.WhereAt(column, code, allowed...)
		}
	}
	return q
}

// owner names the attribute that holds the organization an object belongs to, ""
// for a class without one. An organization belongs to itself.
func (r *Rights) owner(class *rollcall.Class) string {
	if r.model.IsA(class.Name, classOrganization) {
		return "id"
	}
	if attr := class.Attribute("org_id"); attr != nil {
		return attr.Code
	}
	return ""
}

const classOrganization = "Organization"
