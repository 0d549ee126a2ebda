package dumps

import (
	"casefile/analyze"
	"casefile/analyze/ids"
	"casefile/analyze/say"
	"casefile/analyze/threads"
)

var classLoadingLock = &analyze.Rule{
	ID:     ids.ClassLoadingLock,
	Doc:    "Threads wait for a class to be loaded or initialised over several dumps.",
	Needs:  needsDumps(2),
	Fix:    "Keep what a look-up found, also that there is nothing; take slow work out of static initialisers.",
	After:  forEver,
	Limits: []analyze.Threshold{contentionWaiters, contentionShare, contentionDumps, contentionFew, contentionCritical},
	Run:    analyze.Each(dumped(2), judgeClassLoading),
}

// judgeClassLoading looks at locks that guard the loading or the initialisation of classes.
func judgeClassLoading(pass *analyze.Pass, v *view) []analyze.Finding {
	return judgeLocks(pass, v, guardsClasses, func(k *contended, p *problem) {
		p.Explanation += " The lock belongs to a class loader: requests that need a class it has not yet loaded " +
			"pass one by one."
		action := "Have the calls below loadClass in the evidence keep their result, also a negative one: the same class is asked for again and again, and one " +
			"that does not exist is searched anew each time."
		if k.Kind == threads.ClassInit {
			p.Explanation = "A class is initialised once, by one thread, and all others wait until its static " +
				"initialiser returns. " +
				"This one takes long or waits for something itself."
			action = "Take slow or blocking work out of the static initialiser of " + say.ShortClass(k.Class) + "."
		}
		p.Advice = []analyze.Advice{{
			Action: action,
			Effect: "Requests no longer meet at the class loader.",
			Risk:   "A change of code.",
			Verify: v.lockVerify(k),
		}, {
			Action: "If the class loader is your own, register it as parallel capable, so that it locks a class " +
				"name and not the whole loader.",
			Effect: "Different classes load at the same time.",
			Risk:   "Its findClass must be able to run in several threads.",
			Verify: v.lockVerify(k),
		}, {
			Action: "Check the disk or share that holds the libraries (iostat -x 1), and exclude it from virus scanning.",
			Effect: "Each load holds the lock for a shorter time.",
			Risk:   "Files that are not scanned.",
			Verify: v.lockVerify(k),
		}}
		p.References = []string{"Java API: ClassLoader.registerAsParallelCapable", "Java Language Specification " +
			"12.4.2: Detailed Initialization Procedure"}
	})
}
