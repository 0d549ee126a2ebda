package lab

import "strings"

// Kinds are problems of kinds in programs whose classes, methods and threads no list can know: names that begin with Zz are made up anew
// for each run. The first warning has to name the place, whatever rule finds it.
var Kinds = kinds(`
stamped-write          tomcat  ZzTide
stamped-read-kept      own     ZzFjord
writer-starved         tomcat  ZzGazette
upgrade                own     ZzMuseum
lock-kept              tomcat  ZzLocker
file-lock              tomcat  ZzSpool
class-init-slow        own     ZzVerbs
class-init-pool        tomcat  ZzNouns
compute-if-absent      own     ZzPantry
synchronized-map       tomcat  ZzAtlas
static-lock            own     ZzChoir
interned-key           tomcat  ZzLedger
lock-order             own     ZzTwins|zzcastor|zzpollux
three-monitors         tomcat  ZzTriad|zznote
nested-monitor         own     ZzKiosk
phaser                 own     ZzRelay
exchanger              tomcat  ZzBazaar
lost-notify            own     ZzDoorbell
own-queue              tomcat  ZzLetters
notify-poll            tomcat  ZzHarbour
parked                 own     ZzHammock
permit-kept            own     ZzTurnpike
lending-deque          own     ZzBikes
own-pool-socket        tomcat  ZzPhones
own-pool-kept          own     ZzUmbrellas
spinning-pool          tomcat  ZzTaxis
synchronous-put        own     ZzCounter
try-transfer           own     ZzFerry
delay-queue            tomcat  ZzCellar
piped                  own     ZzStraw
publisher              tomcat  ZzRadio
reply-queue            tomcat  ZzPost
reference-queue        own     ZzAttic
token-sleep            tomcat  ZzFaucet
poll-sleep             own     ZzKettle
common-pool            tomcat  ZzLoom
joined-in-common-pool  own     ZzKnot
fork-join-blocked      tomcat  ZzGrove
timer-socket           own     ZzAlarm
one-scheduler          tomcat  ZzCalendar
fixed-pool-socket      own     ZzKitchen|zzcook
invoke-all             tomcat  ZzOrchestra
completion-service     own     ZzLottery
caller-blocks          tomcat  ZzConveyor
thread-join            own     ZzShadow
memoizer               tomcat  ZzMemory
actor                  own     ZzTroupe
latch-failed           tomcat  ZzRocket
single-executor        own     ZzTeller
rmi                    tomcat  ZzEmbassy
dns                    own     ZzSignpost
tls                    tomcat  ZzVault
url-connection         own     ZzHerald
async-http             own     ZzPigeon
channel-read           tomcat  ZzWell
datagram               own     ZzEcho
socket-write           tomcat  ZzDrain
connect                own     ZzGate
jdbc-login             tomcat  ZzArchive
fifo                   own     ZzSeed
child-unread           tomcat  ZzParrot
child-output           own     ZzMonkey
stdout                 own     ZzTown
split                  tomcat  ZzScissors
colliding-keys         own     ZzPigeonhole
deflater               tomcat  ZzPress
big-numbers            own     ZzAbacus
spin                   tomcat  ZzMill
intern                 own     ZzEngraver
`)

// burning kinds take the CPU.
var burning = map[string]bool{"split": true, "colliding-keys": true, "deflater": true, "big-numbers": true, "spin": true, "intern": true}

func kinds(table string) (out []Fault) {
	for line := range strings.Lines(strings.TrimSpace(table)) {
		f := strings.Fields(line)
		k := Fault{Name: f[0], Server: "kinds-" + f[1], Finds: "any", Names: f[2], Kind: true, Unread: f[0] == "stdout"}
		if burning[k.Name] {
			k.Alone, k.Clients = true, 2
		}
		out = append(out, k)
	}
	return out
}
