// Package report turns a case and what the rules said about it into what people
// and programs read: one JSON object, a few lines on a terminal, one finding in
// full, Markdown for a ticket, and one HTML file with charts.
//
// Every output of the same case is the same to the byte. Texts of a case come
// from captured systems and are hostile: control characters never reach a
// terminal, and nothing is markup in HTML or Markdown but what this package
// wrote. All outputs are bounded; what was left out is counted where it stood.
//
// What an admin decides from is one [Story], made once and told by all of them in its order: the worst problem, what
// to do first, four figures, each problem with what follows from it. The page adds sections, one file each, listed
// in sectionViews. Its charts have one source: a chart draws itself as SVG, which is what stands without script and
// on paper, and gives the same points to the page's script (plotData), which makes them zoom.
package report
