package dumps

import (
	"fmt"
	"slices"

	"casefile/analyze"
	"casefile/analyze/loss"
	"casefile/analyze/rules/libs"
	"casefile/analyze/say"
)

// limitOr advises what to do about those who are past the wait, else to look for the other side.
func limitOr(action string) func(*place, relations) []analyze.Advice {
	return func(w *place, r relations) []analyze.Advice {
		if !r.any {
			return unknownAdvice(action)(w, r)
		}
		return append(fix(w, fmt.Sprintf("Shorten what is done once %s has got what it waits for: those who are past it %s.", w.at(), asPlural(r.holds)),
			"The others go on sooner.", codeChange), analyze.Advice{
			Action: "Let more through at once only when what stands behind has room for it; wait with a time limit.",
			Effect: "More work at once.", Risk: "What stands behind gets more load.", Verify: "Fewer threads stand in " + w.at() + ".", Alternative: true})
	}
}

// goroutineAdvice names what those do whom the others wait for, else asks to look for them.
func goroutineAdvice(action string) func(*place, relations) []analyze.Advice {
	return func(w *place, r relations) []analyze.Advice {
		if !r.any {
			return unknownAdvice(action)(w, r)
		}
		return append(fix(w, fmt.Sprintf("Shorten the work that %s waits for, or bound its time by a context: whoever does it %s.", w.at(), r.holds),
			"All that wait for it go on.", codeChange), w.tellMore())
	}
}

// limiterAdvice compares a limit with what comes.
func limiterAdvice(w *place, _ relations) []analyze.Advice {
	return append(fix(w, "Compare the limit that "+w.at()+" is given (rate.NewLimiter: events per second, and burst) with the requests that come: raise "+
		"it as far as what stands behind it can bear.", "Requests no longer queue up at the limiter.", "What stands behind the limiter gets more load."),
		analyze.Advice{
			Action: "Refuse at once what cannot be served in time (Allow, or Wait with a context that ends) instead of holding the request.",
			Effect: "Requests above the limit fail fast, the others are quick.", Risk: codeChange, Verify: "No goroutines stand in " + w.at() + ".",
			Alternative: true})
}

// fix makes a list of one advice and its way to be checked.
func fix(w *place, action, effect, risk string) []analyze.Advice {
	return []analyze.Advice{{Action: action, Effect: effect, Risk: risk, Verify: "Collect again under the same " +
		"load: no threads stand in " + w.at() + "."}}
}

const codeChange = "A change of code, for its developers."

func poolAdviceOf(what string) func(*place, relations) []analyze.Advice {
	return func(w *place, r relations) []analyze.Advice {
		what := what + " that " + w.at() + " takes"
		if !r.any {
			return append(fix(w, "Find who does not give back "+what+": each way out of "+w.at()+" and its "+
				"callers, errors too, must return it (a finally block).",
				"The pool is never empty for good.", codeChange), analyze.Advice{
				Action: "Until then restart the process when the pool is empty, and wait with a time limit, so " +
					"that requests fail and do not stand.",
				Effect: "Buys time.", Risk: "Requests fail during the restart.", Verify: "Threads no longer " +
					"stand in " + w.at() + "."})
		}
		return append(fix(w, fmt.Sprintf("Shorten the time for which %s is held: its holders "+
			"%s.", what, asPlural(r.holds)),
			"It comes back sooner, and the others go on.", codeChange), analyze.Advice{
			Action: "Enlarge the pool only when what its holders do has room for more at once; wait for it with a " +
				"time limit.",
			Effect: "More work at once.", Risk: "What stands behind the pool gets more " +
				"load.", Verify: "Fewer threads stand in " + w.at() + ".", Alternative: true})
	}
}

// sleepAdvice names who called the method that sleeps too: that one may be a helper.
func sleepAdvice(w *place, r relations) []analyze.Advice {
	at := w.at()
	if path := w.Path(); len(path) > 0 {
		if caller := nextCaller(path); caller != nil {
			at += ", called by " + say.Short(caller.Func) + ","
		}
	}
	return append(fix(w, "Find what "+at+" waits for by sleeping, and have it told instead; bound the number of tries and "+
		"their whole time.", "The threads go on, and the pool has room again.", codeChange), w.tellMore())
}

