// Package capacity says what ends the growth of a cluster first, how much of it is used, what a further node would bring, and what happens when
// one dies.
//
// It rests on the utilisation law: what a resource is used grows with the rate of requests, so that a rate X at a utilisation U reaches a mark M
// at X*M/U. Figures of one capture have bounds, not points: between the utilisation of the whole and that of its busier windows (95th
// percentile). Source: E. Lazowska and others, Quantitative System Performance, chapters 3 and 5; G. Amdahl, 1967, for the further node.
package capacity
