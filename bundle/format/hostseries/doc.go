// Package hostseries names what is captured of a host, for the side that writes
// it and the side that reads it: the columns of the counter series with their
// units, the entries, and the small formats of those entries that are not plain
// copies of a system file.
//
// All entries lie below nodes/<node>/host/. What moves is taken twice, as
// start/<entry> and end/<entry>; the series lies between.
package hostseries
