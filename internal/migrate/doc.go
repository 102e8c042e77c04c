// Package migrate turns the settings of another product's directory integration
// into a configuration: those of eXo Platform (exo.properties) and of Creatio (a
// JSON file of its system settings). It is pure: texts go in, a Draft comes out,
// which says what is to be written, why, and what became of each setting. How a
// Draft looks as YAML is for the command line to say.
//
// Names, defaults and meanings of the settings are those of the two products'
// documentation; where eXo's code does something else than its documentation
// says, the documentation counts.
package migrate