// answerAdvice bounds a call, or shortens a statement.
func answerAdvice(w *place, _ relations) []analyze.Advice {
	frames := w.Sightings[0].Thread.Stack.Frames
	if w.Kind == loss.Database && w.Site != nil {
		return []analyze.Advice{shortenStatement(w.Site, w.Peer, frames), w.tellMore()}
	}
	return []analyze.Advice{boundCall(w.at(), w.Peer, frames), w.tellMore()}
}

// unknownAdvice asks for what would tell more.
func unknownAdvice(action string) func(*place, relations) []analyze.Advice {
	return func(w *place, _ relations) []analyze.Advice {
		return append(fix(w, fmt.Sprintf(action, w.at()), "The threads go on, and the pool has room "+
			"again.", codeChange), w.tellMore())
	}
}

// lockAdvice names what the holder does, where it is known or likely.
func lockAdvice(w *place, r relations) []analyze.Advice {
	if !r.any {
		return unknownAdvice("Find who holds the lock that %s wants for long, and shorten what is done under it.")(w, r)
	}
	return append(fix(w, fmt.Sprintf("Shorten what is done while the lock of %s is held: its holder %s.", w.at(), r.holds),
		"The others wait for moments.", codeChange), w.tellMore())
}

// tellMore is what shows the other side of the wait.
func (w *place) tellMore() analyze.Advice {
	action := "To know more: dumps over a longer time (casefile collect --dumps 12 --duration 2m), and a " +
		"recording (--jfr), whose events name the object and the time of each wait."
	if w.v.JVM == nil {
		action = "To know more: the block and mutex profiles (runtime.SetBlockProfileRate), and goroutine dumps " +
			"with debug=2, which say for how many minutes each one waits."
	}
	return analyze.Advice{Action: action, Effect: "Shows who comes to this place, for how long, and who ends the " +
		"wait.", Risk: "A few per cent of one CPU while it records.", Verify: "The next report names who ends the wait."}
}

func roomAdvice(w *place, r relations) []analyze.Advice {
	action := "Find out why the consumer of the queue that " + w.at() + " fills is slow or gone."
	if r.any {
		action = "Make the consumer faster: it " + r.holds + ". More consumers help where that work can be done " +
			"at once."
	}
	if libs.Within(w.Sightings[0].Thread.Stack.Frames[:min(12, len(w.Sightings[0].Thread.Stack.Frames))], libs.LogLibraries) {
		action = "Find the appender below the asynchronous one that is slow or stands, and cure or remove it; " +
			"until then let the queue discard instead of block when it is full."
		if r.any && r.at != "" {
			action = "Cure or remove the appender that the queue is emptied into: " + r.at + " is where its " +
				"thread stands. Until then let the queue discard instead of block when it is full."
		}
	}
	return append(fix(w, action, "The queue has room, and requests go on.", codeChange), analyze.Advice{
		Action: "Refuse work that the queue has no room for (offer with a short time limit) instead of holding " +
			"the request's thread.",
		Effect: "A slow consumer costs its own function, not the whole pool.", Risk: "Work is refused under " +
			"load.", Verify: "Threads no longer stand in " + w.at() + "."})
}

func memberAdvice(w *place, _ relations) []analyze.Advice {
	return append(fix(w, "Take dumps of the other members of the cluster at the same moment (casefile collect "+
		"over all nodes): look for the member's operation threads, long collections, and lost connections between "+
		"members.",
		"Names the member that does not answer, and why.", "None."), analyze.Advice{
		Action: "Give cluster calls of " + w.at() + " a time limit, and keep what they fetch near (a near cache) " +
			"where it may be a little old.",
		Effect: "A member that does not answer costs its own calls, not all request " +
			"threads.", Risk: codeChange, Verify: "Threads no longer stand in " + w.at() + "."})
}

func futureAdvice(w *place, r relations) []analyze.Advice {
	action := "Find who is to complete what " + w.at() + " waits for: no thread of a pool is seen at work on it, " +
		"so its task was refused, has failed without completing the future, or waits in a queue. Wait with a time " +
		"limit."
	if r.any {
		action = "Find out why the work that " + w.at() + " waits for takes long: threads of the pool that does " +
			"it " + asPlural(r.holds) + ". Wait for the future with a time limit."
	}
	list := append(fix(w, action, "Requests end with an error their users see, and the threads are "+
		"free.", codeChange), w.tellMore())
	if r.few != nil {
		return slices.Insert(list, 0, r.few.advice(w))
	}
	return list
}
