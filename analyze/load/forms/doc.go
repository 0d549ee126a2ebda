// Package forms takes dumps and logs out of what they were put into on their way: a page of HTML, a block of Markdown, an export of a log
// system (CSV, JSON, the journal), numbered, indented, quoted or wrapped lines. What stands before each line of a stream as a shipper wrote
// it is left to package envelope, which parsers ask for every line.
//
// A form is recognised by the first lines of a text, and mostly by what comes out: a way to read a text is taken when more of its lines look
// like those of dumps and logs then. So a text that is in no form stays as it is.
package forms
