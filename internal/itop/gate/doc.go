// Package gate is what every page of the wire services does first: it reads the
// parameters, finds out who asks, and lets in or refuses, as iTop 3.2.0 does.
// What a page does then is the business of its own package.
package gate
